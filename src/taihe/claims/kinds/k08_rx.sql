WITH member AS (
  SELECT l.psn, l.org, l.day, l.line, l.code
  FROM claim_line l
  JOIN claim_code c ON c.code = l.code AND c.family = 3
), listed AS (
  SELECT m.psn, m.org, m.day, m.line, r.rule
  FROM rule_rx r
  JOIN member m ON m.code = r.code AND m.day BETWEEN r.first_day AND r.last_day
), every AS (
  SELECT psn, org, day, COUNT(*) AS lines
  FROM member
  GROUP BY psn, org, day
), only_listed AS (
  SELECT n.psn, n.org, n.day
  FROM (SELECT psn, org, day, COUNT(*) AS lines FROM listed GROUP BY psn, org, day) n
  JOIN every v ON v.psn = n.psn AND v.org = n.org AND v.day = n.day AND v.lines = n.lines
)
SELECT t.rule, 0 AS unit, t.psn, t.org, 0 AS enc, t.day, t.line, 1 AS role
FROM only_listed o
JOIN listed t ON t.psn = o.psn AND t.org = o.org AND t.day = o.day
