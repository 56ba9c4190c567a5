"""
Integrated elder care (医养综合体): admission, beds, ability assessment, the day's care.

It owns stays, beds, filled assessments, care-risk events and what was done. How an ability is
scored is given by chronic care (`instrument`, wired in `config`); the record is opened by the
relation `cares`, which lasts as long as the stay.
"""
