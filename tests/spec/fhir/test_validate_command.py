"""`taihe validate`: files of every kind, one outcome a resource, places, and exit codes."""

import gzip
import json

import pytest

from taihe.cli.main import main
from taihe.fhir.doubles import doubles
from taihe.fhir.validate import check

GOOD = {"resourceType": "Patient", "id": "p", "gender": "male"}
BAD = {**GOOD, "gender": "m"}


@pytest.fixture
def run(tmp_path, capsys):
    """Write files, validate them in order, and give exit code and lines."""

    def once(files, *options):
        paths = []
        for name, content in files.items():
            path = tmp_path / name
            if content is not None:
                data = content if isinstance(content, bytes) else content.encode()
                path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
            paths.append(str(path))
        code = main(["validate", *paths, *options])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return once


def issues(outcomes):
    return [
        (one["diagnostics"], one["severity"], one["details"]["text"])
        for outcome in outcomes
        for one in outcome["issue"]
    ]


def test_each_resource_has_an_outcome_with_file_and_line(run):
    code, outcomes = run({"a.ndjson": f"{json.dumps(GOOD)}\n\n{json.dumps(BAD)}\n"})
    assert code == 1
    assert [check(outcome) for outcome in outcomes] == [[], []]
    assert issues(outcomes)[0] == ("a.ndjson:1", "information", "No problem was found.")
    assert issues(outcomes)[1][:2] == ("a.ndjson:3", "error")
    assert outcomes[1]["issue"][0]["expression"] == ["Patient.gender"]


def test_only_good_resources_are_code_0_also_packed_pretty_and_with_a_mark(run):
    files = {
        "a.json": json.dumps(GOOD, indent=2),
        "b.ndjson.gz": json.dumps(GOOD),
        "c.json": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        "d.ndjson": "",
    }
    code, outcomes = run(files)
    assert (code, len(outcomes)) == (0, 3)


def test_a_bundle_is_one_resource_with_places_inside(run):
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": BAD}]}
    code, (outcome,) = run({"b.json": json.dumps(bundle)})
    assert code == 1
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[0].resource.gender"]


def test_the_rest_goes_on_after_what_cannot_be_read(run):
    files = {
        "broken.ndjson": '{"resourceType": "Patient",}\n' + json.dumps(GOOD),
        "pretty.json": '{\n  "resourceType": "Patient"\n  "id": 1\n}',
        "empty.json": "",
        "missing.json": None,
        "gbk.json": '{"resourceType": "Patient", "id": "张"}'.encode("gbk"),
        "many.json": f"{json.dumps(GOOD)}\n{json.dumps(GOOD)}",
        "list.json": "[1]",
        "last.json": json.dumps(GOOD),
    }
    code, outcomes = run(files)
    assert code == 1
    assert [(where, text.partition(".")[0]) for where, _, text in issues(outcomes)] == [
        ("broken.ndjson:1:27", "This is no JSON"),
        ("broken.ndjson:2", "No problem was found"),
        ("pretty.json:3:3", "This is no JSON"),
        ("empty.json:1:1", "The file is empty"),
        ("missing.json:0", "missing"),
        ("gbk.json:1:36", "The text is not in UTF-8"),
        ("many.json:2:1", "This is more than one JSON document"),
        ("list.json:1", "This is no resource"),
        ("last.json:1", "No problem was found"),
    ]


def test_a_damaged_archive_is_said(run, tmp_path):
    whole = gzip.compress(json.dumps(GOOD).encode() * 50)
    (tmp_path / "cut.ndjson.gz").write_bytes(whole[:-20])
    code, outcomes = run({"cut.ndjson.gz": None, "good.json": json.dumps(GOOD)})
    assert code == 1
    assert "damaged" in issues(outcomes)[-2][2]


def test_the_summary_counts(run):
    code, (summary,) = run({"a.ndjson": f"{json.dumps(GOOD)}\n{json.dumps(BAD)}\n{{"}, "--summary")
    assert code == 1
    assert (summary["resources"], summary["valid"], summary["invalid"]) == (3, 1, 2)
    assert (summary["types"], summary["issues"]) == ({"Patient": 2}, {"error": 1, "fatal": 1})
    assert [(p["line"], p["column"]) for p in summary["problems"]] == [
        (2, "Patient.gender"),
        (3, "2"),
    ]


DOUBLES = [
    ('{"resourceType":"Patient","id":"a","id":"b"}', ["Patient"]),
    ('{"resourceType" : "Patient","name":[{"text":"a"},{"text":"b","text" : "c"}]}', ["Patient.name[1]"]),
    ('{"resourceType":"Observation","valueQuantity":{"value":1,"value":2}}', ["Observation.value"]),
    ('{"resourceType":"Patient","_birthDate":{"id":"a","id":"b"}}', ["Patient.birthDate"]),
    ('{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","active":true,"active":false}}]}', ["Bundle.entry[0].resource"]),
    ('{"resourceType":"Patient","id":"a","name":[{"text":"\\"id\\": \\":"}]}', []),
    ('{"resourceType":"Patient","name":[{"text":"a"},{"text":"b"}]}', []),
    ("[]", []),
    ("1", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "places"), DOUBLES)
def test_a_key_that_stands_twice_is_said(text, places):
    assert [issue.location for issue in doubles(text.encode(), json.loads(text))] == places


def test_a_key_that_stands_twice_is_an_error_and_never_repeats_a_value(run):
    code, (outcome,) = run({"a.json": '{"resourceType":"Patient","341222":1,"341222":2}'})
    assert code == 1
    assert outcome["issue"][0]["details"]["text"] == "A name is given twice. Keep one of them."
