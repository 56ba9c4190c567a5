"""
What every part may use: errors, codes, identifiers, periods, money, knowledge rows, transitions.

Pure Python: no Django, no database, no clock. It knows nothing above it.
"""
