"""
The R4 search page clause by clause: https://hl7.org/fhir/R4/search.html.

Each table is a clause; each has what is found and what nearly is.
"""

from __future__ import annotations

import pytest

from taihe.fhir.compartments import within
from taihe.fhir.search import Terms, parse
from taihe.fhir.search.memory import MemoryStore
from taihe.fhir.search.plain import Plain
from taihe.kernel.errors import Incorrect
from tests.spec.fhir.searches import finds, pairs_of

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def patient(id: str, **parts) -> dict:
    return {"resourceType": "Patient", "id": id, **parts}


def observation(id: str, **parts) -> dict:
    return {"resourceType": "Observation", "id": id, "status": "final", **parts}


def coded(code: str, system: str = LOINC, text: str = "") -> dict:
    found = {"coding": [{"system": system, "code": code}]}
    return {**found, "text": text} if text else found


def test_a_string_is_found_by_its_beginning_without_case_and_accents():
    people = [
        patient("eve", name=[{"family": "Müller", "given": ["Eve"]}]),
        patient("evelyn", name=[{"family": "van de Vries", "given": ["Evelyn"]}]),
        patient("severine", name=[{"family": "O'Neil, Jr", "given": ["Severine"]}]),
        patient("none", gender="female"),
    ]
    table = r"""
        type    | query                    | found
        --------+--------------------------+------------------------
        Patient | given=eve                | eve evelyn
        Patient | given=EVE                | eve evelyn
        Patient | given:contains=eve       | eve evelyn severine
        Patient | given:exact=Eve          | eve
        Patient | given:exact=eve          | -
        Patient | family=muller            | eve
        Patient | family=MÜLL              | eve
        Patient | family=vries             | -
        Patient | family:contains=de vries | evelyn
        Patient | family=o'neil\, jr       | severine
        Patient | family=o'neil\,jr        | -
        Patient | family=mül,van           | eve evelyn
        Patient | given=eve&given=eve      | eve evelyn
        Patient | given=eve&family=van     | evelyn
        Patient | name=müller eve          | eve
        Patient | given:missing=true       | none
        Patient | given:missing=false      | eve evelyn severine
    """
    finds(people, table)


def test_a_token_is_found_by_system_and_code():
    mine = {"type": coded("MR", "urn:types", "Medical record"), "system": "urn:a", "value": "1"}
    people = [
        patient("a", identifier=[mine], gender="male", active=True),
        patient("b", identifier=[{"system": "urn:b", "value": "1"}], gender="female"),
        patient("c", identifier=[{"value": "1"}, {"system": "urn:a", "value": "x|y"}]),
        patient("d", maritalStatus={"text": "Never married"}, active=False),
        patient("e", telecom=[{"system": "phone", "value": "555"}], deceasedBoolean=False),
        patient("f", identifier=[{"system": "urn:a"}], deceasedDateTime="2020"),
    ]
    table = r"""
        type    | query                               | found
        --------+-------------------------------------+-------------
        Patient | identifier=1                        | a b c
        Patient | identifier=urn:a|1                  | a
        Patient | identifier=|1                       | c
        Patient | identifier=urn:a|                   | a c
        Patient | identifier=urn:b|,urn:a|1           | a b
        Patient | identifier=urn:a|x\|y               | c
        Patient | identifier=2                        | -
        Patient | gender=male                         | a
        Patient | gender=Male                         | -
        Patient | gender:not=male                     | b c d e f
        Patient | gender:not=male,female              | c d e f
        Patient | gender:not=male&gender:missing=false | b
        Patient | active=true                         | a
        Patient | active=false                        | d
        Patient | active:missing=true                 | b c e f
        Patient | phone=555                           | e
        Patient | deceased=true                       | f
        Patient | identifier:of-type=urn:types|MR|1   | a
        Patient | identifier:of-type=urn:types|MR|2   | -
        Patient | identifier:of-type=urn:other|MR|1   | -
        Patient | identifier:text=medical             | a
        Patient | identifier:text=record              | -
    """
    finds(people, table)


def test_above_below_in_and_not_in_come_from_code_systems_and_value_sets():
    icd = {
        "resourceType": "CodeSystem",
        "url": "urn:icd",
        "content": "complete",
        "concept": [
            {"code": "E10-E14", "concept": [{"code": "E11", "concept": [{"code": "E11.9"}]},
                                            {"code": "E14"}]},
            {"code": "I10", "property": [{"code": "parent", "valueCode": "I10-I15"}]},
            {"code": "I10-I15"},
        ],
    }  # fmt: skip
    diabetes = {"resourceType": "ValueSet", "id": "dm", "url": "urn:vs:dm", "compose": {
        "include": [{"system": "urn:icd", "filter": [
            {"property": "concept", "op": "is-a", "value": "E11"}]}]}}  # fmt: skip
    terms = Terms([icd, diabetes])
    pressure = {"resourceType": "ValueSet", "url": "urn:vs:bp", "compose": {
        "include": [{"system": "urn:icd", "filter": [
            {"property": "concept", "op": "descendent-of", "value": "I10-I15"}]}]}}  # fmt: skip
    terms.add(pressure)
    things = [
        {"resourceType": "Condition", "id": code or "text", "code": coded(code, system)}
        for code, system in (("E11", "urn:icd"), ("E11.9", "urn:icd"), ("E14", "urn:icd"),
                             ("I10", "urn:icd"), ("E11.8", "urn:other"))
    ]  # fmt: skip
    things.append({"resourceType": "Condition", "id": "text", "code": {"text": "diabetes"}})
    things += [{"resourceType": "Observation", "id": s, "status": s, "code": coded("x")}
               for s in ("final", "amended", "corrected")]  # fmt: skip
    table = """
        type        | query                                        | found
        ------------+----------------------------------------------+-----------------------
        Condition   | code:below=urn:icd|E11                       | E11 E11.9
        Condition   | code:below=E11                               | E11 E11.9
        Condition   | code:below=urn:icd|E10-E14                   | E11 E11.9 E14
        Condition   | code:below=urn:icd|I10-I15                   | I10
        Condition   | code:below=urn:icd|E14,urn:icd|I10-I15       | E14 I10
        Condition   | code:above=urn:icd|E11.9                     | E11 E11.9
        Condition   | code:above=urn:icd|I10                       | I10
        Condition   | code:in=urn:vs:dm                            | E11 E11.9
        Condition   | code:in=ValueSet/dm                          | E11 E11.9
        Condition   | code:in=urn:vs:bp                            | I10
        Condition   | code:not-in=urn:vs:dm                        | E14 I10 E11.8 text
        Observation | status:below=amended                         | amended corrected
        Observation | status:above=corrected                       | amended corrected
        Observation | status:below=final                           | final
        Observation | status:in=http://hl7.org/fhir/ValueSet/observation-status | final amended corrected
    """
    finds(things, table, terms=terms)


def test_a_date_means_its_period():
    days = [
        patient("day", birthDate="2013-01-14"),
        patient("next", birthDate="2013-01-15"),
        patient("month", birthDate="2013-01"),
        patient("year", birthDate="2013"),
    ]
    table = """
        type    | query                                       | found
        --------+---------------------------------------------+---------------------
        Patient | birthdate=2013-01-14                        | day
        Patient | birthdate=2013-01                           | day next month
        Patient | birthdate=2013                              | day next month year
        Patient | birthdate=ne2013-01                         | year
        Patient | birthdate=gt2013-01-14                      | next month year
        Patient | birthdate=sa2013-01-14                      | next
        Patient | birthdate=lt2013-01-15                      | day month year
        Patient | birthdate=eb2013-01-15                      | day
        Patient | birthdate=ge2013-01-15                      | next month year
        Patient | birthdate=le2013-01-14                      | day month year
        Patient | birthdate=ap2013-01-16                      | next month year
        Patient | birthdate=ge2013-01-15&birthdate=lt2014     | next month year
        Patient | birthdate=2013-01-14,2013-01-15             | day next
    """
    finds(days, table)


def test_a_moment_is_compared_with_its_zone():
    moments = [
        observation("utc", effectiveDateTime="2013-01-14T10:00:00Z"),
        observation("china", effectiveDateTime="2013-01-14T18:00:00+08:00"),
        observation("late", effectiveDateTime="2013-01-14T23:30:00-05:00"),
        observation("fine", effectiveInstant="2013-01-14T10:00:00.250Z"),
        observation("day", effectiveDateTime="2013-01-14"),
    ]
    table = """
        type        | query                                | found
        ------------+--------------------------------------+----------------------
        Observation | date=2013-01-14T10:00Z               | utc china fine
        Observation | date=2013-01-14T10:00:00Z            | utc china fine
        Observation | date=2013-01-14T10:00:00.25Z         | fine
        Observation | date=2013-01-14T18:00+08:00          | utc china fine
        Observation | date=2013-01-14T18:00 08:00          | utc china fine
        Observation | date=2013-01-14                      | utc china fine day
        Observation | date=2013-01-15                      | late
        Observation | date=lt2013-01-14T10:00Z             | day
        Observation | date=gt2013-01-14T10:00Z             | late day
        Observation | date=sa2013-01-14T10:00Z             | late
    """
    finds(moments, table)


def test_a_period_or_timing_has_its_ends():
    spans = [
        observation("jan", effectivePeriod={"start": "2020-01-01", "end": "2020-01-31"}),
        observation("open", effectivePeriod={"start": "2020-01-10"}),
        observation("until", effectivePeriod={"end": "2020-01-10"}),
        observation("twice", effectiveTiming={"event": ["2020-01-05", "2020-01-25"]}),
        observation("bound", effectiveTiming={"repeat": {"boundsPeriod": {"start": "2020-02-01",
                                                                          "end": "2020-02"}}}),
        observation("empty", effectiveTiming={"repeat": {"frequency": 1}}),
    ]  # fmt: skip
    table = """
        type        | query                     | found
        ------------+---------------------------+------------------------------
        Observation | date=2020-01              | jan twice
        Observation | date=2020                 | jan twice bound
        Observation | date=ne2020-01            | open until bound
        Observation | date=gt2020-01-31         | open bound
        Observation | date=ge2020-01-31         | jan open bound
        Observation | date=lt2020-01-01         | until
        Observation | date=sa2020-01-07         | open bound
        Observation | date=sa2020-01-04         | open twice bound
        Observation | date=eb2020-01-11         | until
        Observation | date=eb2020-01-10         | -
        Observation | date=ap2020-01-10         | jan open until twice
        Observation | date:missing=true         | empty
    """
    finds(spans, table)


def test_a_number_means_its_digits():
    risks = [
        {"resourceType": "RiskAssessment", "id": id, "prediction": [{"probabilityDecimal": number}]}
        for id, number in (("a", 99.4), ("b", 99.5), ("c", 100), ("d", 100.49), ("e", 100.5),
                           ("f", 109), ("g", 0.004))
    ]  # fmt: skip
    table = """
        type           | query                    | found
        ---------------+--------------------------+---------------
        RiskAssessment | probability=100          | b c d
        RiskAssessment | probability=100.00       | c
        RiskAssessment | probability=1e2          | a b c d e
        RiskAssessment | probability=1.1e2        | -
        RiskAssessment | probability=1.09e2       | f
        RiskAssessment | probability=1.00e2       | b c d
        RiskAssessment | probability=4e-3         | g
        RiskAssessment | probability=ne100        | a e f g
        RiskAssessment | probability=lt100        | a b g
        RiskAssessment | probability=le100        | a b c d g
        RiskAssessment | probability=gt100        | d e f
        RiskAssessment | probability=ge100        | b c d e f
        RiskAssessment | probability=sa100        | d e f
        RiskAssessment | probability=eb100        | a b g
        RiskAssessment | probability=ap100        | a b c d e f
        RiskAssessment | probability=ap99         | a b c d e
    """
    finds(risks, table)


def test_a_quantity_has_a_number_and_a_unit():
    def amount(id, value, code="mg", system=UCUM, unit="mg"):
        quantity = {"value": value, "system": system, "code": code, "unit": unit}
        return observation(id, valueQuantity={k: v for k, v in quantity.items() if v})

    amounts = [
        amount("ucum", 5.4),
        amount("near", 5.44),
        amount("far", 5.46),
        amount("other", 5.4, system="urn:own"),
        amount("written", 5.4, code="", system=""),
        amount("kg", 5.4, code="kg", unit="kilogram"),
        observation("none", valueString="5.4 mg"),
    ]
    table = f"""
        type        | query                                | found
        ------------+--------------------------------------+-------------------------
        Observation | value-quantity=5.4                   | ucum near other written kg
        Observation | value-quantity=5.40                  | ucum other written kg
        Observation | value-quantity=5.4|{UCUM}|mg         | ucum near
        Observation | value-quantity=5.4||mg               | ucum near other written
        Observation | value-quantity=5.4||kilogram         | kg
        Observation | value-quantity=5.4||g                | -
        Observation | value-quantity=54e-1||mg             | ucum near other written
        Observation | value-quantity=gt5.4||mg             | near far
        Observation | value-quantity=le5.4|{UCUM}|mg       | ucum near
        Observation | value-quantity=ap5|{UCUM}|mg         | ucum near far
        Observation | value-quantity=ne5.4|{UCUM}|mg       | far
        Observation | value-quantity:missing=true          | none
    """
    finds(amounts, table)


def test_a_reference_is_an_id_a_type_and_id_or_an_address():
    urn = "urn:uuid:c757873d-ec9a-4326-a141-556f43239521"
    things = [
        patient("p1", name=[{"family": "Li"}]),
        {"resourceType": "Group", "id": "p1", "type": "person", "actual": True},
        observation("to-patient", subject={"reference": "Patient/p1"}),
        observation("versioned", subject={"reference": "Patient/p1/_history/2"}),
        observation("to-group", subject={"reference": "Group/p1"}),
        observation("elsewhere", subject={"reference": "http://else.where/fhir/Patient/p1"}),
        observation("by-urn", subject={"reference": urn}),
        observation("logical", subject={"identifier": {"system": "urn:a", "value": "7"}}),
        observation("contained", subject={"reference": "#c"},
                    contained=[{"resourceType": "Patient", "id": "c"}]),
    ]  # fmt: skip
    table = f"""
        type        | query                                           | found
        ------------+-------------------------------------------------+------------------------
        Observation | subject=Patient/p1                              | to-patient versioned
        Observation | subject=p1                                      | to-patient versioned to-group
        Observation | subject:Patient=p1                              | to-patient versioned
        Observation | subject:Group=p1                                | to-group
        Observation | patient=p1                                      | to-patient versioned
        Observation | subject=http://else.where/fhir/Patient/p1       | elsewhere
        Observation | subject={urn}                                   | by-urn
        Observation | subject:identifier=urn:a|7                      | logical
        Observation | subject:identifier=|7                           | -
        Observation | subject=7                                       | -
        Observation | subject:missing=true                            | logical contained
        Observation | subject=Patient/p1,Group/p1                     | to-patient versioned to-group
    """
    finds(things, table)


def test_below_and_above_follow_what_a_resource_is_part_of():
    def place(id, of=None):
        part = {"partOf": {"reference": f"Location/{of}"}} if of else {}
        return {"resourceType": "Location", "id": id, **part}

    def stay(id, location):
        place = {"location": {"reference": f"Location/{location}"}}
        return {"resourceType": "Encounter", "id": id, "location": [place]}

    world = [
        place("county"), place("township", "county"), place("village", "township"), place("city"),
        place("x", "y"), place("y", "x"),
        stay("e1", "county"), stay("e2", "township"), stay("e3", "village"), stay("e4", "city"),
        stay("e5", "x"),
    ]  # fmt: skip
    table = """
        type      | query                        | found
        ----------+------------------------------+-----------------------
        Encounter | location=county              | e1
        Encounter | location:below=county        | e1 e2 e3
        Encounter | location:below=Location/township | e2 e3
        Encounter | location:above=village       | e1 e2 e3
        Encounter | location:above=county        | e1
        Encounter | location:below=city,township | e2 e3 e4
        Encounter | location:below=x             | e5
        Location  | partof:below=county          | township village
        Location  | partof:above=township        | township village
        Location  | partof:missing=true          | county city
    """
    finds(world, table)


def test_a_canonical_has_versions():
    base = "http://x/Measure/m"
    things = [
        {"resourceType": "MeasureReport", "id": id, "measure": f"{base}{version}"}
        for id, version in (("none", ""), ("v1", "|1"), ("v12", "|1.2"), ("v123", "|1.2.3"),
                            ("v120", "|1.20"), ("other", "2"))
    ]  # fmt: skip
    table = f"""
        type          | query                       | found
        --------------+-----------------------------+-----------------------
        MeasureReport | measure={base}              | none v1 v12 v123 v120
        MeasureReport | measure={base}\\|1.2         | v12
        MeasureReport | measure:below={base}\\|1.2   | v12 v123
        MeasureReport | measure:below={base}        | none v1 v12 v123 v120
        MeasureReport | measure:above={base}\\|1.2.3 | none v1 v12 v123
        MeasureReport | measure:above={base}        | none
    """
    finds(things, table)


def test_a_uri_has_a_path():
    things = [
        {"resourceType": "ValueSet", "id": id, "url": url}
        for id, url in (("a", "http://acme.org/fhir/ValueSet/123"), ("b", "http://acme.org/fhir"),
                        ("c", "http://acme.org/fhir2"), ("d", "urn:oid:1.2.3"))
    ]  # fmt: skip
    table = """
        type     | query                                        | found
        ---------+----------------------------------------------+-------
        ValueSet | url=http://acme.org/fhir/ValueSet/123        | a
        ValueSet | url=http://acme.org/fhir                     | b
        ValueSet | url=HTTP://acme.org/fhir                     | -
        ValueSet | url:below=http://acme.org/fhir               | a b
        ValueSet | url:below=http://acme.org/fhir/              | a
        ValueSet | url:above=http://acme.org/fhir/ValueSet/123/_history/5 | a b
        ValueSet | url=urn:oid:1.2.3                            | d
    """
    finds(things, table)


def test_a_composite_holds_within_one_part():
    def pressure(id, systolic, diastolic):
        return observation(id, component=[
            {"code": coded("8480-6"), "valueQuantity": {"value": systolic, "unit": "mmHg"}},
            {"code": coded("8462-4"), "valueQuantity": {"value": diastolic, "unit": "mmHg"}},
        ])  # fmt: skip

    things = [
        pressure("high", 150, 80),
        pressure("low", 80, 150),
        observation("alone", code=coded("8480-6"), valueQuantity={"value": 150, "unit": "mmHg"}),
        observation("word", code=coded("600-7"), valueString="E. coli"),
        {"resourceType": "DocumentReference", "id": "new", "relatesTo": [
            {"code": "replaces", "target": {"reference": "DocumentReference/old"}},
            {"code": "signs", "target": {"reference": "DocumentReference/other"}}]},
    ]  # fmt: skip
    table = f"""
        type        | query                                                     | found
        ------------+-----------------------------------------------------------+---------
        Observation | component-code-value-quantity={LOINC}|8480-6$gt100        | high
        Observation | component-code-value-quantity=8480-6$gt100||mmHg          | high
        Observation | component-code-value-quantity=8480-6$gt100||kPa           | -
        Observation | code-value-quantity=8480-6$150                            | alone
        Observation | combo-code-value-quantity=8480-6$150                      | high alone
        Observation | component-code-value-quantity=8480-6$80,8462-4$80         | high low
        Observation | component-code=8480-6&component-value-quantity=lt100      | high low
        Observation | code-value-string=600-7$e. co                             | word
        Observation | code-value-string=600-8$e. co                             | -
        DocumentReference | relationship=DocumentReference/old$replaces         | new
        DocumentReference | relationship=old$signs                              | -
    """
    finds(things, table)


CARE = [
    {"resourceType": "Organization", "id": "o1", "name": "County hospital"},
    {"resourceType": "Organization", "id": "o2", "name": "Clinic",
     "partOf": {"reference": "Organization/o1"}},
    patient("p1", name=[{"family": "Li"}], managingOrganization={"reference": "Organization/o2"}),
    patient("p2", name=[{"family": "Wang"}], managingOrganization={"reference": "Organization/o1"}),
    patient("p3", link=[{"other": {"reference": "Patient/p1"}, "type": "seealso"}]),
    {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
     "subject": {"reference": "Patient/p1"}},
    {"resourceType": "Encounter", "id": "e2", "status": "planned", "class": {"code": "IMP"},
     "subject": {"reference": "Patient/p2"}},
    observation("ob1", code=coded("1"), subject={"reference": "Patient/p1"},
                encounter={"reference": "Encounter/e1"}),
    observation("ob2", code=coded("2"), subject={"reference": "Patient/p2"},
                encounter={"reference": "Encounter/e2"}),
    observation("ob3", code=coded("1"), subject={"reference": "Group/g"},
                derivedFrom=[{"reference": "Observation/ob2"}]),
    {"resourceType": "Group", "id": "g", "member": [{"entity": {"reference": "Patient/p2"}}]},
    {"resourceType": "List", "id": "l", "entry": [{"item": {"reference": "Patient/p1"}},
                                                  {"item": {"reference": "Patient/p3"}}]},
]  # fmt: skip


def test_chains_lead_on_and_has_leads_back():
    table = """
        type         | query                                                    | found
        -------------+----------------------------------------------------------+-----------
        Observation  | subject.name=li                                          | ob1
        Observation  | subject:Patient.name=li                                  | ob1
        Observation  | patient.organization.name=clinic                         | ob1
        Observation  | patient.organization.partof.name=county                  | ob1
        Observation  | patient.organization.partof.name=clinic                  | -
        Observation  | patient.name=li,wang                                     | ob1 ob2
        Observation  | patient.name=li&code=2                                   | -
        Observation  | subject:Group.member:Patient.name=wang                   | ob3
        Patient      | _has:Observation:patient:code=1                          | p1
        Patient      | _has:Observation:patient:code=1,2                        | p1 p2
        Patient      | _has:Observation:patient:code=1&_has:Observation:patient:code=2 | -
        Patient      | _has:Observation:patient:encounter.class=IMP             | p2
        Patient      | _has:Observation:patient:encounter:Encounter.status=finished | p1
        Patient      | _has:Observation:patient:_has:Observation:derived-from:code=1 | p2
        Organization | _has:Patient:organization:_has:Encounter:patient:class=AMB | o2
        Encounter    | patient._has:Group:member:_id=g                          | e2
        Patient      | _has:Observation:patient:code:not=1                      | p2
        Patient      | link._id=p1                                              | p3
        Patient      | _list=l                                                  | p1 p3
        Patient      | _list=l&name=li                                          | p1
        Patient      | _list=m                                                  | -
        Observation  | patient._list=l                                          | ob1
    """
    finds(CARE, table)


def test_includes_add_what_is_referred_to_and_what_refers():
    table = """
        type         | query                                                  | found
        -------------+--------------------------------------------------------+---------------
        Observation  | code=1&_include=Observation:patient                    | ob1 ob3 + Patient/p1
        Observation  | code=1&_include=Observation:subject                    | ob1 ob3 + Patient/p1 Group/g
        Observation  | code=1&_include=Observation:subject:Group              | ob1 ob3 + Group/g
        Observation  | _id=ob1&_include=*                                     | ob1 + Patient/p1 Encounter/e1
        Observation  | _id=ob1&_include=Observation:*                         | ob1 + Patient/p1 Encounter/e1
        Observation  | _id=ob1&_include=Observation:patient&_include:iterate=Patient:organization | ob1 + Patient/p1 Organization/o2
        Organization | _id=o2&_include:iterate=Organization:partof            | o2 + Organization/o1
        Patient      | _id=p1&_revinclude=Observation:patient                 | p1 + Observation/ob1
        Patient      | _id=p2&_revinclude=Observation:patient&_revinclude:iterate=Observation:derived-from | p2 + Observation/ob2 Observation/ob3
        Patient      | _id=p3&_revinclude=*                                   | p3 + List/l
        Patient      | _id=p2&_include=Patient:link                           | p2
    """
    finds(CARE, table)


def test_matches_come_in_the_order_that_is_asked_for():
    people = [
        patient("a", birthDate="1980", name=[{"family": "Wu"}, {"family": "An"}]),
        patient("b", birthDate="1970", name=[{"family": "Li"}]),
        patient("c", name=[{"family": "li"}], gender="female"),
        patient("d", birthDate="1980", gender="male"),
    ]
    table = """
        type    | query                       | found
        --------+-----------------------------+---------
        Patient | _sort=birthdate             | b a d c
        Patient | _sort=-birthdate            | a d b c
        Patient | _sort=-birthdate,-_id       | d a b c
        Patient | _sort=family                | a b c d
        Patient | _sort=-family               | a b c d
        Patient | _sort=-family,-_id          | a c b d
        Patient | _sort=-_id                  | d c b a
        Patient | _sort=gender,birthdate      | c d b a
    """
    finds(people, table)


def test_parameters_of_every_resource():
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><p>诊断：<b>高</b>血压 II 期</p><p>Diet</p></div>'
    things = [
        patient("a", text={"status": "generated", "div": div},
                meta={"lastUpdated": "2024-05-01T08:00:00Z", "profile": ["http://x/p|1"],
                      "tag": [{"system": "urn:t", "code": "new"}], "source": "http://lab/1"}),
        patient("b", name=[{"text": "高压氧"}], photo=[{"data": "Diet", "title": "血压 chart"}],
                meta={"lastUpdated": "2024-06-01T08:00:00+08:00",
                      "security": [{"system": "urn:s", "code": "R"}]}),
    ]  # fmt: skip
    table = """
        type    | query                              | found
        --------+------------------------------------+-------
        Patient | _id=a                              | a
        Patient | _id=a,b                            | a b
        Patient | _lastUpdated=2024-05-01            | a
        Patient | _lastUpdated=gt2024-05-02          | b
        Patient | _lastUpdated=2024-06-01T00:00Z     | b
        Patient | _tag=urn:t|new                     | a
        Patient | _tag:not=new                       | b
        Patient | _security=R                        | b
        Patient | _profile=http://x/p\\|1             | a
        Patient | _profile=http://x/p                | -
        Patient | _source=http://lab/1               | a
        Patient | _source:below=http://lab           | a
        Patient | _text=高血压                       | a
        Patient | _text=血压                         | a
        Patient | _text=压                           | a
        Patient | _text=血压高                       | -
        Patient | _text=高血压 diet                  | a
        Patient | _text=高血压,氧                    | a
        Patient | _text=(氧 OR 高血压) and diet      | a
        Patient | _text=(氧 or 糖尿病) AND diet      | -
        Patient | _text=diet not 糖尿病              | a
        Patient | _text=not 高血压                   | b
        Patient | _text="血压 ii"                    | a
        Patient | _content=not (chart or 期)         | -
        Patient | _content=chart or 高血压           | a b
        Patient | _text=die                          | -
        Patient | _text=chart                        | -
        Patient | _content=chart                     | b
        Patient | _content=血压                      | a b
        Patient | _content=高血压                    | a
        Patient | _content=高压氧 chart              | b
        Patient | _content=diet                      | a
    """
    finds(things, table)


def test_near_is_a_distance_on_the_earth():
    def place(id, latitude, longitude):
        position = {"latitude": latitude, "longitude": longitude}
        return {"resourceType": "Location", "id": id, "position": position}

    places = [place("taihe", 33.16, 115.62), place("fuyang", 32.89, 115.81),
              place("hefei", 31.86, 117.28), {"resourceType": "Location", "id": "nowhere"}]  # fmt: skip
    table = """
        type     | query                                | found
        ---------+--------------------------------------+---------------------
        Location | near=33.16|115.62                    | taihe fuyang
        Location | near=33.16|115.62|10|km              | taihe
        Location | near=33.16|115.62|35                 | taihe fuyang
        Location | near=33.16|115.62|35000|m            | taihe fuyang
        Location | near=33.16|115.62|150|[mi_us]        | taihe fuyang hefei
        Location | near=-33.16|115.62|10|km             | -
        Location | near:missing=true                    | nowhere
    """
    finds(places, table)


def test_a_filter_joins_tests():
    table = """
        type        | query                                                          | found
        ------------+----------------------------------------------------------------+-------------
        Patient     | _filter=name co "a"                                            | p2
        Patient     | _filter=family eq "LI"                                         | p1
        Patient     | _filter=family eq "l"                                          | -
        Patient     | _filter=family sw "l"                                          | p1
        Patient     | _filter=family ew "ng"                                         | p2
        Patient     | _filter=family ne "Li"                                         | p2
        Patient     | _filter=name pr false                                          | p3
        Patient     | _filter=not (family eq "Li")                                   | p2 p3
        Patient     | _filter=family eq "Li" or family eq "Wang"                     | p1 p2
        Patient     | _filter=family eq "Li" or family eq "Wang" and name co "g"     | p2
        Patient     | _filter=family eq "Li" or (family eq "Wang" and name co "g")   | p1 p2
        Patient     | _filter=id eq p1                                               | p1
        Patient     | _filter=organization.partof.name sw "county"                   | p1
        Patient     | _filter=organization[name eq "Clinic"].partof pr true          | p1
        Patient     | _filter=_has:Observation:patient:code eq http://loinc.org|2    | p2
        Observation | _filter=subject re Patient/p1                                  | ob1
        Observation | _filter=subject:Patient.name co "an"                           | ob2
        Observation | _filter=code ne 1                                              | ob2
        Observation | _filter=code eq 1 and not (subject pr false)                   | ob1 ob3
        Encounter   | _filter=(class eq AMB) or (class eq IMP and status eq finished) | e1
        Encounter   | _filter=status ss finished                                     | e1
        Encounter   | _filter=status in http://hl7.org/fhir/ValueSet/encounter-status | e1 e2
        Encounter   | _filter=status ni http://hl7.org/fhir/ValueSet/encounter-status | -
        Patient     | _filter=family eq "Li"&_id=p2                                  | -
    """
    finds(CARE, table)


def test_a_filter_compares_dates_and_amounts():
    things = [
        observation("a", effectivePeriod={"start": "2020-01-01", "end": "2020-01-20"},
                    valueQuantity={"value": 5.4, "unit": "mg"}),
        observation("b", effectiveDateTime="2020-02-01", valueQuantity={"value": 7, "unit": "mg"}),
    ]  # fmt: skip
    table = """
        type        | query                                            | found
        ------------+--------------------------------------------------+-------
        Observation | _filter=date po 2020-01-15                       | a
        Observation | _filter=date po 2020                             | a b
        Observation | _filter=date po 2020-01-21                       | -
        Observation | _filter=date sa 2020-01-20                       | b
        Observation | _filter=date ge 2020-01-15 and date lt 2020-02-01 | a
        Observation | _filter=value-quantity gt 5.4||mg                | b
        Observation | _filter=value-quantity eq "5.4||mg"              | a
        Observation | _filter=value-quantity ap 5                      | a
    """
    finds(things, table)


def test_a_compartment_holds_what_refers_to_it():
    def asked(type, query, compartment, id):
        found = within(parse(type, pairs_of(query)), compartment, id)
        answers = [store.search(found) for store in (MemoryStore(CARE), Plain(CARE))]
        assert answers[0] == answers[1]
        return [one["id"] for one in answers[0]]

    assert asked("Observation", "_sort=_id", "Patient", "p1") == ["ob1"]
    assert asked("Observation", "code=2", "Patient", "p1") == []
    assert asked("Patient", "_sort=_id", "Patient", "p1") == ["p1", "p3"]
    assert asked("Encounter", "_sort=_id", "Encounter", "e1") == ["e1"]
    assert asked("Observation", "_sort=_id", "Encounter", "e2") == ["ob2"]
    assert asked("Group", "_sort=_id", "Patient", "p2") == ["g"]
    with pytest.raises(Incorrect, match="in no Patient's compartment"):
        within(parse("Organization", []), "Patient", "p1")
    with pytest.raises(Incorrect, match="no compartment"):
        within(parse("Patient", []), "Group", "p1")
