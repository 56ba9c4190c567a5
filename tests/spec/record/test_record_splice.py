"""Bodies keep their bytes; only id, versionId and lastUpdated are ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taihe.record.splice import items, members, strip

CASES = {
    "small": '{"resourceType":"Basic"}',
    "an id": '{"resourceType":"Basic","id":"a","code":{"text":"x"}}',
    "id last": '{"resourceType":"Basic","code":{"text":"x"},"id":"a"}',
    "type last": '{"id":"a","code":{"text":"x"},"resourceType":"Basic"}',
    "only id first": '{"id":"a","resourceType":"Basic"}',
    "meta": '{"resourceType":"Basic","id":"a","meta":{"tag":[{"code":"t"}]},"code":{"text":"x"}}',
    "meta of ours": '{"resourceType":"Basic","id":"a","meta":{"versionId":"9","lastUpdated":"x"}}',
    "mixed meta": '{"meta":{"versionId":"9","tag":[],"lastUpdated":"x"},"resourceType":"Basic"}',
    "empty meta": '{"resourceType":"Basic","meta":{},"code":{"text":"x"}}',
    "inner meta": '{"resourceType":"Basic","contained":[{"meta":{"versionId":"1"},"id":"b"}]}',
    "both metas": '{"resourceType":"Basic","contained":[{"meta":{"id":"b"}}],"meta":{"source":"s"}}',
    "pretty": '{\n  "resourceType": "Basic",\n  "id": "a",\n  "code": {\n    "text": "x"\n  }\n}\n',
    "pretty meta": '{\n "resourceType" : "Basic",\n "meta" : {\n  "versionId" : "1"\n },\n "x": [1.50]\n}',
    "escaped keys": '{"resourceType":"Basic","\\u0069d":"a","\\u006deta":{"source":"s"}}',
    "text that looks like meta": '{"resourceType":"Basic","code":{"text":"\\"meta\\":{"},"meta":{"source":"s"}}',
    "decimals": '{"resourceType":"Basic","id":"a","v":[1.50,1e2,0.10]}',
}


@pytest.mark.parametrize("name", CASES)
def test_the_three_are_replaced_and_everything_else_stays(name: str) -> None:
    raw = CASES[name].encode()
    before = json.loads(raw, parse_float=str)
    body = strip(raw, json.loads(raw)).body("new", 3, "2026-01-01T00:00:00.000Z")
    after = json.loads(body, parse_float=str)
    assert after.pop("id") == "new"
    meta = after.pop("meta")
    assert meta.pop("versionId") == "3"
    assert meta.pop("lastUpdated") == "2026-01-01T00:00:00.000Z"
    before.pop("id", None)
    expected = before.pop("meta", {})
    expected.pop("versionId", None)
    expected.pop("lastUpdated", None)
    assert meta == expected
    assert after == before


@pytest.mark.parametrize("name", CASES)
def test_what_was_read_and_sent_back_has_the_same_digest(name: str) -> None:
    raw = CASES[name].encode()
    first = strip(raw, json.loads(raw))
    body = first.body("a", 1, "2026-01-01T00:00:00.000Z")
    again = strip(body, json.loads(body))
    assert again.digest() == first.digest()
    assert again.body("a", 1, "2026-01-01T00:00:00.000Z") == body


def test_another_byte_is_another_digest() -> None:
    one, two = (
        strip(raw, json.loads(raw)).digest()
        for raw in (b'{"resourceType":"Basic","v":1.5}', b'{"resourceType":"Basic","v":1.50}')
    )
    assert one != two


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=6), json_values, max_size=5),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_members_and_items_are_where_the_parser_finds_them(
    value: dict[str, object], indent: int | None, plain: bool
) -> None:
    raw = json.dumps(value, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    found = {
        m.key: json.loads(raw[m.value : m.end].decode("utf-8", "surrogatepass"))
        for m in members(raw)
    }
    assert found == value
    listed = json.dumps(list(value.values()), indent=indent).encode()
    spans = [json.loads(listed[start:end]) for start, end in items(listed, 0)]
    assert spans == list(value.values())
