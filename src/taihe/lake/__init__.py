"""
Columns: immutable typed Parquet sets with a manifest, the code dictionary, DuckDB sessions.

It owns files and engines, not meanings: what a column is for belongs to the context that
writes it. No Django here, and nothing of the ground floor.
"""
