"""
Traditional Chinese medicine (中医): safety review of prescriptions, and constitution.

It owns the names of herbs, the incompatibility, pregnancy, dose and toxicity rows, and both
constitution forms. It does not own prescriptions or the record.
"""
