"""A suite's verdicts, on cases of our own: right, wrong, skipped."""

import json

from taihe.fhir.conformance import fhirpath, sql_on_fhir

PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "a"}, {"family": "b"}]}


def verdicts(cases):
    return {case.id: str(case.status) for case in cases}


def test_fhirpath_cases_pass_fail_and_skip(tmp_path):
    def case(name, expression, outputs=(), file="p.json", **more):
        return {"name": name, "inputfile": file, "expression": expression,
                "outputs": [{"type": t, "value": v} for t, v in outputs], **more}  # fmt: skip

    tests = [
        case("right", "name.family", [("string", "a"), ("string", "b")]),
        case("wrong value", "name.family", [("string", "a")]),
        case("wrong type", "id", [("string", "p")]),
        case("no input", "id", file="absent.json"),
        case("error", "name.", invalid="syntax"),
        case("other error", "name.", invalid="semantic"),
        case("no error", "name", invalid="execution"),
        case("predicate", "name", [("boolean", "true")], predicate="true"),
        case("exact decimals", "1.50", [("decimal", "1.5")]),
    ]
    (tmp_path / "any.json").write_text(json.dumps({"groups": [{"name": "g", "tests": tests}]}))
    (tmp_path / "input").mkdir()
    (tmp_path / "input/p.json").write_text(json.dumps(PATIENT))
    assert verdicts(fhirpath(tmp_path)) == {
        "g/right": "passed",
        "g/wrong value": "failed",
        "g/wrong type": "failed",
        "g/no input": "skipped",
        "g/error": "passed",
        "g/other error": "failed",
        "g/no error": "failed",
        "g/predicate": "passed",
        "g/exact decimals": "failed",
    }


def test_view_cases_compare_rows_without_order_and_missing_values_as_null(tmp_path):
    view = {"resource": "Patient", "select": [
        {"forEach": "name", "column": [{"name": "f", "path": "family"}, {"name": "u", "path": "use"}]}
    ]}  # fmt: skip
    tests = [
        {"title": "right", "view": view, "expect": [{"f": "b"}, {"f": "a", "u": None}]},
        {"title": "wrong", "view": view, "expect": [{"f": "b"}]},
        {"title": "error", "view": {"select": []}, "expectError": True},
        {"title": "no error", "view": view, "expectError": True},
        {"title": "columns", "view": view, "expectColumns": ["f", "u"]},
        {"title": "count", "view": view, "expectCount": 3},
    ]
    (tmp_path / "v.json").write_text(
        json.dumps({"title": "t", "resources": [PATIENT], "tests": tests})
    )
    assert verdicts(sql_on_fhir(tmp_path)) == {
        "v/right": "passed",
        "v/wrong": "failed",
        "v/error": "passed",
        "v/no error": "failed",
        "v/columns": "passed",
        "v/count": "failed",
    }
