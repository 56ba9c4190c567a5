"""Tables of the ground floor, step by step."""
