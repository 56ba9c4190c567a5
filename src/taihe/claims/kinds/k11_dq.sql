SELECT r.rule, l.line AS unit, l.psn, l.org, l.enc, l.day, l.line, 1 AS role
FROM rule_date r
JOIN claim_encounter e ON e.visit = r.visit
JOIN claim_line l ON l.enc = e.enc AND l.day BETWEEN r.first_day AND r.last_day
WHERE l.day < e.begin_day OR l.day > e.end_day
