"""
Chronic care (慢病管理): follow-up by the public-health rules, risk, control rates, assessments.

It owns the rules, forms and thresholds of hypertension, type 2 diabetes and the elders'
assessments, and decides by them. It does not own the record: readings come from there.
"""
