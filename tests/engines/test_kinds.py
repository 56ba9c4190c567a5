"""Every kind is one query that each engine takes as it is, and answers in the same columns."""

from __future__ import annotations

import re
import sqlite3

import duckdb
import pytest

from taihe.claims.columns import TABLES as CLAIMS
from taihe.claims.domain.rules import TABLES as RULES
from taihe.claims.kinds import FILES, query, words

COLUMNS = ["rule", "unit", "psn", "org", "enc", "day", "line", "role"]
# Words that only some engines know; a kind that needs one is not portable.
NOT_PORTABLE = re.compile(
    r"\b(QUALIFY|LATERAL|ASOF|ANTI|SEMI|ILIKE|LIST|ARRAY_AGG|STRING_AGG|GROUP_CONCAT|"
    r"ANY_VALUE|IIF|STRFTIME|JULIANDAY|DATE_DIFF|USING SAMPLE|EXCLUDE)\b|::|//",
    re.IGNORECASE,
)


@pytest.mark.parametrize("template", FILES)
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_kind_runs_as_it_stands(template: str, engine: str) -> None:
    connection = duckdb.connect() if engine == "duckdb" else sqlite3.connect(":memory:")
    for table, declared in CLAIMS.items():
        connection.execute(f"CREATE TABLE {table} ({declared})")
    table, columns = RULES[template]
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'{c} INTEGER' for c in columns)})")
    cursor = connection.execute(query(template))
    assert [column[0] for column in cursor.description] == COLUMNS
    assert cursor.fetchall() == []
    connection.close()


@pytest.mark.parametrize("template", FILES)
def test_a_kind_is_portable_and_has_its_words(template: str) -> None:
    assert not NOT_PORTABLE.search(query(template))
    told = words(template).lower()
    assert told.startswith(f"# {template.lower()} ")
    assert "near miss" in told
