"""
The index engine: composite indicators over a tree, for zones, hospitals and townships.

Denominate, impute, treat, normalise, aggregate, rank. A scheme is data (`tree`, `build`), never
code. Formulas are those of the placed data's SOURCE.md, which follow COINr 1.1.14; expected
values of its ASEM example are reproduced to 1e-6 and its ranks exactly. Pure Python.
"""
