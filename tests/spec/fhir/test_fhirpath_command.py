"""`taihe fhirpath EXPRESSION FILE`: what it prints for good files, and what it says of bad ones."""

import gzip
import json

import pytest

from taihe.cli.main import main

ONE = b'{"resourceType":"Patient","name":[{"given":["x","y"]}],"extension":[{"url":"u","valueDecimal":1.50}]}'
BUNDLE = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":' + ONE + b"}]}"

GOOD = [
    ("a.json", ONE, 2),
    ("pretty.json", json.dumps(json.loads(ONE), indent=2).encode(), 2),
    ("bundle.json", BUNDLE, 0),  # one resource, and no Patient
    ("two.ndjson", ONE + b"\r\n\r\n" + ONE + b"\r\n", 4),
    ("bom.ndjson", b"\xef\xbb\xbf" + ONE + b"\n" + ONE, 4),
    ("packed.ndjson.gz", gzip.compress((ONE + b"\n") * 3), 6),
    ("empty.ndjson", b"", 0),
    ("long.ndjson", ONE.replace(b'"x"', b'"' + b"x" * 1_000_000 + b'"'), 2),
    ("half.json", ONE.replace(b'"x"', rb'"\ud800"'), 2),
]

# file, content, lines that are printed all the same, and what is said
BAD = [
    ("empty.json", b"", 0, "empty.json:1:1: The file is empty. Export it again."),
    ("cut.json", ONE[:-10], 0, "cut.json:1:80: This is no JSON."),
    ("row.ndjson", ONE + b'\n{"a":1,}\n' + ONE, 4, "row.ndjson:2:8: This is no JSON."),
    ("list.json", b"[" + ONE + b"]", 0, "list.json:1: This is no resource. Write one resource on"),
    ("null.ndjson", ONE + b"\nnull\n", 2, "null.ndjson:2: This is no resource."),
    ("lines.json", ONE + b"\n" + ONE, 0, "lines.json:2:1: This is more than one JSON document."),
    ("rows.ndjson", b'{\n"a": 1}', 0, "each resource stands on one line"),
    ("gbk.ndjson", ONE + b"\n" + ONE.replace(b"x", b"\xd5\xc5"), 2, "gbk.ndjson:2:46: The text is"),
    ("twice.json", ONE.replace(b"{", b'{"id":"a","id":"b",', 1), 0, "id is given twice."),
    ("huge.json", ONE.replace(b"1.50", b"1e99999999"), 0, "huge.json:1: A number has too many digits"),
    ("huger.json", ONE.replace(b"1.50", b"9" * 6000), 0, "huger.json:1: A number has too many digits"),
    ("nan.json", ONE.replace(b"1.50", b"NaN"), 0, "nan.json:1: NaN and Infinity are no JSON."),
    ("deep.json", b'{"a":' * 100_000, 0, "deep.json:1: The JSON is nested too deep."),
    ("plain.json.gz", ONE, 0, "plain.json.gz: This is no gzip file"),
    ("cut.ndjson.gz", gzip.compress(ONE)[:-9], 0, "cut.ndjson.gz: The gzip file is damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "lines"), GOOD, ids=[g[0] for g in GOOD])
def test_each_value_is_a_line_of_json(tmp_path, capsys, name, content, lines):
    (tmp_path / name).write_bytes(content)
    assert main(["fhirpath", "Patient.name.given", str(tmp_path / name)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert all(isinstance(json.loads(line), str) for line in printed.out.splitlines())
    assert len(printed.out.splitlines()) == lines


@pytest.mark.parametrize(("name", "content", "lines", "said"), BAD, ids=[b[0] for b in BAD])
def test_a_bad_file_is_named_with_line_and_column_and_the_rest_goes_on(
    tmp_path, capsys, name, content, lines, said
):
    (tmp_path / name).write_bytes(content)
    assert main(["fhirpath", "Patient.name.given", str(tmp_path / name)]) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert len(printed.out.splitlines()) == lines


@pytest.mark.parametrize("name", ["missing.json", "folder"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, capsys, name):
    (tmp_path / "folder").mkdir()
    assert main(["fhirpath", "id", str(tmp_path / name)]) == 1
    assert f"{name} cannot be read" in capsys.readouterr().err


def test_numbers_keep_their_digits(tmp_path, capsys):
    (tmp_path / "a.json").write_bytes(ONE)
    assert main(["fhirpath", "extension.value", str(tmp_path / "a.json")]) == 0
    assert capsys.readouterr().out == "1.50\n"


def test_an_error_of_the_expression_has_its_position_and_a_hint(tmp_path, capsys):
    (tmp_path / "a.ndjson").write_bytes(ONE + b"\n" + ONE)
    file = str(tmp_path / "a.ndjson")
    assert main(["fhirpath", "name.given.lenght()", file]) == 1
    said = capsys.readouterr().err
    assert "There is no function lenght() (at character 12)." in said
    assert "Did you mean length()?" in said
    assert main(["fhirpath", "name.given.length()", file, "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [(p["line"], p["code"]) for p in problems] == [(1, "execution"), (2, "execution")]
    assert problems[0]["problem"].endswith("(at character 12).")
    assert main(["fhirpath", "name.givn", file, "--strict"]) == 1
    assert capsys.readouterr().err.count("Did you mean given?") == 1
