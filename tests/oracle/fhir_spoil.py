"""Spoiling JSON: one odd thing somewhere, the same for the same seed."""

import copy

ODD = [
    None, 0, -1, 1, "", "x", "*", "Patient", "Observation.value[x]", "a:b", "a/b", [], {}, [None],
    [{}], {"code": "Reference"}, True, 1.5, "Quantity", [["x"]], {"rules": "closed"}, 10**30,
    {"discriminator": [{"type": "value", "path": "resolve().x"}]},
    {"discriminator": [{"type": "exists", "path": "("}]},
]  # fmt: skip


def spoil(value, by):
    """Change one thing somewhere in JSON."""
    if isinstance(value, dict) and value:
        key = by.choice(list(value))
        if isinstance(value[key], dict | list) and by.random() < 0.7:
            spoil(value[key], by)
        elif by.random() < 0.2:
            del value[key]
        else:
            value[key] = copy.deepcopy(by.choice(ODD))
    elif isinstance(value, list) and value:
        at = by.randrange(len(value))
        if by.random() < 0.1:
            value.insert(at, copy.deepcopy(by.choice(value)))
        elif isinstance(value[at], dict | list) and by.random() < 0.9:
            spoil(value[at], by)
        else:
            value[at] = copy.deepcopy(by.choice(ODD))
