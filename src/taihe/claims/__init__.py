"""
Insurance audit: exchange tables, rule rows, kinds, findings, cases and the desk.

It owns claim lines, rules and what they find. It does not own people (record does) nor the
price and drug catalogues (medicine will).
"""
