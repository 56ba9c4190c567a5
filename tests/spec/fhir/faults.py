"""
Faults that are seeded into valid resources, one kind a line, each with a near miss beside it.

`wrong` and `near` replace keys of a base resource (REMOVE takes one away); `at` is where the
fault is found and `says` a part of the sentence. `tools/compare_validation.py` shows the same
table beside fhir.resources.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from taihe.fhir import fhirpath

REMOVE = object()
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>'
UNKNOWN = {"extension": [{"url": "http://x/unknown", "valueCode": "unknown"}]}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"lastUpdated": "2024-01-01T00:00:00Z", "profile": ["http://x/p"]},
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "县医院"}],
    "extension": [{"url": "http://x/e", "valueString": "e"}],
    "identifier": [{"use": "official", "system": "urn:oid:1.2", "value": "1"}],
    "active": True,
    "name": [{"use": "official", "family": "张", "given": ["伟", None], "_given": [None, UNKNOWN]}],
    "gender": "male",
    "birthDate": "1980-05-02",
    "_birthDate": {"extension": [{"url": "http://x/t", "valueTime": "08:00:00"}]},
    "deceasedBoolean": False,
    "maritalStatus": {"coding": [{"system": "http://x", "code": "M"}]},
    "managingOrganization": {"reference": "#o1"},
    "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
}
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "x"},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2024-02-29T08:30:00+08:00",
    "valueQuantity": {
        "value": 5.4,
        "unit": "mmol/L",
        "system": "http://unitsofmeasure.org",
        "code": "mmol/L",
    },
    "component": [
        {
            "code": {"text": "y"},
            "valueString": "z",
            "referenceRange": [{"low": {"value": 1}, "text": "from 1"}],
        }
    ],
}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/1"},
    "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]},
}
ENTRY = {
    "fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "resource": {"resourceType": "Patient", "id": "p", "active": True},
    "request": {"method": "POST", "url": "Patient"},
}
BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": [ENTRY]}
QUESTIONNAIRE = {
    "resourceType": "Questionnaire",
    "status": "draft",
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "text": "a",
            "item": [{"linkId": "1.1", "type": "string", "text": "b"}],
        }
    ],
}
PARAMETERS = {"resourceType": "Parameters", "parameter": [{"name": "p", "valueBoolean": True}]}
ORGANIZATION = {"resourceType": "Organization", "name": "卫生院"}
MEDICATION_REQUEST = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/1"},
    "medicationCodeableConcept": {"text": "甘草"},
}
BASES: dict[str, dict[str, Any]] = {
    one["resourceType"]: one  # type: ignore[misc]
    for one in (
        PATIENT, OBSERVATION, CONDITION, BUNDLE, QUESTIONNAIRE, PARAMETERS, ORGANIZATION,
        MEDICATION_REQUEST,
    )
}  # fmt: skip


def selected(location: str, resource: dict[str, Any], there: bool) -> list[Any]:
    """The elements at a location, or above it when it need not be there."""
    above = (location.rpartition(".")[0], location.rpartition("[")[0])
    for path in (location,) if there else (location, *above):
        if path and (items := fhirpath.compile(path).items(resource)):
            return items
    return []


@dataclass(frozen=True)
class Fault:
    """One kind of fault in a base resource, and a near miss that is accepted."""

    kind: str
    base: str
    wrong: dict[str, Any]
    at: str
    says: str
    near: dict[str, Any]

    def resource(self, change: dict[str, Any]) -> dict[str, Any]:
        """The base resource with a change."""
        made = copy.deepcopy(BASES[self.base])
        for key, value in change.items():
            if value is REMOVE:
                made.pop(key, None)
            else:
                made[key] = copy.deepcopy(value)
        return made


def patient(kind: str, wrong: Any, at: str, says: str, near: Any) -> Fault:
    return Fault(kind, "Patient", wrong, f"Patient.{at}" if at else "Patient", says, near)


def observation(kind: str, wrong: Any, at: str, says: str, near: Any) -> Fault:
    return Fault(
        kind, "Observation", wrong, f"Observation.{at}" if at else "Observation", says, near
    )


def bundle(kind: str, wrong: Any, at: str, says: str, near: Any) -> Fault:
    return Fault(kind, "Bundle", wrong, f"Bundle.{at}" if at else "Bundle", says, near)


def value(kind: str, name: str, wrong: Any, says: str, near: Any) -> Fault:
    """A primitive in Parameters, which may hold every type."""

    def held(one: Any) -> dict[str, Any]:
        return {"parameter": [{"name": "p", f"value{name}": one}]}  # fmt: skip

    return Fault(kind, "Parameters", held(wrong), "Parameters.parameter[0].value", says, held(near))


def narrative(kind: str, wrong: str, near: str) -> Fault:
    def held(div: str) -> dict[str, Any]:
        return {"text": {"status": "generated", "div": div}}  # fmt: skip

    return patient(kind, held(wrong), "text.div", "XHTML", held(near))


def entry(**change: Any) -> dict[str, Any]:
    made = {**ENTRY, **change}
    return {key: one for key, one in made.items() if one is not REMOVE}


INNER = {"resourceType": "Organization", "id": "o1", "name": "x"}
MASS = {"value": 1, "unit": "g", "system": "http://unitsofmeasure.org", "code": "g"}
LONG = "x" * (1024 * 1024)
PART = {"code": {"text": "y"}}

STRUCTURE = [
    patient("unknown element, near a known one", {"nmae": [{"family": "x"}]}, "nmae", "Did you mean name?", {"name": [{"family": "x"}]}),
    patient("unknown element, near none", {"zzz": 1}, "zzz", "has no element", {"language": "zh"}),
    patient("unknown element, deep", {"contact": [{"name": {"familie": "x"}}]}, "contact[0].name.familie", "Did you mean family?", {"contact": [{"name": {"family": "x"}}]}),
    patient("unknown element in an extension", {"extension": [{"url": "u", "valueStrin": "x"}]}, "extension[0].valueStrin", "valueString", {"extension": [{"url": "u", "valueString": "x"}]}),
    patient("element of another resource", {"value": "x"}, "value", "has no element", {"text": {"status": "generated", "div": XHTML % "x"}}),
    patient("element name in the wrong case", {"birthdate": "1980"}, "birthdate", "birthDate", {"birthDate": "1980"}),
    patient("choice without its type", {"deceased": True}, "deceased", "deceasedBoolean", {"deceasedBoolean": True}),
    patient("choice of a type it has not", {"deceasedString": "no"}, "deceasedString", "deceasedBoolean", {"deceasedBoolean": True}),
    patient("choice given twice", {"deceasedDateTime": "2020"}, "deceased", "given twice", {"deceasedBoolean": REMOVE, "deceasedDateTime": "2020"}),
    patient("choice given twice, once as an extension", {"_deceasedDateTime": UNKNOWN}, "deceased", "given twice", {"_deceasedBoolean": UNKNOWN}),
    patient("choice given twice in an extension", {"extension": [{"url": "u", "valueString": "x", "valueCode": "y"}]}, "extension[0].value", "given twice", {"extension": [{"url": "u", "valueCode": "y"}]}),
    observation("choice given twice, deep", {"component": [{**PART, "valueString": "a", "valueInteger": 1}]}, "component[0].value", "given twice", {"component": [{**PART, "valueInteger": 1}]}),
    observation("required element missing", {"status": REMOVE}, "status", "must have status", {"status": "unknown"}),
    observation("required element that is null", {"status": None}, "status", "is null", {"status": REMOVE, "_status": UNKNOWN}),
    patient("required element missing, deep", {"link": [{"type": "seealso"}]}, "link[0].other", "must have other", {"link": [{"type": "seealso", "other": {"display": "x"}}]}),
    patient("required element missing in a backbone", {"communication": [{"preferred": True}]}, "communication[0].language", "must have", {"communication": [{"language": {"text": "汉语"}}]}),
    Fault("required choice missing", "MedicationRequest", {"medicationCodeableConcept": REMOVE}, "MedicationRequest.medication", "must have medication", {"medicationCodeableConcept": REMOVE, "medicationReference": {"reference": "Medication/1"}}),
    patient("more than one where one is allowed, as a list", {"birthDate": ["1980"]}, "birthDate", "only once", {"birthDate": "1980"}),
    patient("a structure in a list where one is allowed", {"maritalStatus": [{"text": "x"}]}, "maritalStatus", "only once", {"maritalStatus": {"text": "x"}}),
    patient("one where a list is asked", {"name": {"family": "x"}}, "name", "brackets", {"name": [{"family": "x"}]}),
    patient("one where a list is asked, deep", {"maritalStatus": {"coding": {"code": "M"}}}, "maritalStatus.coding", "brackets", {"maritalStatus": {"coding": [{"code": "M"}]}}),
    patient("one text where a list is asked", {"name": [{"given": "x"}]}, "name[0].given", "brackets", {"name": [{"given": ["x"]}]}),
    patient("empty list", {"name": []}, "name", "is empty", {"name": REMOVE}),
    patient("empty object", {"name": [{}]}, "name[0]", "empty", {"name": [{"text": "x"}]}),
    patient("empty object, single", {"maritalStatus": {}}, "maritalStatus", "empty", {"maritalStatus": {"text": "x"}}),
    patient("empty text", {"gender": ""}, "gender", "is empty", {"gender": "other"}),
    patient("text of spaces only", {"name": [{"family": " \t "}]}, "name[0].family", "is empty", {"name": [{"family": " x "}]}),
    patient("null", {"gender": None}, "gender", "is null", {"gender": REMOVE}),
    patient("null for a structure", {"maritalStatus": None}, "maritalStatus", "is null", {"maritalStatus": REMOVE}),
    patient("null in a list of structures", {"name": [{"text": "x"}, None]}, "name[1]", "is null", {"name": [{"text": "x"}]}),
    patient("null in a list of texts, nothing beside it", {"name": [{"given": ["x", None]}]}, "name[0].given[1]", "null", {"name": [{"given": ["x", None], "_given": [None, UNKNOWN]}]}),
    patient("null on both sides of a list", {"name": [{"given": ["x", None], "_given": [UNKNOWN, None]}]}, "name[0].given[1]", "null", {"name": [{"given": ["x", None], "_given": [UNKNOWN, UNKNOWN]}]}),
    patient("text where an object is asked", {"name": ["x"]}, "name[0]", "not a HumanName", {"name": [{"text": "x"}]}),
    patient("text where a concept is asked", {"maritalStatus": "M"}, "maritalStatus", "CodeableConcept", {"maritalStatus": {"text": "M"}}),
    patient("object where text is asked", {"name": [{"family": {"a": 1}}]}, "name[0].family", "structure", {"name": [{"family": "a"}]}),
    patient("number in a list of texts", {"name": [{"given": [7]}]}, "name[0].given[0]", "string", {"name": [{"given": ["7"]}]}),
    patient("list in a list", {"name": [{"given": [["x"]]}]}, "name[0].given[0]", "only once", {"name": [{"given": ["x"]}]}),
    patient("an element with only an id", {"maritalStatus": {"id": "x"}}, "maritalStatus", "only an id", {"maritalStatus": {"id": "x", "text": "y"}}),
    patient("a type inside an element", {"maritalStatus": {"resourceType": "CodeableConcept", "text": "x"}}, "maritalStatus.resourceType", "has no element", {"maritalStatus": {"text": "x"}}),
    Fault("a fault in a fault of a recursive element", "Questionnaire", {"item": [{"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "group", "item": [{"type": "display"}]}]}]}, "Questionnaire.item[0].item[0].item[0].linkId", "must have linkId", {"item": [{"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "group", "item": [{"linkId": "3", "type": "display"}]}]}]}),
    observation("a fault behind a content reference", {"component": [{**PART, "referenceRange": [{"text": 5}]}]}, "component[0].referenceRange[0].text", "string", {"component": [{**PART, "referenceRange": [{"text": "5"}]}]}),
]  # fmt: skip

BESIDE = [
    patient("text beside a primitive", {"_birthDate": "x"}, "birthDate", "no id or extension", {"_birthDate": {"id": "x"}}),
    patient("unknown element beside a primitive", {"_birthDate": {"value": 1}}, "birthDate.value", "has no element", {"_birthDate": {"id": "x"}}),
    patient("empty object beside a primitive", {"_birthDate": {}}, "birthDate", "no id or extension", {"_birthDate": REMOVE}),
    patient("list beside one primitive", {"_birthDate": [{"id": "x"}]}, "birthDate", "no id or extension", {"_birthDate": {"id": "x"}}),
    patient("object beside a list of primitives", {"name": [{"given": ["a"], "_given": {"id": "x"}}]}, "name[0].given", "no id or extension", {"name": [{"given": ["a"], "_given": [{"id": "x"}]}]}),
    patient("null in a list, and the list beside it ends before", {"name": [{"given": ["a", None], "_given": [{"id": "x"}]}]}, "name[0].given[1]", "is null", {"name": [{"given": ["a"], "_given": [None, UNKNOWN]}]}),
    patient("extensions beside a structure", {"_name": [{"id": "x"}]}, "_name", "has no element", {"name": [{"id": "x", "text": "y"}]}),
    patient("a wrong extension beside a primitive", {"_birthDate": {"extension": [{"valueString": "x"}]}}, "birthDate.extension[0].url", "must have url", {"_birthDate": {"extension": [{"url": "u", "valueString": "x"}]}}),
]  # fmt: skip

EXTENSIONS = [
    patient("extension without address", {"extension": [{"valueString": "x"}]}, "extension[0].url", "must have url", {"extension": [{"url": "u", "valueString": "x"}]}),
    patient("extension without value", {"extension": [{"url": "u"}]}, "extension[0]", "either a value or extensions", {"extension": [{"url": "u", "valueBoolean": False}]}),
    patient("extension with a value and extensions", {"extension": [{"url": "u", "valueString": "x", "extension": [{"url": "v", "valueString": "y"}]}]}, "extension[0]", "either a value or extensions", {"extension": [{"url": "u", "extension": [{"url": "v", "valueString": "y"}]}]}),
    patient("extension address with a space", {"extension": [{"url": "u u", "valueString": "x"}]}, "extension[0].url", "without spaces", {"extension": [{"url": "u%20u", "valueString": "x"}]}),
    patient("nested extension without value", {"extension": [{"url": "u", "extension": [{"url": "v"}]}]}, "extension[0].extension[0]", "either a value or extensions", {"extension": [{"url": "u", "extension": [{"url": "v", "valueCode": "x"}]}]}),
    patient("modifier extension on a data type", {"maritalStatus": {"text": "x", "modifierExtension": [{"url": "u", "valueCode": "x"}]}}, "maritalStatus.modifierExtension", "has no element", {"modifierExtension": [{"url": "u", "valueCode": "x"}]}),
    patient("modifier extension without value", {"contact": [{"name": {"text": "x"}, "modifierExtension": [{"url": "u"}]}]}, "contact[0].modifierExtension[0]", "either a value or extensions", {"contact": [{"name": {"text": "x"}, "modifierExtension": [{"url": "u", "valueCode": "x"}]}]}),
]  # fmt: skip

PRIMITIVES = [
    value("boolean in quotes", "Boolean", "true", "without quotes", True),
    value("boolean as a number", "Boolean", 1, "without quotes", False),
    value("integer in quotes", "Integer", "1", "whole number", 1),
    value("integer with a fraction", "Integer", 1.5, "whole number", -1),
    value("integer written 1.0", "Integer", 1.0, "whole number", 0),
    value("integer too large", "Integer", 2**31, "whole number", 2**31 - 1),
    value("integer too small", "Integer", -(2**31) - 1, "whole number", -(2**31)),
    value("unsignedInt below 0", "UnsignedInt", -1, "0 or more", 0),
    value("positiveInt of 0", "PositiveInt", 0, "1 or more", 1),
    value("boolean where an integer is asked", "Integer", True, "whole number", 1),
    value("decimal in quotes", "Decimal", "1.5", "number without quotes", 1.5),
    value("decimal without end", "Decimal", float("inf"), "number", 1e300),
    value("text as a number", "String", 5, "string", "5"),
    value("text too long", "String", LONG + "x", "longer than", LONG),
    value("half of a surrogate pair", "String", "a\ud800", "none for reading", "a\U00010000"),
    value("markdown as a list", "Markdown", ["x"], "only once", "x"),
    value("code with a space before it", "Code", " a", "without spaces at its ends", "a"),
    value("code with two spaces inside", "Code", "a  b", "without spaces at its ends", "a b"),
    value("code with a line break", "Code", "a\nb", "without spaces at its ends", "a-b"),
    value("id with an underscore", "Id", "a_b", "64", "a-b"),
    value("id of 65 characters", "Id", "x" * 65, "64", "x" * 64),
    value("uri with a space", "Uri", "http://x/a b", "without spaces", "http://x/a%20b"),
    value("url with a tab", "Url", "http://x/\ta", "without spaces", "http://x/a"),
    value("canonical with a space", "Canonical", "http://x |1", "without spaces", "http://x|1"),
    value("oid without prefix", "Oid", "1.2.3", "urn:oid:", "urn:oid:1.2.3"),
    value("oid with a leading zero", "Oid", "urn:oid:1.02.3", "urn:oid:", "urn:oid:1.0.3"),
    value("oid of another tree", "Oid", "urn:oid:3.1", "urn:oid:", "urn:oid:2.1"),
    value("uuid in capitals", "Uuid", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "small letters", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    value("uuid without prefix", "Uuid", "c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    value("base64 with other signs", "Base64Binary", "###=", "base64", "AAA="),
    value("base64 cut short", "Base64Binary", "AAAAA", "base64", "AAAA AAAA"),
    value("date of no day", "Date", "1980-02-30", "YYYY-MM-DD", "1980-02-29"),
    value("leap day of no leap year", "Date", "1900-02-29", "YYYY-MM-DD", "2000-02-29"),
    value("date with points", "Date", "02.05.1980", "YYYY-MM-DD", "1980-05-02"),
    value("date as a number", "Date", 1980, "is not a date", "1980"),
    value("date of year 0", "Date", "0000-01-01", "YYYY-MM-DD", "0001-01-01"),
    value("date of month 13", "Date", "1980-13", "YYYY-MM-DD", "1980-12"),
    value("date without leading zeros", "Date", "1980-5-2", "YYYY-MM-DD", "1980-05-02"),
    value("date with a time", "Date", "1980-05-02T08:00:00Z", "YYYY-MM-DD", "1980-05-02"),
    value("moment without zone", "DateTime", "2024-01-01T08:00:00", "zone", "2024-01-01T08:00:00Z"),
    value("moment without seconds", "DateTime", "2024-01-01T08:00Z", "seconds", "2024-01-01T08:00:00.5Z"),
    value("moment at hour 24", "DateTime", "2024-01-01T24:00:00Z", "zone", "2024-01-01T23:59:60Z"),
    value("moment with a space for T", "DateTime", "2024-01-01 08:00:00Z", "zone", "2024-01-01T08:00:00+14:00"),
    value("moment with zone +15:00", "DateTime", "2024-01-01T08:00:00+15:00", "zone", "2024-01-01T08:00:00-13:59"),
    value("year of two digits", "DateTime", "24-01-01", "date", "2024-01-01"),
    value("instant of a day", "Instant", "2024-01-01", "zone", "2024-01-01T00:00:00+08:00"),
    value("instant without zone", "Instant", "2024-01-01T08:00:00", "zone", "2024-01-01T08:00:00.123Z"),
    value("instant of no day", "Instant", "2023-02-29T00:00:00Z", "zone", "2024-02-29T00:00:00Z"),
    value("time without seconds", "Time", "08:30", "hh:mm:ss", "08:30:00"),
    value("time with a zone", "Time", "08:30:00Z", "hh:mm:ss", "08:30:00.25"),
    value("time of hour 24", "Time", "24:00:00", "hh:mm:ss", "23:59:59"),
]  # fmt: skip

NARRATIVES = [
    narrative("script in a narrative", XHTML % "<script>x</script>", XHTML % "<code>x</code>"),
    narrative("event in a narrative", XHTML % '<p onclick="x()">x</p>', XHTML % '<p class="x">x</p>'),
    narrative("script address in a narrative", XHTML % '<a href="javascript:x()">x</a>', XHTML % '<a href="http://x">x</a>'),
    narrative("form in a narrative", XHTML % "<form>x</form>", XHTML % "<table><tr><td>x</td></tr></table>"),
    narrative("narrative with nothing to read", XHTML % " <br/> ", XHTML % '<img src="#a" alt="x"/>'),
    narrative("narrative that is no div", '<p xmlns="http://www.w3.org/1999/xhtml">x</p>', XHTML % "<p>x</p>"),
    narrative("narrative of two divs", (XHTML % "x") * 2, XHTML % "<div>x</div><div>y</div>"),
    narrative("tags that do not nest", XHTML % "<b><i>x</b></i>", XHTML % "<b><i>x</i></b>"),
    narrative("tag that is not closed", XHTML % "<p>x", XHTML % "<p>x</p>"),
    narrative("attribute without quotes", XHTML % "<p class=x>x</p>", XHTML % "<p class='x'>x</p>"),
    narrative("entity of HTML", XHTML % "a&nbsp;b", XHTML % "a&#160;b &amp; c"),
    narrative("sign that is not escaped", XHTML % "a < b", XHTML % "a &lt; b"),
    patient("narrative without status", {"text": {"div": XHTML % "x"}}, "text.status", "must have status", {"text": {"status": "empty", "div": XHTML % "x"}}),
]  # fmt: skip

TERMS = [
    patient("code outside a required value set", {"gender": "m"}, "gender", "female, male", {"gender": "unknown"}),
    patient("code in the wrong case", {"gender": "Male"}, "gender", "female, male", {"gender": "male"}),
    patient("code outside a required value set, deep", {"name": [{"use": "main", "text": "x"}]}, "name[0].use", "usual", {"name": [{"use": "usual", "text": "x"}]}),
    Fault("concept without a code of a required value set", "Condition", {"clinicalStatus": {"coding": [{"system": CLINICAL, "code": "ill"}]}}, "Condition.clinicalStatus", "no code of its value set", {"clinicalStatus": {"coding": [{"system": CLINICAL, "code": "ill"}, {"system": CLINICAL, "code": "active"}]}}),
    Fault("concept with a code of the wrong system", "Condition", {"clinicalStatus": {"coding": [{"system": "http://x", "code": "active"}]}}, "Condition.clinicalStatus", "no code of its value set", {"clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]}}),
    Fault("concept with a code without system", "Condition", {"clinicalStatus": {"coding": [{"code": "active"}]}}, "Condition.clinicalStatus", "no code of its value set", {"clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active", "display": "x"}]}}),
    Fault("concept of a required value set with text only", "Condition", {"clinicalStatus": {"text": "ill"}}, "Condition.clinicalStatus", "no code of its value set", {"clinicalStatus": {"text": "ill", "coding": [{"system": CLINICAL, "code": "active"}]}}),
]  # fmt: skip

REFERENCES = [
    patient("reference to a wrong type", {"link": [{"other": {"reference": "Observation/2"}, "type": "refer"}]}, "link[0].other.reference", "cannot refer to an Observation", {"link": [{"other": {"reference": "RelatedPerson/2"}, "type": "refer"}]}),
    patient("reference to a wrong type, with version", {"contained": REMOVE, "managingOrganization": {"reference": "Patient/2/_history/1"}}, "managingOrganization.reference", "cannot refer to a Patient", {"contained": REMOVE, "managingOrganization": {"reference": "Organization/2/_history/1"}}),
    patient("reference to a wrong type on another server", {"contained": REMOVE, "managingOrganization": {"reference": "http://x/fhir/Patient/2"}}, "managingOrganization.reference", "cannot refer to a Patient", {"contained": REMOVE, "managingOrganization": {"reference": "http://x/fhir/Organization/2"}}),
    patient("reference that says a wrong type", {"contained": REMOVE, "managingOrganization": {"type": "Patient", "display": "x"}}, "managingOrganization.type", "cannot refer to a Patient", {"contained": REMOVE, "managingOrganization": {"type": "Organization", "display": "x"}}),
    patient("reference that says another type than its text", {"contained": REMOVE, "managingOrganization": {"type": "Patient", "reference": "Organization/1"}}, "managingOrganization.type", "another type", {"contained": REMOVE, "managingOrganization": {"type": "Organization", "reference": "Organization/1"}}),
    patient("reference to nothing that is contained", {"managingOrganization": {"reference": "#x"}}, "managingOrganization.reference", "not there", {"managingOrganization": {"reference": "#o1"}}),
    patient("reference to a contained resource of a wrong type", {"contained": [{"resourceType": "Practitioner", "id": "o1"}]}, "managingOrganization.reference", "cannot refer to a Practitioner", {"contained": [INNER]}),
    bundle("urn in a bundle that is of a wrong type", {"type": "collection", "entry": [{"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "managingOrganization": {"reference": "urn:uuid:2"}}}, {"fullUrl": "urn:uuid:2", "resource": {"resourceType": "Patient"}}]}, "entry[0].resource.managingOrganization.reference", "cannot refer to a Patient", {"type": "collection", "entry": [{"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "managingOrganization": {"reference": "urn:uuid:2"}}}, {"fullUrl": "urn:uuid:2", "resource": ORGANIZATION}]}),
    observation("comparator where a simple quantity is asked", {"referenceRange": [{"low": {"value": 1, "comparator": "<"}}]}, "referenceRange[0].low.comparator", "no comparator", {"valueQuantity": {**MASS, "comparator": "<"}}),
]  # fmt: skip

CONTAINED = [
    patient("contained resource without type", {"contained": [{"id": "o1"}]}, "contained[0]", "does not say its type", {"contained": [INNER]}),
    patient("contained resource of no type", {"contained": [{"resourceType": "Org"}]}, "contained[0]", "no such resource type", {"contained": [INNER]}),
    patient("fault in a contained resource", {"contained": [{**INNER, "name": 5}]}, "contained[0].name", "string", {"contained": [INNER]}),
    patient("contained in contained", {"contained": [{**INNER, "contained": [{**INNER, "id": "o2"}], "partOf": {"reference": "#o2"}}]}, "contained[0]", "contains another", {"contained": [{**INNER, "partOf": {"reference": "#o2"}}, {**INNER, "id": "o2"}]}),
    patient("contained resource that nothing refers to", {"managingOrganization": REMOVE}, "contained[0]", "referred to from nowhere", {"managingOrganization": REMOVE, "generalPractitioner": [{"reference": "#o1"}]}),
    patient("contained resource with a version", {"contained": [{**INNER, "meta": {"versionId": "1"}}]}, "contained[0].meta", "no version", {"contained": [{**INNER, "meta": {"profile": ["http://x"]}}]}),
    patient("contained resource with a label", {"contained": [{**INNER, "meta": {"security": [{"code": "R"}]}}]}, "contained[0].meta", "label", {"contained": [{**INNER, "meta": {"tag": [{"code": "R"}]}}]}),
    patient("two contained resources of one id", {"contained": [INNER, INNER]}, "contained[1].id", "same id", {"contained": [INNER, {**INNER, "id": "o2", "partOf": {"reference": "#o1"}}], "generalPractitioner": [{"reference": "#o2"}]}),
]  # fmt: skip

RULES = [
    observation("unit code without system", {"valueQuantity": {"value": 1, "code": "g"}}, "value", "qty-3", {"valueQuantity": {"value": 1, "unit": "g"}}),
    observation("period that ends before it begins", {"effectiveDateTime": REMOVE, "effectivePeriod": {"start": "2024-02-01", "end": "2024-01-31"}}, "effective", "per-1", {"effectiveDateTime": REMOVE, "effectivePeriod": {"start": "2024-02-01", "end": "2024-02"}}),
    observation("value and a reason for its absence", {"dataAbsentReason": {"text": "y"}}, "", "obs-6", {"valueQuantity": REMOVE, "dataAbsentReason": {"text": "y"}}),
    observation("reference range without anything", {"referenceRange": [{"type": {"text": "x"}}]}, "referenceRange[0]", "obs-3", {"referenceRange": [{"text": "x"}]}),
    observation("component that repeats the code of the value", {"component": [{"code": {"coding": [{"system": "http://x", "code": "c"}]}}], "code": {"coding": [{"system": "http://x", "code": "c"}]}}, "", "obs-7", {"component": [{"code": {"coding": [{"system": "http://x", "code": "d"}]}}], "code": {"coding": [{"system": "http://x", "code": "c"}]}}),
    patient("contact without name, address or telephone", {"contact": [{"gender": "male"}]}, "contact[0]", "pat-1", {"contact": [{"gender": "male", "address": {"text": "x"}}]}),
    patient("attachment without kind", {"photo": [{"data": "AAAA"}]}, "photo[0]", "att-1", {"photo": [{"data": "AAAA", "contentType": "image/png"}]}),
    patient("telephone without kind", {"telecom": [{"value": "1"}]}, "telecom[0]", "cpt-2", {"telecom": [{"value": "1", "system": "phone"}]}),
    Fault("organization without name and number", "Organization", {"name": REMOVE, "active": True}, "Organization", "org-1", {"name": REMOVE, "identifier": [{"value": "1"}]}),
    Fault("home telephone of an organization", "Organization", {"telecom": [{"use": "home", "system": "phone", "value": "1"}]}, "Organization.telecom[0]", "org-3", {"telecom": [{"use": "work", "system": "phone", "value": "1"}]}),
    Fault("home address of an organization", "Organization", {"address": [{"use": "home", "text": "x"}]}, "Organization.address[0]", "org-2", {"address": [{"use": "work", "text": "x"}]}),
    Fault("abated but active", "Condition", {"abatementDateTime": "2020"}, "Condition", "con-4", {"abatementDateTime": "2020", "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "resolved"}]}}),
    Fault("group of questions without questions", "Questionnaire", {"item": [{"linkId": "1", "type": "group", "text": "a"}]}, "Questionnaire.item[0]", "que-1", {"item": [{"linkId": "1", "type": "display", "text": "a"}]}),
    Fault("two questions of one link id", "Questionnaire", {"item": [{"linkId": "1", "type": "string", "text": "a"}, {"linkId": "1", "type": "string", "text": "b"}]}, "Questionnaire", "que-2", {"item": [{"linkId": "1", "type": "string", "text": "a"}, {"linkId": "2", "type": "string", "text": "b"}]}),
    Fault("display text that must be answered", "Questionnaire", {"item": [{"linkId": "1", "type": "display", "text": "a", "required": True}]}, "Questionnaire.item[0]", "que-6", {"item": [{"linkId": "1", "type": "string", "text": "a", "required": True}]}),
    Fault("parameter with a value and parts", "Parameters", {"parameter": [{"name": "p", "valueString": "x", "resource": {"resourceType": "Basic", "code": {"text": "x"}}}]}, "Parameters.parameter[0]", "inv-1", {"parameter": [{"name": "p", "resource": {"resourceType": "Basic", "code": {"text": "x"}}}]}),
]  # fmt: skip

BUNDLES = [
    bundle("transaction without request", {"entry": [entry(request=REMOVE)]}, "", "bdl-3", {"type": "collection", "entry": [entry(request=REMOVE)]}),
    bundle("request of no method", {"entry": [entry(request={"method": "FETCH", "url": "Patient"})]}, "entry[0].request.method", "DELETE", {"entry": [entry(request={"method": "PUT", "url": "Patient/p"})]}),
    bundle("request without address", {"entry": [entry(request={"method": "POST"})]}, "entry[0].request.url", "must have url", {"entry": [entry(request={"method": "GET", "url": "Patient"})]}),
    bundle("response in a transaction", {"entry": [entry(response={"status": "200"})]}, "", "bdl-4", {"type": "transaction-response", "entry": [entry(request=REMOVE, response={"status": "200"})]}),
    bundle("total in a collection", {"type": "collection", "total": 1, "entry": [entry(request=REMOVE)]}, "", "bdl-1", {"type": "searchset", "total": 1, "entry": [entry(request=REMOVE)]}),
    bundle("search mark in a collection", {"type": "collection", "entry": [entry(request=REMOVE, search={"mode": "match"})]}, "", "bdl-2", {"type": "searchset", "entry": [entry(request=REMOVE, search={"mode": "match"})]}),
    bundle("one full address twice", {"type": "collection", "entry": [entry(request=REMOVE)] * 2}, "", "bdl-7", {"type": "collection", "entry": [entry(request=REMOVE), entry(request=REMOVE, fullUrl="urn:uuid:2")]}),
    bundle("full address with a version", {"type": "collection", "entry": [entry(request=REMOVE, fullUrl="http://x/Patient/p/_history/1")]}, "entry[0]", "bdl-8", {"type": "collection", "entry": [entry(request=REMOVE, fullUrl="http://x/Patient/p")]}),
    bundle("full address of another resource", {"type": "collection", "entry": [entry(request=REMOVE, fullUrl="http://x/Patient/q")]}, "entry[0].fullUrl", "another resource", {"type": "collection", "entry": [entry(request=REMOVE, fullUrl="http://x/y/Patient/p")]}),
    bundle("entry with nothing in it", {"type": "collection", "entry": [{"fullUrl": "urn:uuid:1"}]}, "entry[0]", "bdl-5", {"type": "collection", "entry": [entry(request=REMOVE)]}),
    bundle("document that does not begin with a composition", {"type": "document", "identifier": {"system": "s", "value": "v"}, "timestamp": "2024-01-01T00:00:00Z", "entry": [entry(request=REMOVE)]}, "", "bdl-11", {"type": "collection", "entry": [entry(request=REMOVE)]}),
    bundle("fault in a resource of a bundle", {"entry": [entry(resource={"resourceType": "Patient", "gender": "m"})]}, "entry[0].resource.gender", "female, male", {"entry": [entry(resource={"resourceType": "Patient", "gender": "male"})]}),
    bundle("bundle of no type", {"type": REMOVE}, "type", "must have type", {"type": "batch"}),
]  # fmt: skip

RESOURCES = [
    Fault("resource without type", "Patient", {"resourceType": REMOVE}, "", "does not say its type", {}),
    Fault("resource of an unknown type", "Patient", {"resourceType": "Patiens"}, "", "Did you mean Patient?", {}),
    Fault("resource type in the wrong case", "Patient", {"resourceType": "patient"}, "", "Did you mean Patient?", {}),
    Fault("resource type that is abstract", "Patient", {"resourceType": "DomainResource"}, "", "no such resource type", {}),
    Fault("resource type that is no text", "Patient", {"resourceType": 3}, "", "no such resource type", {}),
]  # fmt: skip

FAULTS: list[Fault] = [
    *RESOURCES, *STRUCTURE, *BESIDE, *EXTENSIONS, *PRIMITIVES, *NARRATIVES, *TERMS, *REFERENCES,
    *CONTAINED, *RULES, *BUNDLES,
]  # fmt: skip
