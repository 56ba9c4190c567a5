"""Names of parties: who an account, organisation or system number is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class PartyName:
    """A party as a page names it; `organisation` is empty for an organisation itself."""

    name: str
    organisation: str


UNKNOWN = PartyName("系统", "")


class _Names(dict[int, PartyName]):
    def __missing__(self, party: int) -> PartyName:
        return UNKNOWN


def names_of(parties: Iterable[int]) -> dict[int, PartyName]:
    """The names of party numbers; a number without a party is named 系统."""
    from taihe.base.models import Party

    numbers = set(parties)
    found = _Names()
    rows = Party.objects.filter(pk__in=numbers).values_list(
        "pk",
        "kind",
        "label",
        "account__display_name",
        "account__organisation__name",
        "organisation__name",
    )
    for number, kind, label, account, of_account, organisation in rows:
        if kind == "account":
            found[number] = PartyName(account or "", of_account or "")
        elif kind == "organisation":
            found[number] = PartyName(organisation or "", "")
        else:
            found[number] = PartyName(label, "")
    return found
