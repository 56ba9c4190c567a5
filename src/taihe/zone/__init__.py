"""
The zone site (开发区协同): development zones, their projects, conventions and published figures.

Owns zones and their names over time, the register of projects with its evidence ledger, and
frozen bulletins. Holds no health data and imports no health context.
"""
