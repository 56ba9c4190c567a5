WITH candidate AS (
  SELECT r.rule, r.course, r.max_days, l.psn, l.org, l.enc, l.day, l.line
  FROM rule_days r
  JOIN claim_line l ON l.code = r.code AND l.day BETWEEN r.first_day AND r.last_day
), ranked AS (
  SELECT rule, course, max_days, psn, org, enc, day, line,
         DENSE_RANK() OVER (PARTITION BY course, psn, enc ORDER BY day) AS nth
  FROM candidate
), counted AS (
  SELECT course, psn, enc, MAX(nth) AS days, MIN(max_days) AS max_days
  FROM ranked
  GROUP BY course, psn, enc
)
SELECT k.rule, k.course AS unit, k.psn, k.org, k.enc, 0 AS day, k.line,
       CASE WHEN k.nth > c.max_days THEN 1 ELSE 0 END AS role
FROM counted c
JOIN ranked k ON k.course = c.course AND k.psn = c.psn AND k.enc = c.enc
WHERE c.days > c.max_days
