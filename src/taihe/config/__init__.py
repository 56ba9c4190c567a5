"""
Settings of the two sites, their addresses and their wiring.

The only place that knows every context: it decides which handlers, panels, checks and
chains meet. It owns no data and no rules.
"""
