"""Decimals keep their digits in the lake, primitives their extensions; depth has an end."""

import json
from decimal import Decimal

import pytest

from taihe.fhir import definitions, model
from taihe.fhir.views import read_view
from taihe.kernel.errors import Incorrect
from taihe.lake.duck import connect
from taihe.lake.resources import DEEPEST, snapshot, write_resources
from taihe.lake.views import rows_of

DIGITS = ["1.50", "120", "-0.0", "0.10", "1e3", "2.5E-7", "0.1234567890123456789012345678",
          "123456789012345678901234567890.5", "100.00"]  # fmt: skip
TRAPS = [
    '": 1.5',
    'a \\"value\\": 1.5',
    "\\\\",
    '-1.5, "x": 2.5',
    '\\\\\\"',
    "体温: 37.50",
    '{"value": 1.50}',
]

WRITTEN = DIGITS * len(TRAPS)  # each trap meets each number


def line(number, digits, trap):
    return (
        f'{{"resourceType":"Observation","id":"o{number}","status":"final","_status":{{"id":"s"}},'
        f'"code":{{"text":"{trap}"}},"valueQuantity": {{"value" : {digits} ,"unit":"1.5"}},'
        f'"component":[{{"code":{{"text":"c"}},"valueQuantity":{{"value":{digits}}}}}]}}\n'
    )


@pytest.fixture(scope="module", params=["Observation.ndjson", "mixed.ndjson"])
def lake(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    file = folder / request.param
    traps = [trap.replace('"', '\\"') if "\\" not in trap else trap for trap in TRAPS]
    lines = [line(n, digits, traps[n % len(traps)]) for n, digits in enumerate(WRITTEN)]
    for text in lines:
        json.loads(text)
    other = '{"resourceType":"Patient","id":"p"}\n' if request.param == "mixed.ndjson" else ""
    file.write_text(other + "".join(lines))
    write_resources([file], "Observation", folder)
    return folder, [json.loads(text) for text in lines]


def test_a_decimal_is_a_double_and_its_digits(lake):
    folder, resources = lake
    rows = (
        snapshot(folder, "Observation")
        .relation(connect())
        .query(
            "o",
            'SELECT id, code.text, valueQuantity."value", valueQuantity.value_exact, '
            "component[1].valueQuantity.value_exact, valueQuantity.unit FROM o "
            "ORDER BY length(id), id",
        )
        .fetchall()
    )
    assert [row[3] for row in rows] == WRITTEN
    assert [row[4] for row in rows] == WRITTEN
    assert [row[2] for row in rows] == [float(digits) for digits in WRITTEN]
    assert [(row[0], row[1]) for row in rows] == [(r["id"], r["code"]["text"]) for r in resources]
    assert {row[5] for row in rows} == {"1.5"}


def test_extensions_of_primitives_stay(lake):
    columns = dict(snapshot(lake[0], "Observation").columns)
    assert columns["_status"] == 'STRUCT("id" VARCHAR)'
    assert (
        columns["valueQuantity"] == 'STRUCT("value" DOUBLE, "value_exact" VARCHAR, "unit" VARCHAR)'
    )


def test_a_view_still_reads_numbers(lake):
    view = {"resource": "Observation", "select": [{"column": [
        {"name": "v", "path": "value.ofType(Quantity).value"}]}]}  # fmt: skip
    values = sorted(row["v"] for row in rows_of(read_view(view), lake[0]))
    assert values == sorted(Decimal(digits) for digits in WRITTEN)


def test_which_decimals_repeat_and_so_are_doubles_only():
    repeated = {
        f"{place}.{field.key}"
        for place in definitions.paths()
        for field in model.fields(place).values()
        if field.type == "decimal" and field.many
    }
    roc = "MolecularSequence.quality.roc"
    assert repeated == {f"{roc}.precision", f"{roc}.sensitivity", f"{roc}.fMeasure"}


def test_what_is_deeper_stays_json(tmp_path):
    item = {"linkId": "end", "type": "group"}
    for number in range(2 * DEEPEST):
        item = {"linkId": f"{number}", "type": "group", "item": [item]}
    form = {"resourceType": "Questionnaire", "status": "draft", "item": [item]}
    (tmp_path / "Questionnaire.ndjson").write_text(json.dumps(form) + "\n")
    write_resources([tmp_path / "Questionnaire.ndjson"], "Questionnaire", tmp_path)
    kind = dict(snapshot(tmp_path, "Questionnaire").columns)["item"]
    assert kind.count("STRUCT") == DEEPEST - 1
    assert '"item" JSON[]' in kind


def test_a_line_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "Observation.ndjson").write_text(line(1, "1.5", "x") + '{"resourceType":"Obs\n')
    with pytest.raises(Incorrect):
        write_resources([tmp_path / "Observation.ndjson"], "Observation", tmp_path)


@pytest.mark.parametrize("name", ["Patient.ndjson", "mixed.ndjson"])
@pytest.mark.parametrize(
    ("field", "said"),
    [
        ('"active":"yes"', "Patient.active"),
        ('"name":"x"', "Patient.name"),
        ('"name":["x"]', "Patient.name"),
        ('"birthDate":{"a":1}', "Patient.birthDate"),
        ('"multipleBirthInteger":1.5', "Patient.multipleBirth"),
        ('"maritalStatus":"M"', "Patient.maritalStatus"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_lost(name, field, said, tmp_path):
    good = '{"resourceType":"Patient","active":true,"name":[{"family":"a"}],"gender":"male"}\n'
    (tmp_path / name).write_text(good + f'{{"resourceType":"Patient",{field}}}\n')
    with pytest.raises(Incorrect) as refused:
        write_resources([tmp_path / name], "Patient", tmp_path)
    assert said in refused.value.problem
