"""
Persons by likeness: weights over written rows, batch linkage, and the list of doubtful pairs.

`weights` holds the rows of levels and thresholds, `tables` reads and writes people, `batch`
trains, scores and clusters with Splink on DuckDB. Strong identifiers on arrival are
`record/persons.py`; what two rows must never do is `record/domain/likeness.py`.
"""
