"""
The fast form of an expression: a Python function written from its tree for one resource type.

It owns the translation of expressions into Python source. Where the type model says what is
there, JSON itself travels through the function; where it does not, items as the closures have
them. A node without a form of its own calls its closure. Errors, and data that is not as the
model says, are left to the closures of the whole expression, which alone decide what is right.
"""
