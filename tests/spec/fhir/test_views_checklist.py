"""
SQL-on-FHIR v2 as a checklist: what a view may say, on memory and DuckDB (and Spark at night).

Each line is a path over the same resources, with the cells it gives for each of them; below
are views that are more than paths. Resources and values are our own. `-` is null, `!` an
error, lists are JSON. Source: https://sql-on-fhir.org/ig/latest/, FHIRPath N1.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from taihe.fhir.files import to_json
from taihe.fhir.views import read_view, run
from taihe.kernel.errors import TaiheError
from taihe.lake.resources import write_resources
from taihe.lake.views import answered, as_python, write_lines

OBSERVATIONS = json.loads(
    """[
    {"resourceType": "Observation", "id": "a", "status": "final",
     "code": {"coding": [{"system": "s1", "code": "c1"}, {"system": "s2", "code": "c2"}], "text": "Weight"},
     "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2024-03-15T08:30:00+08:00",
     "issued": "2024-03-15T08:30:00.125Z", "valueQuantity": {"value": 1.50, "unit": "kg",
     "system": "http://unitsofmeasure.org", "code": "kg"},
     "component": [{"code": {"text": "x"}, "valueQuantity": {"value": 2.00}},
                   {"code": {"text": "y"}, "valueString": "low"},
                   {"code": {"text": "z"}}],
     "performer": [{"reference": "Practitioner/d1"}, {"reference": "http://h/fhir/Organization/o9/_history/2"}]},
    {"resourceType": "Observation", "id": "b", "status": "amended", "code": {"text": " two  words "},
     "effectiveDateTime": "2024-02", "valueInteger": 7, "_status": {"extension": [{"url": "why", "valueCode": "typo"}]},
     "extension": [{"url": "u", "extension": [{"url": "v", "valueDecimal": 0.10}]}]},
    {"resourceType": "Observation", "id": "c", "status": "final", "code": {"text": "C"},
     "effectivePeriod": {"start": "2020-02-29", "end": "2021"}, "valueTime": "10:15:30"},
    {"resourceType": "Observation", "id": "d", "status": "final", "code": {"id": "none"}, "valueBoolean": false}
]""",
    parse_float=Decimal,
)

PATHS = r"""
    path                                                  | a        | b       | c       | d
    id                                                    | "a"      | "b"     | "c"     | "d"
    code.text                                             | "Weight" | " two  words " | "C" | -
    code.coding.count()                                   | 2        | 0       | 0       | 0
    code.coding.first().code                              | "c1"     | -       | -       | -
    code.coding.last().code                               | "c2"     | -       | -       | -
    code.coding[1].code                                   | "c2"     | -       | -       | -
    code.coding.tail().code                               | "c2"     | -       | -       | -
    code.coding.skip(1).code                              | "c2"     | -       | -       | -
    code.coding.take(1).code                              | "c1"     | -       | -       | -
    code.coding.skip(5).code                              | -        | -       | -       | -
    code.coding.where(system = 's2').code                 | "c2"     | -       | -       | -
    code.coding.where($index = 1).code                    | "c2"     | -       | -       | -
    code.coding.code.single()                             | !        | -       | -       | -
    code.coding.exists()                                  | true     | false   | false   | false
    code.coding.exists(code = 'c2')                       | true     | false   | false   | false
    code.coding.all(code = 'c1')                          | false    | true    | true    | true
    code.coding.empty()                                   | false    | true    | true    | true
    code.coding.code.join(',')                            | "c1,c2"  | ""      | ""      | ""
    code.coding.code.join()                               | "c1c2"   | ""      | ""      | ""
    'c1' in code.coding.code                              | true     | false   | false   | false
    code.coding.code contains 'c3'                        | false    | false   | false   | false
    code.coding.code = 'c1'                               | false    | -       | -       | -
    (code.coding.code | 'c1' | 'c9').count()              | 3        | 2       | 2       | 2
    code.coding.code.distinct().count()                   | 2        | 0       | 0       | 0
    code.coding.select(system + '#' + code).first()       | "s1#c1"  | -       | -       | -
    value.ofType(Quantity).value                          | 1.50     | -       | -       | -
    value.ofType(integer)                                 | -        | 7       | -       | -
    value.ofType(boolean)                                 | -        | -       | -       | false
    value.ofType(time)                                    | -        | -       | "10:15:30" | -
    value.exists()                                        | true     | true    | true    | true
    value is Quantity                                     | true     | false   | false   | false
    value.is(boolean)                                     | false    | false   | false   | true
    (value as integer) + 1                                | -        | 8       | -       | -
    value.ofType(Quantity).value + 1                      | 2.5      | -       | -       | -
    value.ofType(Quantity).value * 2.50                   | 3.75     | -       | -       | -
    value.ofType(Quantity).value - 0.1                    | 1.4      | -       | -       | -
    value.ofType(Quantity).value / 7                      | 0.21428571 | -     | -       | -
    value.ofType(integer) / 2                             | -        | 3.5     | -       | -
    value.ofType(integer) / 0                             | -        | -       | -       | -
    value.ofType(integer) div 2                           | -        | 3       | -       | -
    value.ofType(integer) mod 4                           | -        | 3       | -       | -
    -value.ofType(integer) div 2                          | -        | -3      | -       | -
    value.ofType(Quantity).value.round()                  | 2        | -       | -       | -
    value.ofType(Quantity).value.ceiling()                | 2        | -       | -       | -
    value.ofType(Quantity).value.floor()                  | 1        | -       | -       | -
    value.ofType(Quantity).value.truncate()               | 1        | -       | -       | -
    (-value.ofType(Quantity).value).abs()                 | 1.5      | -       | -       | -
    value.ofType(Quantity).value.toString()               | "1.50"   | -       | -       | -
    value.ofType(Quantity).value.lowBoundary()            | 1.495    | -       | -       | -
    value.ofType(Quantity).value.highBoundary()           | 1.505    | -       | -       | -
    value.ofType(Quantity).value = 1.5                    | true     | -       | -       | -
    value.ofType(Quantity).value > 1                      | true     | -       | -       | -
    value.ofType(Quantity) > 1 'kg'                       | true     | -       | -       | -
    value.ofType(Quantity) = 1500 'g'                     | true     | -       | -       | -
    value.ofType(Quantity) < 1 's'                        | -        | -       | -       | -
    value.ofType(integer) > 6.5                           | -        | true    | -       | -
    effective.ofType(dateTime)                            | "2024-03-15T08:30:00+08:00" | "2024-02" | - | -
    effective.ofType(dateTime) > @2024-02                 | true     | false   | -       | -
    effective.ofType(dateTime) > @2024                    | -        | -       | -       | -
    effective.ofType(dateTime) = @2024-03-15T00:30:00Z    | true     | false   | -       | -
    effective.ofType(dateTime) < @2024-03-15T00:31:00Z    | true     | true    | -       | -
    effective.ofType(dateTime) < @2024-03-16T12:00:00     | true     | true    | -       | -
    effective.ofType(dateTime) < @2024-03-15T12:00:00     | -        | true    | -       | -
    effective.ofType(dateTime) ~ @2024-02                 | false    | true    | false   | false
    issued = @2024-03-15T08:30:00.125+00:00               | true     | -       | -       | -
    issued > @2024-03-15T08:30:00Z                        | true     | -       | -       | -
    effective.ofType(dateTime).lowBoundary()              | "2024-03-15T08:30:00.000+08:00" | "2024-02-01T00:00:00.000+14:00" | - | -
    effective.ofType(dateTime).highBoundary()             | "2024-03-15T08:30:00.999+08:00" | "2024-02-29T23:59:59.999-12:00" | - | -
    effective.ofType(Period).start.lowBoundary()          | -        | -       | "2020-02-29T00:00:00.000+14:00" | -
    value.ofType(time).highBoundary()                     | -        | -       | "10:15:30.999" | -
    issued.lowBoundary()                                  | "2024-03-15T08:30:00.125Z" | - | - | -
    value.ofType(time) > @T10:15                          | -        | -       | -       | -
    value.ofType(time) > @T10:14                          | -        | -       | true    | -
    subject.getReferenceKey()                             | "p1"     | -       | -       | -
    subject.getReferenceKey(Patient)                      | "p1"     | -       | -       | -
    subject.getReferenceKey(Group)                        | -        | -       | -       | -
    performer[1].getReferenceKey(Organization)            | "o9"     | -       | -       | -
    performer.getReferenceKey(Practitioner)               | "d1"     | -       | -       | -
    getResourceKey()                                      | "a"      | "b"     | "c"     | "d"
    getResourceKey() = id                                 | true     | true    | true    | true
    extension('u').extension('v').value.ofType(decimal).first() | -  | 0.10    | -       | -
    extension('u').exists()                               | false    | true    | false   | false
    status.extension('why').value.ofType(code).first()    | -        | "typo"  | -       | -
    status.exists()                                       | true     | true    | true    | true
    iif(status = 'final', 'yes', 'no')                    | "yes"    | "no"    | "yes"   | "yes"
    iif(code.text.exists(), code.text)                    | "Weight" | " two  words " | "C" | -
    'n' & code.text                                       | "nWeight" | "n two  words " | "nC" | "n"
    'n' + code.text                                       | "nWeight" | "n two  words " | "nC" | -
    code.text.upper()                                     | "WEIGHT" | " TWO  WORDS " | "C" | -
    code.text.trim().length()                             | 6        | 10      | 1       | -
    code.text.substring(1, 3)                             | "eig"    | "two"   | -       | -
    code.text.substring(9)                                | -        | "ds "   | -       | -
    code.text.indexOf('e')                                | 1        | -1      | -1      | -
    code.text.replace('w', 'W')                           | "Weight" | " tWo  Words " | "C" | -
    code.text.startsWith('W')                             | true     | false   | false   | -
    code.text.endsWith('t')                               | true     | false   | false   | -
    code.text.contains('o')                               | false    | true    | false   | -
    code.text.matches('^[A-Z]')                           | true     | false   | true    | -
    code.text.replaceMatches('[aeiou]', '.')              | "W..ght" | " tw.  w.rds " | "C" | -
    code.text.split(' ').count()                          | 1        | 5       | 1       | 0
    code.text ~ ' TWO words'                              | false    | true    | false   | false
    value.ofType(integer).toString()                      | -        | "7"     | -       | -
    '12'.toInteger() + value.ofType(integer)              | -        | 19      | -       | -
    code.text.toInteger()                                 | -        | -       | -       | -
    code.text.convertsToInteger()                         | false    | false   | false   | -
    value.ofType(boolean).not()                           | -        | -       | -       | true
    value.ofType(boolean) or status = 'final'             | true     | -       | true    | true
    value.ofType(boolean) and status = 'final'            | -        | false   | -       | false
    value.ofType(boolean) implies status = 'x'            | -        | -       | -       | true
    value.ofType(boolean) xor status = 'final'            | -        | -       | -       | true
    %kg.length()                                          | 2        | 2       | 2       | 2
    %when < @2025                                         | true     | true    | true    | true
    %limit + 1                                            | 2.25     | 2.25    | 2.25    | 2.25
    value.ofType(Quantity).unit = %kg                     | true     | -       | -       | -
    %rowIndex                                             | 0        | 0       | 0       | 0
    %resource.id & %context.status                        | "afinal" | "bamended" | "cfinal" | "dfinal"
    component.value.ofType(Quantity).value                | 2.00     | -       | -       | -
    component.value.ofType(string)                        | "low"    | -       | -       | -
    component.code.text                                   | !        | -       | -       | -
    {}                                                    | -        | -       | -       | -
    true and {}                                           | -        | -       | -       | -
    1 = 1.0                                               | true     | true    | true    | true
    'a' < 'b'                                             | true     | true    | true    | true
    nothing                                               | -        | -       | -       | -
    value                                                 | ?        | 7       | "10:15:30" | false
    code.coding.ln()                                      | !        | -       | -       | -
"""
LISTS = r"""
    path                                                  | a
    code.coding.code                                      | ["c1","c2"]
    code.coding.code | 'c1'                               | ["c1","c2"]
    component.value.ofType(Quantity).value                | [2.00]
    component.code.text.where($this > 'x')                | ["y","z"]
    performer.getReferenceKey()                           | ["d1","o9"]
    code.text.toChars()                                   | ["W","e","i","g","h","t"]
    code.coding.exists(code = 'c2')                       | [true]
    value.ofType(integer)                                 | []
    (1 | 2.50 | 1.0)                                      | [1,2.5]
    code.coding.code.exclude('c1')                        | ["c2"]
    code.coding.code.intersect('c1' | 'c7')               | ["c1"]
    code.coding.code.combine('c1')                        | ["c1","c2","c1"]
    component.select(code.text & '!')                     | ["x!","y!","z!"]
    component.code.text.skip(1).take(1)                   | ["y"]
"""
CONSTANTS = [
    {"name": "kg", "valueCode": "kg"},
    {"name": "when", "valueDateTime": "2024-01-01T00:00:00Z"},
    {"name": "limit", "valueDecimal": Decimal("1.25")},
]


def lines(table):
    head, *rows = ([cell.strip() for cell in line.rsplit("|", width)] for width, line in
                   ((table.splitlines()[1].count("|"), line) for line in table.splitlines() if line.strip()))  # fmt: skip
    return head, rows


def cases(table):
    head, rows = lines(table)
    return [(row[0], dict(zip(head[1:], row[1:], strict=True))) for row in rows]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Each resource by itself, in a file and in a lake."""
    made = {}
    for one in OBSERVATIONS:
        folder = tmp_path_factory.mktemp(one["id"])
        file = folder / "Observation.ndjson"
        write_lines([one], file)
        write_resources([file], "Observation", folder / "lake")
        made[one["id"]] = (one, [file], folder / "lake")
    return made


def column(path, **more):
    return {"resource": "Observation", "constant": CONSTANTS,
            "select": [{"column": [{"name": "v", "path": path, **more}]}]}  # fmt: skip


def on_engine(view, source):
    found = []

    def work(connection, query):
        found.clear()
        rows = connection.execute(query.sql).fetchall()
        found.extend(as_python(row, query.cells) for row in rows)
        return len(found)

    answered(view, source, work)
    return found


def in_each(view, source):
    """The rows in memory, over NDJSON and over the lake, as JSON text, or `!`."""
    resource, files, lake = source
    for ask in (
        lambda: list(run(view, [resource])),
        lambda: on_engine(view, files),
        lambda: on_engine(view, lake),
    ):
        try:
            yield [to_json(row) for row in ask()]
        except TaiheError:
            yield "!"


def wanted(cell):
    if cell == "!":
        return "!"
    return [f'{{"v":{"null" if cell == "-" else cell}}}']


@pytest.mark.parametrize(("path", "row"), cases(PATHS), ids=[case[0] for case in cases(PATHS)])
def test_a_path_gives_these_cells_on_each_engine(path, row, sources):
    view = read_view(column(path))
    for name, cell in row.items():
        if cell != "?":
            assert list(in_each(view, sources[name])) == [wanted(cell)] * 3, name


@pytest.mark.parametrize(("path", "row"), cases(LISTS), ids=[case[0] for case in cases(LISTS)])
def test_a_collection_is_a_list_on_each_engine(path, row, sources):
    view = read_view(column(path, collection=True))
    for name, cell in row.items():
        assert list(in_each(view, sources[name])) == [wanted(cell)] * 3, name


def each(name, **more):
    return {"name": name, "path": "$this", **more}


VIEWS = [
    (
        "rows for each coding, numbered",
        {"select": [{"forEach": "code.coding",
                     "column": [{"name": "n", "path": "%rowIndex"}, {"name": "c", "path": "code"}]}]},
        ['{"n":0,"c":"c1"}', '{"n":1,"c":"c2"}'],
    ),
    (
        "forEach with where, index and extension",
        {"select": [{"forEach": "component.where(code.text != 'x')[0]",
                     "column": [{"name": "t", "path": "code.text"}]}]},
        ['{"t":"y"}'],
    ),
    (
        "forEachOrNull keeps a row, with each column null",
        {"select": [{"forEachOrNull": "note", "column": [{"name": "t", "path": "text.exists()"}]}]},
        ['{"t":null}'],
    ),
    (
        "columns stand in the order of column, select, unionAll",
        {"select": [{"column": [{"name": "one", "path": "id"}],
                     "select": [{"column": [{"name": "two", "path": "status"}]}],
                     "unionAll": [{"column": [{"name": "three", "path": "id"}]},
                                  {"column": [{"name": "three", "path": "status"}]}]}]},
        ['{"one":"a","two":"final","three":"a"}', '{"one":"a","two":"final","three":"final"}'],
    ),
    (
        "unions in unions, with steps, one of nothing",
        {"select": [{"unionAll": [
            {"forEach": "code.coding", "column": [{"name": "c", "path": "code"}]},
            {"unionAll": [{"forEach": "note", "column": [{"name": "c", "path": "text"}]},
                          {"column": [{"name": "c", "path": "code.text"}]}]}]}]},
        ['{"c":"c1"}', '{"c":"c2"}', '{"c":"Weight"}'],
    ),
    (
        "a union inside forEachOrNull has the position of the item outside",
        {"select": [{"forEachOrNull": "component", "unionAll": [
            {"column": [{"name": "n", "path": "%rowIndex"}, {"name": "t", "path": "code.text"}]},
            {"forEach": "value.ofType(Quantity)", "column": [
                {"name": "n", "path": "%rowIndex + 10"}, {"name": "t", "path": "value.toString()"}]}]}]},
        ['{"n":0,"t":"x"}', '{"n":10,"t":"2.00"}', '{"n":1,"t":"y"}', '{"n":2,"t":"z"}'],
    ),
    (
        "selects beside each other multiply",
        {"select": [{"forEach": "code.coding", "column": [{"name": "c", "path": "code"}]},
                    {"forEach": "performer", "column": [{"name": "p", "path": "getReferenceKey()"}]}]},
        ['{"c":"c1","p":"d1"}', '{"c":"c1","p":"o9"}', '{"c":"c2","p":"d1"}', '{"c":"c2","p":"o9"}'],
    ),
    (
        "the resource is at hand inside a step",
        {"select": [{"forEach": "code.coding", "column": [
            {"name": "k", "path": "%resource.id & '/' & code"}]}]},
        ['{"k":"a/c1"}', '{"k":"a/c2"}'],
    ),
    ("where that is empty drops a row", {"where": [{"path": "note.text = 'x'"}],
                                         "select": [{"column": [{"name": "i", "path": "id"}]}]}, []),
    ("each where must hold", {"where": [{"path": "status = 'final'"}, {"path": "id = 'a'"}],
                              "select": [{"column": [{"name": "i", "path": "id"}]}]}, ['{"i":"a"}']),
    ("where that is no boolean is an error", {"where": [{"path": "status"}],
                                              "select": [{"column": [{"name": "i", "path": "id"}]}]}, "!"),
    (
        "a column may hold unlike things in the branches of a union",
        {"select": [{"unionAll": [{"column": [{"name": "v", "path": "id"}]},
                                  {"column": [{"name": "v", "path": "code.coding.count()"}]}]}]},
        ['{"v":"a"}', '{"v":2}'],
    ),
    (
        "a structure in a column is its JSON",
        {"select": [{"column": [{"name": "v", "path": "subject"}]}]},
        ['{"v":{"reference":"Patient/p1"}}'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("title", "raw", "rows"), VIEWS, ids=[view[0] for view in VIEWS])
def test_a_view_gives_these_rows_on_each_engine(title, raw, rows, sources):
    view = read_view({"resource": "Observation", **raw})
    assert list(in_each(view, sources["a"])) == [rows] * 3


def questionnaire(depth):
    item = {"linkId": str(depth)}
    for level in range(depth - 1, 0, -1):
        item = {"linkId": str(level), "item": [item, {"linkId": f"{level}b"}],
                "answerOption": [{"valueInteger": level}]}  # fmt: skip
    return {"resourceType": "Questionnaire", "id": "q", "item": [item]}


REPEATS = [
    {"repeat": ["item"], "column": [{"name": "l", "path": "linkId"}]},
    {"repeat": ["item"], "column": [{"name": "l", "path": "linkId"}, {"name": "n", "path": "%rowIndex"}]},
    {"repeat": ["item", "item.item"], "column": [{"name": "l", "path": "linkId"}]},
    {"forEach": "item", "select": [{"repeat": ["item"], "column": [{"name": "l", "path": "linkId"}]}]},
    {"repeat": ["item"], "select": [{"forEach": "answerOption", "column": [
        {"name": "v", "path": "value.ofType(integer)"}, {"name": "n", "path": "%rowIndex"}]}]},
    {"repeat": ["item"], "column": [{"name": "l", "path": "linkId"}], "unionAll": [
        {"column": [{"name": "u", "path": "linkId"}]},
        {"forEachOrNull": "answerOption", "column": [{"name": "u", "path": "value.ofType(integer).toString()"}]}]},
]  # fmt: skip


@pytest.mark.parametrize("select", REPEATS, ids=lambda s: json.dumps(s)[:50])
@pytest.mark.parametrize("depth", [1, 4, 12])
def test_repeat_has_no_end_of_its_own(select, depth, tmp_path):
    resource = questionnaire(depth)
    file = tmp_path / "Questionnaire.ndjson"
    write_lines([resource], file)
    write_resources([file], "Questionnaire", tmp_path / "lake")
    view = read_view({"resource": "Questionnaire", "select": [select]})
    memory, ndjson, lake = in_each(view, (resource, [file], tmp_path / "lake"))
    assert memory == ndjson == lake
    assert memory != "!"


def test_a_repeat_without_end_is_an_error_and_no_hang(tmp_path):
    file = tmp_path / "Questionnaire.ndjson"
    write_lines([questionnaire(3)], file)
    view = read_view({"resource": "Questionnaire", "select": [
        {"repeat": ["$this"], "column": [{"name": "l", "path": "linkId"}]}]})  # fmt: skip
    with pytest.raises(TaiheError):
        on_engine(view, [file])


TYPED = [("Boolean", "true", "%k = true"), ("Integer", 3, "%k = 3"), ("Decimal", "1.50", "%k = 1.5"),
         ("Date", "2020-01-02", "%k = @2020-01-02"), ("DateTime", "2020-01-02T03:04:05Z", "%k > @2020"),
         ("Instant", "2020-01-02T03:04:05Z", "%k < @2021"), ("Time", "10:11:12", "%k = @T10:11:12"),
         ("Code", "x", "%k = 'x'"), ("String", "x", "%k.length() = 1"), ("Uri", "u:x", "%k.startsWith('u')"),
         ("Url", "http://x", "%k.exists()"), ("Canonical", "http://x", "%k.exists()"), ("Id", "x", "%k = 'x'"),
         ("Markdown", "x", "%k = 'x'"), ("Oid", "urn:oid:1.2", "%k.exists()"), ("PositiveInt", 3, "%k = 3"),
         ("UnsignedInt", 0, "%k = 0"), ("Uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "%k.exists()"),
         ("Base64Binary", "AAAA", "%k = 'AAAA'")]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "path"), TYPED, ids=[one[0] for one in TYPED])
def test_a_constant_may_have_every_primitive_type(kind, value, path, sources):
    value = {"Boolean": True, "Decimal": Decimal("1.50")}.get(kind, value)
    raw = {"resource": "Observation", "constant": [{"name": "k", f"value{kind}": value}],
           "select": [{"column": [{"name": "v", "path": f"{path} and id.exists()"}]}]}  # fmt: skip
    answers = list(in_each(read_view(raw), sources["a"]))
    assert answers in ([['{"v":true}']] * 3, [['{"v":null}']] * 3 if kind == "DateTime" else None)


REFUSED = [
    ({"select": [{"column": [{"name": "1a", "path": "id"}]}]}, "usable name"),
    ({"select": [{"column": [{"name": "_a", "path": "id"}]}]}, "usable name"),
    ({"select": [{"column": [{"path": "id"}]}]}, "usable name"),
    ({"select": [{"column": [{"name": "a"}]}]}, "no FHIRPath"),
    ({"select": [{"column": [{"name": "a", "path": "id."}]}]}, ""),
    ({"select": [{"column": [{"name": "a", "path": "foo("}]}]}, ""),
    ({"select": [{"column": [{"name": "a", "path": "id.foo()"}]}]}, "foo"),
    ({"select": [{"column": [{"name": "a", "path": "%b"}]}]}, "not defined"),
    ({"select": [{"column": [{"name": "a", "path": "id"}], "select": [
        {"column": [{"name": "a", "path": "id"}]}]}]}, "two columns"),
    ({"select": [{"unionAll": [{"column": [{"name": "a", "path": "id"}, {"name": "b", "path": "id"}]},
                               {"column": [{"name": "b", "path": "id"}, {"name": "a", "path": "id"}]}]}]},
     "different columns"),
    ({"constant": [{"name": "k"}], "select": [{"column": [{"name": "a", "path": "id"}]}]}, "constant"),
    ({"constant": [{"name": "k", "valueQuantity": {}}], "select": [{"column": [{"name": "a", "path": "id"}]}]},
     "primitive"),
    ({"constant": [{"name": "k", "valueCode": "x"}] * 2, "select": [{"column": [{"name": "a", "path": "id"}]}]},
     "two constants"),
    ({"select": [{"column": [{"name": "a", "path": "id", "tag": [{"name": "ansi/type", "value": "NONSENSE"}]}]}]},
     "ansi/type"),
    ({"where": [{}], "select": [{"column": [{"name": "a", "path": "id"}]}]}, "where"),
    ({"select": "x"}, "list of objects"),
    ({"select": [{}]}, "selects nothing"),
    ({"resource": "Nonsense", "select": [{"column": [{"name": "a", "path": "id"}]}]}, "R4 type"),
    ({"resourceType": "Patient", "select": [{"column": [{"name": "a", "path": "id"}]}]}, "ViewDefinition"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "words"), REFUSED, ids=lambda x: json.dumps(x)[:60] if isinstance(x, dict) else ""
)
def test_a_view_that_cannot_be_right_is_refused(raw, words):
    with pytest.raises(TaiheError) as caught:
        read_view({"resource": "Observation", **raw})
    assert words in str(caught.value)


def test_what_a_view_says_of_itself_changes_nothing():
    plain = {"resource": "Observation", "select": [{"column": [{"name": "a", "path": "id"}]}]}
    said = {**plain, "resourceType": "ViewDefinition", "url": "http://x/v", "status": "draft", "title": "t",
            "fhirVersion": ["4.0.1"], "meta": {"profile": ["p"]}, "useContext": [], "unknown": {"x": 1},
            "select": [{"column": [{"name": "a", "path": "id", "type": "id", "description": "d",
                                    "tag": [{"name": "x", "value": "y"}]}]}]}  # fmt: skip
    assert list(run(read_view(said), OBSERVATIONS)) == list(run(read_view(plain), OBSERVATIONS))
