SELECT r.rule, l.line AS unit, l.psn, l.org, l.enc, l.day, l.line, 1 AS role
FROM rule_attr r
JOIN claim_line l ON l.code = r.code AND l.day BETWEEN r.first_day AND r.last_day
JOIN claim_encounter e ON e.enc = l.enc
JOIN claim_person p ON p.psn = l.psn
WHERE (r.attribute = 1 AND p.sex IN (1, 2) AND p.sex <> r.value)
   OR (r.attribute = 2 AND l.ymd - p.born_ymd >= r.value * 10000)
   OR (r.attribute = 3 AND e.insurance <> r.value)
   OR (r.attribute = 4 AND e.visit <> r.value)
   OR (r.attribute = 5 AND e.level < r.value)
   OR (r.attribute = 6 AND e.internet = 1)
   OR r.attribute = 7
