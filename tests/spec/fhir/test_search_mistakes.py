"""Mistakes in a search: each is refused by name and reason, with the nearest right one."""

from __future__ import annotations

import time

import pytest

from taihe.fhir.search import parse
from taihe.fhir.search.memory import MemoryStore
from taihe.kernel.errors import TaiheError
from tests.spec.fhir.searches import finds, pairs_of, refuses

NAMES = """
    type        | query                                     | kind        | said
    ------------+-------------------------------------------+-------------+--------------------------------
    Patient     | nmae=x                                    | Incorrect   | Did you mean name?
    Patient     | birthDate=2020                            | Incorrect   | Did you mean birthdate?
    Patient     | =x                                        | Incorrect   | of that name
    Patient     | _tags=x                                   | Incorrect   | Did you mean _tag?
    Patient     | _lists=x                                  | Incorrect   | Did you mean _list?
    Patient     | _sorts=name                               | Incorrect   | Did you mean _sort?
    Patient     | name:exat=x                               | Incorrect   | Did you mean :exact?
    Patient     | name:below=x                              | Incorrect   | It has :exact, :contains, :missing.
    Patient     | name:=x                                   | Incorrect   | empty modifier
    Patient     | birthdate:below=2020                      | Incorrect   | It has :missing.
    Observation | code:blow=urn:x|1                         | Incorrect   | Did you mean :below?
    Observation | subject:Patiens=1                         | Incorrect   | Did you mean :Patient?
    Observation | patient:Observation=1                     | Incorrect   | never refers to a Observation
    Observation | subject:Practitioner.name=x               | Incorrect   | It refers to
    Observation | subjekt.name=x                            | Incorrect   | Did you mean subject?
    Observation | subject:Patient.nmae=x                    | Incorrect   | Did you mean name?
    Observation | code.name=x                               | Incorrect   | References are
    Patient     | _has:Observation:patient=x                | Incorrect   | _has is not complete
    Patient     | _has:Obsevation:patient:code=x            | Incorrect   | Did you mean Observation?
    Patient     | _has:Observation:pateint:code=x           | Incorrect   | Did you mean patient?
    Patient     | _has:Observation:patient:cod=x            | Incorrect   | Did you mean code?
    Patient     | _sort=nmae                                | Incorrect   | Did you mean name?
    Patient     | _sort=name,                               | Incorrect   | cannot be sorted by this
    Patient     | _sort=organization.name                   | Unsupported | the type itself
    Patient     | _sort=_score                              | Unsupported | no score
    Observation | _sort=code-value-date                     | Incorrect   | has no order
    Patient     | _include=Patient:name                     | Incorrect   | no reference parameter of Patient
    Patient     | _include=Patient:generl-practitioner      | Incorrect   | Did you mean general-practitioner?
    Patient     | _include=Patent:link                      | Incorrect   | Did you mean Patient?
    Patient     | _include=Observation:patient              | Incorrect   | _include:iterate=Observation
    Patient     | _include=Patient:link:Group               | Incorrect   | never refers to a Group
    Patient     | _include:itrate=Patient:link              | Incorrect   | Use :iterate.
    Patient     | _include=Patient                          | Incorrect   | names no parameter
    Patient     | _revinclude=Encounter:location            | Incorrect   | never refers to a Patient
    Patient     | _elements=nmae                            | Incorrect   | Did you mean name?
    Patient     | _summary=txt                              | Incorrect   | Did you mean text?
    Patient     | _total=exact                              | Incorrect   | none, estimate, accurate
    Patient     | _count=-1                                 | Incorrect   | _count=50
    Patient     | _count=1&_count=2                         | Incorrect   | given twice
    Patient     | _contained=true                           | Unsupported | Search what contains them.
    Patient     | _query=current                            | Unsupported | no named queries
    Patient     | _list=$current-problems                   | Unsupported | the id of a List
    Patient     | _format=xml                               | Unsupported | Use _format=json.
    Patient     | _type=Observation                         | Incorrect   | searches Patient only
    Patent      | name=x                                    | Incorrect   | Did you mean Patient?
"""

VALUES = r"""
    type           | query                                  | kind        | said
    ---------------+----------------------------------------+-------------+-----------------------------
    Patient        | birthdate=2023-13                      | Incorrect   | birthdate is no date
    Patient        | birthdate=2023-02-30                   | Incorrect   | birthdate is no date
    Patient        | birthdate=1980-2-3                     | Incorrect   | birthdate is no date
    Patient        | birthdate=2023-01-01T10                | Incorrect   | birthdate is no date
    Patient        | birthdate=gr2023                       | Incorrect   | unknown prefix
    Patient        | birthdate=gre2023                      | Incorrect   | Did you mean ge?
    Patient        | birthdate=>=2023                       | Incorrect   | Did you mean ge?
    Patient        | birthdate=ge                           | Incorrect   | birthdate is no date
    Patient        | birthdate=                             | Incorrect   | birthdate is empty
    Patient        | name=Li,                               | Incorrect   | name is empty
    RiskAssessment | probability=abc                        | Incorrect   | probability is no number
    RiskAssessment | probability=1e9999                     | Incorrect   | probability is no number
    RiskAssessment | probability=.5                         | Incorrect   | probability is no number
    Observation    | value-quantity=mg                      | Incorrect   | no number
    Observation    | value-quantity=||mg                    | Incorrect   | a unit without a number
    Observation    | value-quantity=5|mg                    | Incorrect   | 5.4||unit
    Observation    | value-quantity=5|http://x|             | Incorrect   | half a unit
    Observation    | status=nefinal                         | Incorrect   | no code has. Use :not
    Patient        | active=yes                             | Incorrect   | true or false
    Patient        | identifier=|                           | Incorrect   | only a bar
    Patient        | identifier=a|b|c                       | Incorrect   | :of-type takes
    Patient        | identifier:of-type=a|b                 | Incorrect   | type system|type code|value
    Observation    | subject=Patien/1                       | Incorrect   | Did you mean Patient?
    Observation    | subject:Patient=Group/1                | Incorrect   | Write Patient/id
    Observation    | subject=Patient/                       | Incorrect   | no reference
    Observation    | code-value-quantity=8480-6             | Incorrect   | code, value-quantity with $
    Observation    | code-value-quantity=8480-6$high        | Incorrect   | value-quantity is no number
    Observation    | code:in=http://nowhere                 | Unsupported | not known
    Observation    | code:below=urn:nowhere|1               | Unsupported | joined with commas
    Observation    | code:below=8480-6                      | Incorrect   | Write system|code
    Observation    | code:below=http://loinc.org|           | Incorrect   | Write system|code
    Group          | member:below=Patient/1                 | Incorrect   | part of another
    Patient        | gender:missing=perhaps                 | Incorrect   | :missing=true
    Location       | near=91|0                              | Incorrect   | latitude|longitude
    Location       | near=1|2|3|parsec                      | Incorrect   | Use km, m
    Patient        | _text=.,!                              | Incorrect   | the words
    Patient        | _text=or x                             | Incorrect   | without a word
    Patient        | _text=(x                               | Incorrect   | not closed
    Patient        | _content=x) y                          | Incorrect   | without being opened
    Patient        | _lastUpdated=today                     | Incorrect   | _lastUpdated is no date
"""

FILTERS = """
    type        | query                                     | kind        | said
    ------------+-------------------------------------------+-------------+--------------------------------
    Patient     | _filter=                                  | Incorrect   | no parameter here, at character 1
    Patient     | _filter=nmae eq "x"                       | Incorrect   | Did you mean name?
    Patient     | _filter=name is "x"                       | Incorrect   | no operator here, at character 6
    Patient     | _filter=name eq                           | Incorrect   | no value here, at character 8
    Patient     | _filter=name eq "x                        | Incorrect   | in double quotes
    Patient     | _filter=(name eq "x"                      | Incorrect   | lacks a )
    Patient     | _filter=name eq "x" name eq "y"           | Incorrect   | Join tests with and, or.
    Patient     | _filter=name gt "x"                       | Incorrect   | name takes no gt. It takes eq, ne, co
    Patient     | _filter=birthdate co 2020                 | Incorrect   | birthdate takes no co
    Patient     | _filter=birthdate ge gt2020               | Incorrect   | The operator stands before it
    Patient     | _filter=birthdate ge soon                 | Incorrect   | birthdate is no date
    Patient     | _filter=name pr maybe                     | Incorrect   | Write pr true or pr false.
    Patient     | _filter=organization[name eq "x"] pr true | Incorrect   | Write a parameter behind it
    Patient     | _filter=gender.name eq "x"                | Incorrect   | nothing follows it
    Patient     | _filter=_has:Observation eq 1             | Incorrect   | incomplete _has
    Patient     | _filter=_text eq "x"                      | Incorrect   | Write _text=
"""


@pytest.mark.parametrize("table", [NAMES, VALUES, FILTERS], ids=["names", "values", "filters"])
def test_mistakes_are_refused_with_what_is_right(table):
    refuses(table)


@pytest.mark.parametrize(
    ("type", "query"),
    [("Observation", "subject._content=x"), ("RiskAssessment", "probability=0,5"),
     ("Patient", "identifier=ge2020"), ("Observation", "status=cancel"), ("Patient", "active=x"),
     ("Patient", "_contained=false&_containedType=container"), ("Patient", "name=gt5"),
     ("Patient", "_include:iterate=Observation:patient"), ("Patient", "_format=json&_pretty=1")],
)  # fmt: skip
def test_what_looks_like_a_mistake_and_is_none_is_read(type, query):
    assert parse(type, pairs_of(query)).type == type


@pytest.mark.parametrize(
    ("type", "query"),
    [("Patient", "birthdate=Zhang Wei"), ("Patient", "birthdate=341222198005024017"),
     ("Patient", "identifier=341222198005024017|a|b"), ("Patient", "_summary=341222198005024017"),
     ("Patient", "_filter=birthdate eq 341222198005024017"), ("Patient", "_count=341222198005024017"),
     ("Patient", "_filter=341222198005024017"), ("Patient", "gender:missing=341222198005024017"),
     ("Observation", "value-quantity=341222198005024017 "), ("Location", "near=341222198005024017"),
     ("Patient", "341222198005024017=x"), ("Patient", "张三=x"), ("Patient", "_sort=张三"),
     ("Patient", "name:341222198005024017=x"), ("Patient", "_elements=Zhang Wei"),
     ("Observation", "subject=Patien/341222198005024017"), ("Patient", "_page=x&_total=Zhang Wei")],
)  # fmt: skip
def test_a_refusal_never_repeats_a_value(type, query):
    with pytest.raises(TaiheError) as caught:
        parse(type, pairs_of(query))
    assert "341222198005024017" not in str(caught.value)
    assert "Zhang" not in str(caught.value) and "张" not in str(caught.value)


def test_repeated_parameters_all_hold_and_commas_are_alternatives():
    things = [
        {"resourceType": "Patient", "id": id, "name": [{"given": given}]}
        for id, given in (("a", ["Ann", "Bea"]), ("b", ["Bea"]), ("c", ["Cid", "Ann"]))
    ]
    table = """
        type    | query                       | found
        --------+-----------------------------+--------
        Patient | given=ann&given=bea         | a
        Patient | given=ann,bea               | a b c
        Patient | given=ann&given=bea,cid     | a c
        Patient | given=ann&given=ann         | a c
    """
    finds(things, table)


HOSTILE = [
    ("Patient", "_filter", "(" * 5000 + "name eq 1"),
    ("Patient", "_filter", "not (" * 1500),
    ("Patient", "_filter", " and ".join(["name eq 1"] * 900)),
    ("Patient", "_filter", "name eq \"" + "\\" * 9000),
    ("Patient", "_filter", "x" * 20_000),
    ("Patient", "_filter", "organization." * 700 + "name eq 1"),
    ("Patient", "_text", "(" * 5000 + "x"),
    ("Patient", "_text", "not " * 150 + "x"),
    ("Patient", "_content", "x " * 100_000),
    ("Patient", "link." * 3000 + "name", "x"),
    ("Patient", "_has:Observation:patient:" * 3000 + "code", "x"),
    ("Patient", "name", ",".join("abc" for _ in range(50_000))),
    ("RiskAssessment", "probability", "9" * 100_000),
    ("RiskAssessment", "probability", "1e" + "9" * 100_000),
    ("Patient", "birthdate", "2" * 1_000_000),
    ("Patient", "identifier", "|" * 100_000),
    ("Observation", "subject", "A/" * 100_000),
    ("Location", "near", "1" * 100_000),
    ("Patient", "x" * 100_000, "x"),
    ("Patient", "name:" + "x" * 100_000, "x"),
    ("Patient", "_include", "Patient:" + "x" * 100_000),
    ("Patient", "_sort", "x" * 100_000),
]  # fmt: skip


@pytest.mark.parametrize(("type", "name", "text"), HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_hostile_is_refused_in_little_time(type, name, text):
    begin = time.process_time()
    try:
        parse(type, [(name, text)])
    except TaiheError as refused:
        assert len(str(refused)) < 1000
    assert time.process_time() - begin < 1


HOSTILE_TEXTS = {
    "open tags": "<a " * 100_000,
    "open comments": "<!--" * 100_000,
    "no space": "高" * 300_000,
    "entities": "&amp;" * 60_000,
    "marks": "\u0301" * 300_000,
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_hostile_texts_are_searched_in_little_time(text):
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "text": {"status": "generated", "div": text},
        "name": [{"text": text, "family": text}],
        "managingOrganization": {"reference": text},
    }
    begin = time.process_time()
    store = MemoryStore([patient])
    for query in ("_text=高", "_content=高", "name=高", "organization=x"):
        store.search(parse("Patient", pairs_of(query)))
    assert time.process_time() - begin < 5
