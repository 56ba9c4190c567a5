WITH main_line AS (
  SELECT r.rule, l.psn, l.line,
         CASE r.scope WHEN 1 THEN l.org ELSE 0 END AS org,
         CASE r.scope WHEN 1 THEN l.day ELSE 0 END AS day,
         CASE r.scope WHEN 2 THEN l.enc ELSE 0 END AS enc
  FROM rule_pair r
  JOIN claim_line l ON l.code = r.main_code AND l.day BETWEEN r.first_day AND r.last_day
), sub_line AS (
  SELECT r.rule, l.psn, l.line,
         CASE r.scope WHEN 1 THEN l.org ELSE 0 END AS org,
         CASE r.scope WHEN 1 THEN l.day ELSE 0 END AS day,
         CASE r.scope WHEN 2 THEN l.enc ELSE 0 END AS enc
  FROM rule_pair r
  JOIN claim_line l ON l.code = r.sub_code AND l.day BETWEEN r.first_day AND r.last_day
), hit AS (
  SELECT DISTINCT m.rule, m.psn, m.org, m.day, m.enc
  FROM main_line m
  JOIN sub_line s
    ON s.rule = m.rule AND s.psn = m.psn AND s.org = m.org AND s.day = m.day AND s.enc = m.enc
)
SELECT h.rule, h.rule AS unit, h.psn, h.org, h.enc, h.day, s.line, 1 AS role
FROM hit h
JOIN sub_line s
  ON s.rule = h.rule AND s.psn = h.psn AND s.org = h.org AND s.day = h.day AND s.enc = h.enc
UNION ALL
SELECT h.rule, h.rule AS unit, h.psn, h.org, h.enc, h.day, m.line, 0 AS role
FROM hit h
JOIN main_line m
  ON m.rule = h.rule AND m.psn = h.psn AND m.org = h.org AND m.day = h.day AND m.enc = h.enc
