"""Reading for linkage: patients as written rows, and pairs for the steward's desk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from taihe.kernel.identifiers import Oid
from taihe.record import types
from taihe.record.database import Connection, in_pieces, marks
from taihe.record.domain.likeness import Written
from taihe.record.store import Store

_SELECT = (
    "SELECT r.id, r.rid, r.version, v.sealed, v.body, p.current FROM record_resource r"
    " JOIN record_version v ON v.feed = r.feed"
    " JOIN record_patient l ON l.id = r.id JOIN record_person p ON p.number = l.person"
)
_SEX = {"male": "1", "female": "2"}


def patients(connection: Connection, store: Store) -> Iterator[tuple[Written, int]]:
    """Every Patient as a written row, with its current person, in the order of arrival."""
    kind = types.NUMBER["Patient"]
    after = 0
    while True:
        found = connection.execute(
            f"{_SELECT} WHERE r.type = ? AND r.deleted = 0 AND r.rid > ? ORDER BY r.rid LIMIT 1000",
            (kind, after),
        ).fetchall()
        if not found:
            return
        after = found[-1][1]
        yield from (_row(store, *row) for row in found)


def patients_by_id(
    connection: Connection, store: Store, ids: Sequence[str]
) -> dict[str, tuple[Written, int]]:
    """Some Patients by id."""
    made: dict[str, tuple[Written, int]] = {}
    for some in in_pieces(sorted(set(ids)), 400):
        rows = connection.execute(
            f"{_SELECT} WHERE r.type = ? AND r.deleted = 0 AND r.id IN ({marks(len(some))})",
            (types.NUMBER["Patient"], *some),
        )
        for row in rows:
            made[row[0]] = _row(store, *row)
    return made


def kept_apart(connection: Connection) -> set[frozenset[int]]:
    """Pairs of persons that people said are two: by rejecting, or by undoing a merge."""
    found = connection.execute(
        "SELECT person, other FROM record_event WHERE kind = 'unmerge'"
        " UNION SELECT left_person, right_person FROM record_pair"
        " WHERE state IN ('rejected', 'undone')"
    )
    return {frozenset((a, b)) for a, b in found}


def conflicts(connection: Connection) -> list[tuple[int, int]]:
    """Persons whom one identifier would have joined on arrival, as current numbers."""
    found = connection.execute(
        "SELECT DISTINCT p.current, q.current FROM record_event e"
        " JOIN record_person p ON p.number = e.person JOIN record_person q ON q.number = e.other"
        " WHERE e.kind = 'review' AND p.current <> q.current ORDER BY 1, 2"
    )
    return [(min(a, b), max(a, b)) for a, b in found]


def _row(
    store: Store, id: str, rid: int, version: int, sealed: int, body: bytes, person: int
) -> tuple[Written, int]:
    return written_of(id, json.loads(store.unseal(sealed, body, rid, version))), person


def written_of(id: str, patient: Mapping[str, Any]) -> Written:
    """A Patient as a written row."""
    number = next(
        (
            str(one.get("value", ""))
            for one in patient.get("identifier", ())
            if one.get("system") in (Oid.CITIZEN.value, Oid.CITIZEN_HL7_CHINA.value)
        ),
        "",
    )
    phone = next(
        (
            str(one.get("value", ""))
            for one in patient.get("telecom", ())
            if one.get("system", "phone") == "phone"
        ),
        "",
    )
    return Written(
        id=id,
        name=_name(patient.get("name", ())),
        source=str(patient.get("managingOrganization", {}).get("reference", "")),
        sex=_SEX.get(str(patient.get("gender", "")), ""),
        birth_date=str(patient.get("birthDate", "")),
        id_number=number,
        phone=phone,
        address=_address(patient.get("address", ())),
        mother_id=_mother(patient.get("link", ())),
    )


def _name(names: Iterable[Mapping[str, Any]]) -> str:
    listed = list(names)
    chosen = next((one for one in listed if one.get("use") == "official"), None)
    first = chosen or (listed[0] if listed else {})
    return str(first.get("text") or str(first.get("family", "")) + "".join(first.get("given", ())))


def _address(addresses: Iterable[Mapping[str, Any]]) -> str:
    first: Mapping[str, Any] = next(iter(addresses), {})
    return str(first.get("text") or "".join(first.get("line", ())))


def _mother(links: Iterable[Mapping[str, Any]]) -> str:
    """A newborn's Patient refers to the mother's by `link` (type seealso) in WS/T 500 exchange."""
    for link in links:
        reference = str(link.get("other", {}).get("reference", ""))
        if link.get("type") == "seealso" and reference.startswith("Patient/"):
            return reference.removeprefix("Patient/")
    return ""
