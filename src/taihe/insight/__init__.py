"""
Insight: figures over the whole county, and nobody in them.

The lake follows the record's feed into typed Parquet sets; indicators are rows of definitions
computed by SQL; a small-cell rule decides what a page or another system may see.
"""
