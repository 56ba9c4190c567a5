"""Tables of claims, step by step."""
