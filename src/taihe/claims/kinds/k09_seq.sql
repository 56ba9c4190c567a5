WITH stay AS (
  SELECT e.enc, e.psn, e.org, e.visit, e.begin_day,
         LAG(e.enc) OVER w AS previous,
         LAG(e.end_day) OVER w AS previous_end
  FROM claim_encounter e
  WHERE e.visit = 2
  WINDOW w AS (
    PARTITION BY e.psn, e.org ORDER BY e.begin_day, COALESCE(e.end_day, 3000000), e.nth
  )
)
SELECT r.rule, s.previous AS unit, s.psn, s.org, s.enc, s.begin_day AS day,
       CAST(NULL AS INTEGER) AS line, 1 AS role
FROM rule_seq r
JOIN stay s ON s.begin_day BETWEEN r.first_day AND r.last_day
WHERE s.begin_day >= s.previous_end AND s.begin_day - s.previous_end <= r.max_gap_days
