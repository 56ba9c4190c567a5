"""The tables that the migration makes are those that Django believes in."""

from __future__ import annotations

import pytest
from django.apps import apps

from taihe.record import schema, types
from taihe.record.tokens import read_scope
from tests.record_kit import Kit


@pytest.mark.parametrize(
    "model", list(apps.get_app_config("record").get_models()), ids=lambda m: m.__name__
)
def test_a_table_is_its_model(kit: Kit, model) -> None:
    table = model._meta.db_table
    assert table in schema.TABLES
    columns = kit.rows(f"PRAGMA table_info({table})")
    fields = [f for f in model._meta.concrete_fields if f.column]
    assert {row[1] for row in columns} == {f.column for f in fields}
    assert {row[1] for row in columns if not row[3] and not row[5]} == {
        f.column for f in fields if f.null
    }
    keys = [row[1] for row in sorted(columns, key=lambda row: row[5]) if row[5]]
    primary = model._meta.pk
    wanted = getattr(primary, "columns", None) or (primary.column,)
    assert keys == list(wanted)
    names = {row[1] for row in kit.rows(f"PRAGMA index_list({table})")}
    assert {index.name for index in model._meta.indexes} <= names


def test_both_dialects_make_the_same_tables() -> None:
    sqlite, postgresql = schema.statements("sqlite"), schema.statements("postgresql")
    assert len(sqlite) == len(postgresql)
    assert not any("{" in statement for statement in (*sqlite, *postgresql))
    assert [s.split("(")[0] for s in sqlite] == [s.split("(")[0] for s in postgresql]
    assert sum("WITHOUT ROWID" in s for s in sqlite) == 4
    assert not any("WITHOUT ROWID" in s for s in postgresql)


def test_numbers_of_types_are_given_once() -> None:
    assert len(types.NUMBER) == len(types.NAME) == 146
    assert types.NUMBER["Account"] == 1
    assert types.NUMBER["VisionPrescription"] == 146
    assert {"Patient", "Observation", "Bundle", "Group"} <= types.PERSONAL
    assert not {"Organization", "Practitioner", "ValueSet"} & types.PERSONAL


@pytest.mark.parametrize(
    ("scope", "grants"),
    [
        ("system/*.cruds", {"*": "cruds"}),
        ("system/Patient.r system/Observation.rs", {"Patient": "r", "Observation": "rs"}),
        ("system/Patient.r system/Patient.u", {"Patient": "ru"}),
        ("system/*.read", {"*": "rs"}),
        ("system/*.write", {"*": "cdu"}),
        ("system/Patient.*", {"Patient": "cdrsu"}),
    ],
)
def test_scopes_are_read(scope: str, grants: dict[str, str]) -> None:
    found = {kind: "".join(sorted(letters)) for kind, letters in read_scope(scope).items()}
    assert found == {kind: "".join(sorted(letters)) for kind, letters in grants.items()}


@pytest.mark.parametrize(
    "scope",
    ["", "patient/*.rs", "system/*.", "system/*.sr", "system/Martian.r", "openid", "system/*"],
)
def test_other_scopes_are_refused(scope: str) -> None:
    from taihe.kernel.errors import Incorrect

    with pytest.raises(Incorrect):
        read_scope(scope)
