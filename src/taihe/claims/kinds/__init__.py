"""The relational query of each rule kind, beside its words for an auditor."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

# template of the official framework -> file of its query here
FILES = {
    "K1": "k01_attr",
    "K3": "k03_pair",
    "K4": "k04_qty",
    "K5": "k05_days",
    "K8": "k08_rx",
    "K9": "k09_seq",
    "K11": "k11_dq",
}


@lru_cache
def query(template: str) -> str:
    """The SELECT of a kind: columns rule, unit, psn, org, enc, day, line, role (1 violating)."""
    return (Path(__file__).parent / f"{FILES[template]}.sql").read_text(encoding="utf-8")


def words(template: str) -> str:
    """What the kind finds, in an auditor's words."""
    return (Path(__file__).parent / f"{FILES[template]}.md").read_text(encoding="utf-8")
