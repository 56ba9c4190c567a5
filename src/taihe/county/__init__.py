"""
A synthetic county whose truth is known: people, visits, claims, planted violations.

It owns the generator and its own plain oracle. It knows `kernel` and the CSV rows of the
published rules, and shares no code with what is tested on it (record, claims).
Every person, number, price and visit is made up; real names of places are scenery.
"""
