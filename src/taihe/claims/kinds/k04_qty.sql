WITH candidate AS (
  SELECT r.rule, r.max_qty, r.window_days, l.psn, l.day, l.line, l.qty,
         CASE r.per_org WHEN 1 THEN l.org ELSE 0 END AS org
  FROM rule_qty r
  JOIN claim_line l ON l.code = r.code AND l.day BETWEEN r.first_day AND r.last_day
), per_day AS (
  SELECT rule, max_qty, window_days, psn, org, day, SUM(qty) AS qty
  FROM candidate
  GROUP BY rule, max_qty, window_days, psn, org, day
), above AS (
  SELECT d.rule, d.window_days, d.psn, d.org, d.day
  FROM per_day d
  JOIN per_day w
    ON w.rule = d.rule AND w.psn = d.psn AND w.org = d.org
   AND w.day <= d.day AND w.day > d.day - d.window_days
  GROUP BY d.rule, d.max_qty, d.window_days, d.psn, d.org, d.day
  HAVING SUM(w.qty) > d.max_qty
)
SELECT a.rule, a.rule AS unit, a.psn, a.org, 0 AS enc, a.day, c.line,
       CASE WHEN c.day = a.day THEN 1 ELSE 0 END AS role
FROM above a
JOIN candidate c
  ON c.rule = a.rule AND c.psn = a.psn AND c.org = a.org
 AND c.day <= a.day AND c.day > a.day - a.window_days
