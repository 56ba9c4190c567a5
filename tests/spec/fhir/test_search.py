"""Index rows and queries, as small tables."""

import pytest

from taihe.fhir.compartments import patient_references
from taihe.fhir.search import (
    EARLIEST,
    LATEST,
    extract,
    implied_range,
    normalise,
    parameter_by_number,
    parse,
    parse_types,
    period_of,
)
from taihe.kernel.errors import Incorrect, Unsupported

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"text": "张伟", "family": "张", "given": ["伟"]}],
    "identifier": [{"system": "urn:oid:1.2", "value": "A-1"}],
    "gender": "female",
    "birthDate": "1980-05",
    "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}],
    "deceasedDateTime": "2020-01-01",
}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
    "subject": {"reference": "Patient/p1"},
    "performer": [{"reference": "Patient/p2"}, {"reference": "#inside"}],
    "effectivePeriod": {"start": "2024-01-01T08:00:00+08:00"},
    "valueQuantity": {"value": 120, "unit": "mmHg", "system": "http://ucum", "code": "mm[Hg]"},
}


def rows(resource, code):
    return [row for row in extract(resource) if parameter_by_number(row.param).code == code]


def test_a_chinese_name_is_found_by_text_parts_and_pinyin():
    spelled = {row.code for row in rows(PATIENT, "name")}
    assert spelled == {"张伟", "张", "伟", "zhangwei", "zhang wei", "zw"}


def test_a_latin_name_is_found_by_its_parts_and_joined():
    resource = {"resourceType": "Practitioner", "name": [{"family": "Lee", "given": ["Ann"]}]}
    assert {row.code for row in rows(resource, "name")} == {"Lee", "Ann", "Lee Ann"}


@pytest.mark.parametrize(
    ("code", "system", "value"),
    [
        ("identifier", "urn:oid:1.2", "A-1"),
        ("gender", "http://hl7.org/fhir/administrative-gender", "female"),
        ("phone", "", "1"),
        ("email", "", "a@b"),
        ("deceased", "", "true"),
        ("_id", "", "p1"),
    ],
)
def test_tokens_have_system_and_code(code, system, value):
    assert [(r.kind, r.system, r.code) for r in rows(PATIENT, code)] == [("token", system, value)]


def test_references_are_decided_from_their_text():
    assert [(r.system, r.code) for r in rows(OBSERVATION, "patient")] == [("Patient", "p1")]
    assert [(r.system, r.code) for r in rows(OBSERVATION, "performer")] == [("Patient", "p2")]
    group = {**OBSERVATION, "subject": {"reference": "Group/g"}}
    assert rows(group, "patient") == []
    assert [(r.system, r.code) for r in rows(group, "subject")] == [("Group", "g")]


def test_an_open_period_has_no_end():
    (row,) = rows(OBSERVATION, "date")
    assert (row.low, row.high) == (period_of("2024-01-01")[0], LATEST)
    assert row.low > EARLIEST


def test_a_composite_joins_its_parts():
    coded, as_written = rows(OBSERVATION, "code-value-quantity")
    assert [part.code for part in coded.parts] == ["8480-6", "mm[Hg]"]
    assert [part.code for part in as_written.parts] == ["8480-6", "mmHg"]
    assert (coded.parts[1].low, coded.parts[1].high) == (120.0, 120.0)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2024", 366 * 24), ("2024-02", 29 * 24), ("2024-02-29", 24), ("2024-12", 31 * 24)],
)
def test_a_partial_date_means_a_period(text, hours):
    low, high = period_of(text)
    assert high - low == hours * 3_600_000_000


def test_a_moment_with_zone_is_one_second_or_its_fraction():
    assert period_of("1970-01-01T08:00:01+08:00") == (1_000_000, 2_000_000)
    assert period_of("1970-01-01T00:00:00.25Z") == (250_000, 260_000)
    assert period_of("1970-01-01T00:01Z") == (60_000_000, 120_000_000)
    assert period_of("9999-12") is not None
    assert period_of("2024-13") is None
    assert period_of("soon") is None


def test_a_number_means_the_digits_it_is_written_with():
    assert implied_range(100) == (99.5, 100.5)
    assert implied_range("5.40") == (5.395, 5.405)
    assert implied_range("many") is None


def test_text_is_compared_without_case_accents_and_width():
    assert normalise(" Ünï  Code ") == "uni code"
    assert normalise("ＡＢ１２张") == "ab12张"


def test_the_patients_of_a_resource_come_in_the_compartments_order():
    assert patient_references(OBSERVATION) == ["Patient/p1", "Patient/p2"]
    assert patient_references(PATIENT) == ["Patient/p1"]
    assert patient_references({"resourceType": "Organization"}) == []


READ = [
    ("Patient", "identifier", "urn:oid:1.2|A", ("eq", "urn:oid:1.2", "A")),
    ("Patient", "identifier", "|A", ("eq", "", "A")),
    ("Patient", "identifier", "urn:x|", ("eq", "urn:x", None)),
    ("Patient", "gender", "male", ("eq", None, "male")),
    ("Patient", "name", "a\\,b", ("eq", None, "a,b")),
    ("Observation", "subject", "Patient/1", ("eq", "Patient", "1")),
    ("Observation", "patient", "1", ("eq", None, "1")),
    ("Observation", "subject:Group", "1", ("eq", "Group", "1")),
    ("Observation", "date", "ge2024-01", ("ge", None, None)),
    ("Observation", "value-quantity", "gt5.4|http://ucum|kg", ("gt", "http://ucum", "kg")),
]


@pytest.mark.parametrize(("type", "name", "text", "wanted"), READ)
def test_a_value_is_read_by_the_kind_of_its_parameter(type, name, text, wanted):
    (condition,) = parse(type, [(name, text)]).conditions
    (value,) = condition.values
    assert (value.prefix, value.system, value.code) == wanted


def test_alternatives_and_results_are_read():
    query = parse(
        "Observation",
        [
            ("code", "a,http://s|b"),
            ("status:not", "final"),
            ("date:missing", "true"),
            ("code-value-quantity", "8480-6$gt120"),
            ("_sort", "-date,_id"),
            ("_count", "20"),
            ("_summary", "count"),
            ("_total", "accurate"),
            ("_elements", "id,code"),
            ("_include", "Observation:patient"),
        ],
    )
    assert [v.code for v in query.conditions[0].values] == ["a", "b"]
    assert query.conditions[1].modifier == "not"
    assert query.conditions[2].missing is True
    assert [v.prefix for v in query.conditions[3].values[0].parts] == ["eq", "gt"]
    assert [(s.parameter.code, s.descending) for s in query.sort] == [
        ("date", True),
        ("_id", False),
    ]
    assert (query.count, query.summary, query.total) == (20, "count", "accurate")
    assert query.elements == ("id", "code")
    assert query.includes[0].code == "patient"


REFUSED = [
    ("Patient", "nmae", "x", Incorrect, "Did you mean name?"),
    ("Patient", "name:exat", "x", Incorrect, "exact"),
    ("Patient", "birthdate", "yesterday", Incorrect, "2026-11-24"),
    ("Patient", "gender:missing", "perhaps", Incorrect, ":missing=true"),
    ("Observation", "subject:Patiens", "1", Incorrect, ""),
    ("Observation", "patient:Observation", "1", Incorrect, "never refers"),
    ("Observation", "subject.nmae", "x", Incorrect, ""),
    ("Observation", "subject:Patient.nmae", "x", Incorrect, "Did you mean name?"),
    ("Observation", "subject:Patient.birthdate", "soon", Incorrect, "2026-11-24"),
    ("Observation", "subject.birthdate", "soon", Incorrect, "2026-11-24"),
    ("Observation", "subject:Observation.code", "x", Incorrect, "It refers to"),
    ("Observation", "code.name", "x", Incorrect, "References are"),
    ("Patient", "_has:Observation:patient", "x", Incorrect, "_has:Observation:patient:code"),
    ("Patient", "_has:Observation:pateint:code", "x", Incorrect, "Did you mean patient?"),
    ("Patient", "_has:Observation:patient:cod", "x", Incorrect, "Did you mean code?"),
    ("Patient", "_has:Encounter:location:status", "x", Incorrect, "It refers to"),
    ("Patient", "link:Patient." * 9 + "name", "x", Incorrect, "two steps"),
    ("Patient", "_has:Observation:patient:focus._id", "x", Incorrect, "Name the type"),
    ("Patient", "name:text", "x", Incorrect, ":exact"),
    ("Patient", "name:contians", "x", Incorrect, "Did you mean :contains?"),
    ("Observation", "code:below", "x", Incorrect, "system|code"),
    ("Observation", "code:below", "urn:x|x", Unsupported, "joined with commas"),
    ("Observation", "code:in", "http://nowhere", Unsupported, "joined with commas"),
    ("Observation", "code-value-quantity:missing", "true", Incorrect, "parts"),
    ("Patient", "identifier:of-type", "x|y", Incorrect, "type code"),
    ("Patient", "_text", ",", Incorrect, "words"),
    ("Patient", "_filter", "x", Incorrect, "no operator here, at character 2"),
    ("Patient", "_sort", "organization.name", Unsupported, "the type itself"),
    ("Patient", "_elements", "nmae", Incorrect, "Did you mean name?"),
    ("Patient", "_type", "Observation", Incorrect, "_type"),
    ("Location", "near", "1|2|3|parsec", Incorrect, "km"),
    ("Location", "near", "100|2", Incorrect, "latitude"),
    ("Patient", "_count", "-1", Incorrect, "_count=50"),
    ("Patient", "_sort", "nmae", Incorrect, "name"),
    ("Patient", "_include", "Patient:name", Incorrect, ""),
    ("Patient", "_summary", "yes", Incorrect, "count"),
    ("Patent", "name", "x", Incorrect, "Patient"),
    ("Observation", "code-value-quantity", "8480-6", Incorrect, "$"),
    ("Patient", "name", "", Incorrect, ""),
]


def test_a_chain_leads_to_the_types_that_have_its_parameter():
    (chain,) = parse("Observation", [("subject.name", "Li")]).conditions
    assert [type for type, _ in chain.targets] == ["Patient", "Location"]
    (chain,) = parse("Observation", [("patient.organization.name", "x")]).conditions
    ((type, inner),) = chain.targets
    assert (type, inner.parameter.code, inner.targets[0][0]) == (
        "Patient",
        "organization",
        "Organization",
    )


def test_has_may_hold_chains_and_has_and_the_end_of_a_chain_too():
    (has,) = parse("Patient", [("_has:Observation:patient:encounter.class", "AMB")]).conditions
    assert (has.type, has.parameter.code, has.condition.parameter.code) == (
        "Observation",
        "patient",
        "encounter",
    )
    name = "_has:Observation:patient:_has:AuditEvent:entity:agent"
    (has,) = parse("Patient", [(name, "Practitioner/1")]).conditions
    assert has.condition.type == "AuditEvent"
    (chain,) = parse("Encounter", [("patient._has:Group:member:_id", "g")]).conditions
    assert chain.targets[0][1].type == "Group"


def test_several_types_are_a_query_of_each():
    queries = parse_types([("_type", "Patient,Observation"), ("_id", "1")])
    assert [query.type for query in queries] == ["Patient", "Observation"]
    with pytest.raises(Incorrect, match="_type"):
        parse_types([("_id", "1")])


@pytest.mark.parametrize(("type", "name", "text", "error", "hint"), REFUSED)
def test_what_is_unknown_is_refused_with_a_hint(type, name, text, error, hint):
    with pytest.raises(error) as caught:
        parse(type, [(name, text)])
    assert hint in str(caught.value)


def test_a_resource_of_wrong_shape_is_refused_not_crashed():
    for broken in ({"name": "x"}, {"name": [1]}, {"birthDate": 5}, {"identifier": {"a": 1}}):
        with pytest.raises(Incorrect):
            extract({"resourceType": "Patient", **broken})
    with pytest.raises(Incorrect):
        extract({"resourceType": "Patent"})
