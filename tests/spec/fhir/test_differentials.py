"""Profiles without a snapshot: what their differentials mean, with hits and near misses."""

import copy
import gzip
import io
import json
import tarfile

import orjson
import pytest

from taihe.cli.main import main
from taihe.fhir import definitions
from taihe.fhir.profiles import Profiles, read_profiles
from taihe.kernel.errors import Incorrect

CORE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://taihe.test/StructureDefinition/"


def differential(name, kind, *elements, base="", **more):
    """A profile that has only its differences; each element is (path or id, what it says)."""
    listed = []
    for path, says in elements:
        named = {"sliceName": path.rpartition(":")[2]} if ":" in path.rpartition(".")[2] else {}
        plain = ".".join(part.partition(":")[0] for part in path.split("."))
        listed.append({"id": path, "path": plain, **named, **says})
    return {
        "resourceType": "StructureDefinition", "url": URL + name, "name": name, "type": kind,
        "kind": "complex-type" if kind == "Extension" else "resource", "derivation": "constraint",
        "baseDefinition": URL + base if base else CORE + kind,
        "differential": {"element": listed}, **more,
    }  # fmt: skip


def by(*marks, rules="open", **more):
    return {"discriminator": [{"type": k, "path": p} for k, p in marks], "rules": rules, **more}


def extension(name, kind, *more, **says):
    return differential(
        name, "Extension", ("Extension.url", {"fixedUri": URL + name}),
        ("Extension.value[x]", {"min": 1, "type": [{"code": kind}]}), *more, **says,
    )  # fmt: skip


def found(given, resource):
    return [(i.location, i.problem) for i in given.check(resource) if i.severity != "information"]


def profiles(*given):
    return Profiles((one, True) for one in given)


# A national patient: two kinds of number, told by their system, and two extensions.

CITIZEN, SOCIAL = "http://taihe.test/sid/citizen-id", "http://taihe.test/sid/social-insurance"
SEX = extension("sex", "code", context=[{"type": "element", "expression": "Patient"}])
ETHNICITY = extension(
    "ethnicity", "CodeableConcept", context=[{"type": "element", "expression": "Patient"}]
)
NATIONAL = differential(
    "national-patient", "Patient",
    ("Patient.extension:sex", {"min": 1, "max": "1", "type": [{"code": "Extension", "profile": [URL + "sex"]}]}),
    ("Patient.extension:ethnicity", {"max": "1", "type": [{"code": "Extension", "profile": [URL + "ethnicity"]}]}),
    ("Patient.identifier", {"min": 1, "slicing": by(("value", "system"))}),
    ("Patient.identifier:IDC", {"min": 1, "max": "1"}),
    ("Patient.identifier:IDC.system", {"min": 1, "fixedUri": CITIZEN}),
    ("Patient.identifier:IDC.value", {"min": 1, "maxLength": 18, "constraint": [{
        "key": "cn-1", "severity": "error", "human": "A citizen number has 18 digits, or an X at its end.",
        "expression": "matches('^[0-9]{17}[0-9X]$')"}]}),
    ("Patient.identifier:SIN", {"max": "1"}),
    ("Patient.identifier:SIN.system", {"min": 1, "fixedUri": SOCIAL}),
    ("Patient.name", {"min": 1}),
    ("Patient.name.text", {"min": 1}),
)  # fmt: skip
RESIDENT = {
    "resourceType": "Patient",
    "extension": [{"url": URL + "sex", "valueCode": "1"},
                  {"url": URL + "ethnicity", "valueCodeableConcept": {"text": "汉族"}}],
    "identifier": [{"system": CITIZEN, "value": "34122219800101123X"},
                   {"system": SOCIAL, "value": "7"}, {"system": "http://other", "value": "8"}],
    "name": [{"text": "张伟"}],
}  # fmt: skip
NUMBER = {"system": CITIZEN, "value": "341222198001011230"}
NATIONAL_CASES = [
    ({}, []),
    ({"identifier": [NUMBER]}, []),
    ({"identifier": [{"system": SOCIAL, "value": "7"}]},
     [("Patient.identifier", "The slice IDC of identifier must be given.")]),
    ({"identifier": [NUMBER, NUMBER]},
     [("Patient.identifier", "The slice IDC of identifier may occur 1 time at most.")]),
    ({"identifier": [{"system": CITIZEN}]},
     [("Patient.identifier[0].value", "value must be given.")]),
    ({"identifier": [{"system": CITIZEN, "value": "3412"}]},
     [("Patient.identifier[0].value", "A citizen number has 18 digits, or an X at its end.")]),
    ({"identifier": [{"system": CITIZEN, "value": "3" * 19}]},
     [("Patient.identifier[0].value", "value is longer than 18 characters."),
      ("Patient.identifier[0].value", "A citizen number has 18 digits, or an X at its end.")]),
    ({"identifier": [NUMBER, {"system": SOCIAL, "value": "1"}, {"system": SOCIAL, "value": "2"}]},
     [("Patient.identifier", "The slice SIN of identifier may occur 1 time at most.")]),
    ({"extension": RESIDENT["extension"][1:]},
     [("Patient.extension", "The slice sex of extension must be given.")]),
    ({"extension": [{"url": URL + "sex", "valueString": "1"}]},
     [("Patient.extension[0].value", "value is of a type that is not allowed here.")]),
    ({"name": [{"family": "张"}]}, [("Patient.name[0].text", "text must be given.")]),
    ({"name": [{"text": "张伟", "extension": [{"url": URL + "sex", "valueCode": "1"}]}]},
     [("Patient.name[0].extension[0]", "The extension sex may not stand here.")]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), NATIONAL_CASES)
def test_a_national_patient_profile_is_a_differential(change, said):
    assert found(profiles(NATIONAL, SEX, ETHNICITY), {**copy.deepcopy(RESIDENT), **change}) == said


def test_what_a_slice_is_known_by_is_said():
    issue = profiles(NATIONAL, SEX).check({**RESIDENT, "identifier": [{"system": SOCIAL}]})[0]
    assert issue.do.startswith(f"Add one with system {CITIZEN}.")


OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
MASS = {"value": 70, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}


def of(*elements, kind="Observation", name="p", **more):
    return profiles(differential(name, kind, *elements, **more))


def test_a_choice_named_by_a_type_is_only_of_that_type():
    given = of(("Observation.valueQuantity.unit", {"min": 1}))
    assert found(given, OBSERVATION) == []
    assert found(given, {**OBSERVATION, "valueQuantity": MASS}) == []
    bare = {**OBSERVATION, "valueQuantity": {"value": 1}}
    assert found(given, bare) == [("Observation.value.unit", "unit must be given.")]
    text = {**OBSERVATION, "valueString": "x"}
    assert found(given, text) == [
        ("Observation.value", "value is of a type that is not allowed here."),
        ("Observation.value", "value belongs to none of its slices."),
    ]


def test_a_choice_sliced_by_type_leaves_other_types_alone():
    given = of(
        ("Observation.value[x]", {"slicing": by(("type", "$this"))}),
        ("Observation.value[x]:valueQuantity", {"max": "1"}),
        ("Observation.value[x]:valueQuantity.unit", {"min": 1}),
        ("Observation.value[x]:valueString", {"max": "1"}),
        ("Observation.value[x]:valueString", {"maxLength": 3}),
    )
    assert found(given, {**OBSERVATION, "valueInteger": 1}) == []
    assert found(given, {**OBSERVATION, "valueString": "abc"}) == []
    assert found(given, {**OBSERVATION, "valueString": "abcd"}) == [
        ("Observation.value", "value is longer than 3 characters.")
    ]
    assert found(given, {**OBSERVATION, "valueQuantity": {"value": 1}}) == [
        ("Observation.value.unit", "unit must be given.")
    ]


def test_a_choice_down_to_one_type_has_its_children():
    given = of(
        ("Observation.value[x]", {"type": [{"code": "Quantity"}]}),
        ("Observation.value[x].code", {"min": 1, "fixedCode": "kg"}),
    )
    assert found(given, {**OBSERVATION, "valueQuantity": MASS}) == []
    issue = given.check({**OBSERVATION, "valueQuantity": {**MASS, "code": "g"}})[0]
    assert (issue.location, issue.do[:9]) == ("Observation.value.code", "Write kg.")


def test_profiles_in_several_steps_only_ever_narrow():
    first = differential("first", "Patient", ("Patient.name", {"min": 1, "max": "3"}))
    second = differential("second", "Patient", ("Patient.name.text", {"min": 1}), base="first")
    third = differential("third", "Patient", ("Patient.name", {"min": 0, "max": "*"}),
                         ("Patient.gender", {"min": 1}), base="second")  # fmt: skip
    given = Profiles([(first, False), (second, False), (third, True)])
    good = {"resourceType": "Patient", "gender": "male", "name": [{"text": "张"}]}
    assert found(given, good) == []
    assert found(given, {"resourceType": "Patient", "name": [{"family": "x"}] * 4}) == [
        ("Patient.name", "name may occur 3 times at most."),
        *((f"Patient.name[{n}].text", "text must be given.") for n in range(4)),
        ("Patient.gender", "gender must be given."),
    ]


def test_slices_of_a_base_are_narrowed_and_added_to():
    base = differential(
        "base", "Patient",
        ("Patient.telecom", {"slicing": by(("value", "system"))}),
        ("Patient.telecom:phone", {"max": "2"}),
        ("Patient.telecom:phone.system", {"min": 1, "fixedCode": "phone"}),
    )  # fmt: skip
    more = differential(
        "more", "Patient",
        ("Patient.telecom:phone", {"min": 1, "sliceIsConstraining": True}),
        ("Patient.telecom:email", {"max": "0"}),
        ("Patient.telecom:email.system", {"min": 1, "fixedCode": "email"}),
        base="base",
    )  # fmt: skip
    given = Profiles([(base, False), (more, True)])
    phone, email = {"system": "phone", "value": "1"}, {"system": "email", "value": "a"}
    assert found(given, {"resourceType": "Patient", "telecom": [phone]}) == []
    assert found(given, {"resourceType": "Patient", "telecom": [email, phone, phone, phone]}) == [
        ("Patient.telecom", "The slice phone of telecom may occur 2 times at most."),
        ("Patient.telecom", "The slice email of telecom must not be given."),
    ]


def test_a_slice_is_sliced_again():
    given = of(
        ("Patient.telecom", {"slicing": by(("value", "system"))}),
        ("Patient.telecom:phone", {"slicing": by(("value", "use"), rules="closed")}),
        ("Patient.telecom:phone.system", {"min": 1, "fixedCode": "phone"}),
        ("Patient.telecom:phone/home", {"min": 1, "max": "1"}),
        ("Patient.telecom:phone/home.use", {"min": 1, "fixedCode": "home"}),
        ("Patient.telecom:phone/work", {"max": "1"}),
        ("Patient.telecom:phone/work.use", {"min": 1, "fixedCode": "work"}),
        kind="Patient",
    )  # fmt: skip
    home, work, mail = (
        {"system": "phone", "value": "1", "use": "home"},
        {"system": "phone", "value": "2", "use": "work"},
        {"system": "email", "value": "a"},
    )
    assert found(given, {"resourceType": "Patient", "telecom": [mail, work, home, mail]}) == []
    assert found(given, {"resourceType": "Patient", "telecom": [mail, work]}) == [
        ("Patient.telecom", "The slice phone/home of telecom must be given.")
    ]
    assert found(given, {"resourceType": "Patient", "telecom": [home, {**home, "use": "old"}]}) == [
        ("Patient.telecom[1]", "telecom belongs to none of its slices.")
    ]


def test_what_a_content_reference_names_has_children():
    given = of(("Observation.component.referenceRange.text", {"min": 1}))
    inner = {"code": {"text": "x"}, "valueString": "y", "referenceRange": [{"low": {"value": 1}}]}
    outer = {**OBSERVATION, "referenceRange": [{"low": {"value": 1}}], "component": [inner]}
    assert found(given, outer) == [
        ("Observation.component[0].referenceRange[0].text", "text must be given.")
    ]


def test_a_rule_below_a_recursive_element_holds_at_every_depth():
    given = of(("Questionnaire.item.text", {"min": 1}), kind="Questionnaire")
    deep = {"linkId": "3", "type": "display"}
    item = {"linkId": "1", "type": "group", "text": "x", "item": [
        {"linkId": "2", "type": "group", "text": "y", "item": [deep]}]}  # fmt: skip
    form = {"resourceType": "Questionnaire", "status": "draft", "item": [item]}
    assert found(given, form) == [
        ("Questionnaire.item[0].item[0].item[0].text", "text must be given.")
    ]


def test_limits_and_lengths():
    given = of(
        ("Observation.value[x]", {"type": [{"code": "Quantity"}, {"code": "integer"}]}),
        ("Observation.effective[x]", {"minValueDateTime": "2020-01-01"}),
        ("Observation.component.value[x]", {"maxValueQuantity": {"value": 300, "code": "mm[Hg]", "system": "u"}}),
    )  # fmt: skip
    assert found(given, {**OBSERVATION, "effectiveDateTime": "2020-01-01"}) == []
    assert found(given, {**OBSERVATION, "effectiveDateTime": "2020"}) == []
    assert found(given, {**OBSERVATION, "effectiveDateTime": "2019-12-31"}) == [
        ("Observation.effective", "effective is smaller than it may be.")
    ]
    part = {"code": {"text": "x"}, "valueQuantity": {"value": 301, "code": "mm[Hg]", "system": "u"}}
    assert found(given, {**OBSERVATION, "component": [part]}) == [
        ("Observation.component[0].value", "value is larger than it may be.")
    ]
    part["valueQuantity"]["code"] = "kPa"
    assert found(given, {**OBSERVATION, "component": [part]}) == []


def test_a_warning_of_a_profile_is_a_warning():
    rule = {
        "key": "w-1",
        "severity": "warning",
        "human": "A note helps.",
        "expression": "note.exists()",
    }
    (issue,) = of(("Observation", {"constraint": [rule]})).check(OBSERVATION)
    assert (issue.severity, issue.problem, issue.location) == (
        "warning",
        "A note helps.",
        "Observation",
    )


def test_without_discriminators_a_value_is_in_the_slice_that_it_meets():
    given = of(
        ("Patient.name", {"slicing": {"rules": "closed"}}),
        ("Patient.name:official", {"min": 1}),
        ("Patient.name:official.use", {"min": 1, "fixedCode": "official"}),
        ("Patient.name:short", {"max": "1"}),
        ("Patient.name:short.text", {"min": 1, "maxLength": 2}),
        kind="Patient",
    )  # fmt: skip
    good = [{"text": "张伟"}, {"use": "official", "family": "张"}]
    assert found(given, {"resourceType": "Patient", "name": good}) == []
    assert found(given, {"resourceType": "Patient", "name": [*good, {"text": "abc"}]}) == [
        ("Patient.name[2]", "name belongs to none of its slices.")
    ]


def test_the_default_slice_has_what_no_other_has():
    given = of(
        ("Patient.name", {"slicing": by(("value", "use"), rules="closed")}),
        ("Patient.name:official", {"max": "1"}),
        ("Patient.name:official.use", {"min": 1, "fixedCode": "official"}),
        ("Patient.name:@default", {}),
        ("Patient.name:@default.text", {"min": 1}),
        kind="Patient",
    )  # fmt: skip
    assert (
        found(given, {"resourceType": "Patient", "name": [{"use": "official", "family": "a"}]})
        == []
    )
    assert found(given, {"resourceType": "Patient", "name": [{"use": "usual", "family": "a"}]}) == [
        ("Patient.name[0].text", "text must be given.")
    ]


def test_an_element_that_is_not_sliced_has_one_name_at_most():
    given = of(("Patient.name:main", {}), ("Patient.name:main.text", {"min": 1}), kind="Patient")
    assert found(given, {"resourceType": "Patient", "name": [{"family": "x"}]}) == [
        ("Patient.name[0].text", "text must be given.")
    ]
    with pytest.raises(Incorrect, match="does not say how they differ"):
        of(("Patient.name:main", {}), ("Patient.name:other", {}), kind="Patient")


def test_a_reference_is_checked_by_profile_where_the_target_is_at_hand():
    clinic = differential("clinic", "Organization", ("Organization.type", {"min": 1}))
    patient = differential("of-clinic", "Patient", ("Patient.managingOrganization", {
        "type": [{"code": "Reference", "targetProfile": [URL + "clinic"]}]}))  # fmt: skip
    given = Profiles([(clinic, False), (patient, True)])

    def resident(**house):
        inner = {"resourceType": "Organization", "id": "o", "name": "卫生院", **house}
        return {
            "resourceType": "Patient",
            "contained": [inner],
            "managingOrganization": {"reference": "#o"},
        }

    assert found(given, resident(type=[{"text": "卫生院"}])) == []
    assert found(given, resident()) == [(
        "Patient.managingOrganization.reference",
        "What managingOrganization refers to does not meet the profile that is asked of it.",
    )]  # fmt: skip
    elsewhere = {"resourceType": "Patient", "managingOrganization": {"reference": "Organization/1"}}
    assert found(given, elsewhere) == []


def test_slices_are_told_by_what_a_reference_resolves_to():
    panel = differential(
        "panel", "DiagnosticReport",
        ("DiagnosticReport.result", {"slicing": by(("value", "resolve().code"), rules="closed")}),
        ("DiagnosticReport.result:sugar", {"min": 1, "max": "1", "type": [
            {"code": "Reference", "targetProfile": [URL + "sugar"]}]}),
    )  # fmt: skip
    sugar = differential("sugar", "Observation", ("Observation.code", {
        "patternCodeableConcept": {"coding": [{"code": "2339-0"}]}}))  # fmt: skip
    given = Profiles([(panel, True), (sugar, False)])

    def report(code):
        inner = {**OBSERVATION, "id": "o", "code": {"coding": [{"code": code}]}}
        return {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"},
                "contained": [inner], "result": [{"reference": "#o"}]}  # fmt: skip

    assert found(given, report("2339-0")) == []
    assert ("DiagnosticReport.result[0]", "result belongs to none of its slices.") in found(
        given, report("1")
    )


def test_a_profile_of_a_data_type_holds_where_it_is_named():
    chinese = differential("cn-name", "HumanName", ("HumanName.text", {"min": 1}))
    use = ("Patient.name", {"type": [{"code": "HumanName", "profile": [URL + "cn-name"]}]})
    given = Profiles([(chinese, False), (differential("p", "Patient", use), True)])
    assert found(given, {"resourceType": "Patient", "name": [{"text": "张"}]}) == []
    assert found(given, {"resourceType": "Patient", "name": [{"family": "张"}]}) == [
        ("Patient.name[0].text", "text must be given.")
    ]


def test_an_extension_is_checked_wherever_its_address_stands():
    given = Profiles([(SEX, False), (NATIONAL, False)])
    wrong = {"resourceType": "Patient", "extension": [{"url": URL + "sex", "valueString": "1"}]}
    assert found(given, wrong) == [
        ("Patient.extension[0].value", "value is of a type that is not allowed here.")
    ]
    beside = {"resourceType": "Patient", "birthDate": "2020", "_birthDate": {"extension": [
        {"url": URL + "sex", "valueCode": "1"}]}}  # fmt: skip
    assert found(given, beside) == [
        ("Patient.birthDate.extension[0]", "The extension sex may not stand here.")
    ]


def test_a_modifier_extension_that_is_not_known_is_said():
    given = Profiles([(SEX, False)])
    strange = {**OBSERVATION, "modifierExtension": [{"url": "http://x/not", "valueBoolean": True}]}
    (issue,) = given.check(strange)
    assert (issue.severity, issue.location) == ("warning", "Observation.modifierExtension[0].url")
    plain = {**OBSERVATION, "extension": [{"url": "http://x/not", "valueBoolean": True}]}
    assert given.check(plain) == []
    modifier = extension("not-done", "boolean", ("Extension", {"isModifier": True}))
    modifier["differential"]["element"].sort(key=lambda e: e["path"].count("."))
    misused = {**OBSERVATION, "extension": [{"url": URL + "not-done", "valueBoolean": True}]}
    (issue,) = Profiles([(modifier, False)]).check(misused)
    assert issue.do == "Write it in modifierExtension."


def nested(depth):
    value = {"text": "x"}
    for _ in range(depth):
        value = {"extension": [value]}
    return value


REFUSED = [
    (differential("a", "Patient", ("Patient.maritalStatus", {"patternCodeableConcept": nested(900)})), "nested too deep"),
    (differential("a", "Patient", ("Patient.nmae", {"min": 1})), "which its base has not"),
    (differential("a", "Patient", ("Patient.name.x.y", {})), "which its base has not"),
    (differential("a", "Patient", ("Patient.name", {}), base="missing"), "was not given"),
    (differential("a", "Patient", ("Patient.name", {}), base="a"), "based on itself"),
    (differential("a", "Person2", ("Person2.name", {})), "no R4 type"),
    (differential("a", "Patient"), "no differential"),
    (differential("a", "Patient", ("Patient.name", {}), baseDefinition=CORE + "Observation"),
     "another type"),
    (differential("a", "Patient", ("Patient.telecom", {"slicing": by(("value", "use"))}),
                  ("Patient.telecom:x", {"sliceIsConstraining": True})), "which its base has not"),
    (differential("a", "Patient", ("Patient" + ".extension" * 80, {"min": 1})), "too deep"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "said"), REFUSED)
def test_a_differential_that_cannot_be_used_is_refused(profile, said):
    with pytest.raises(Incorrect) as refused:
        profiles(profile)
    assert said in refused.value.problem


def test_profiles_that_are_based_on_each_other_are_refused():
    one = differential("one", "Patient", ("Patient.name", {}), base="two")
    two = differential("two", "Patient", ("Patient.name", {}), base="one")
    with pytest.raises(Incorrect, match="based on itself"):
        profiles(one, two)


def test_profiles_that_ask_for_each_other_end():
    def of_link(name, other):
        return differential(name, "Patient", ("Patient.link.other", {
            "type": [{"code": "Reference", "targetProfile": [URL + other]}]}))  # fmt: skip

    given = profiles(of_link("one", "two"), of_link("two", "one"))
    link = [{"other": {"reference": "#p"}, "type": "seealso"}]
    inner = {"resourceType": "Patient", "id": "p", "link": link}
    assert found(given, {"resourceType": "Patient", "contained": [inner], "link": link}) == []


def test_a_bomb_of_slices_is_refused():
    path, elements = "Patient", []
    for _ in range(40):
        path += ".extension"
        elements.append((f"{path}:a", {"min": 1}))
        elements.append((f"{path}:b", {"min": 1}))
        path += ":a"
    try:
        profiles(differential("bomb", "Patient", *elements))
    except Incorrect as refused:
        assert "too" in refused.problem


def test_the_snapshot_is_a_list_of_element_definitions():
    given = profiles(NATIONAL, SEX)
    listed = {one["id"]: one for one in given.snapshot(URL + "national-patient")}
    order = list(listed)
    assert order[0] == "Patient"
    assert listed["Patient.identifier:IDC.system"]["fixedUri"] == CITIZEN
    assert listed["Patient.identifier:IDC.value"]["path"] == "Patient.identifier.value"
    assert listed["Patient.identifier:IDC.period"]["type"] == [{"code": "Period"}]
    assert listed["Patient.extension"]["slicing"]["discriminator"] == [
        {"type": "value", "path": "url"}
    ]
    assert order.index("Patient.identifier:IDC") > order.index("Patient.identifier")
    assert order.index("Patient.name") > order.index("Patient.identifier:SIN")
    written = {**NATIONAL, "snapshot": {"element": list(listed.values())}}
    for change, said in NATIONAL_CASES[:9]:
        assert found(profiles(written, SEX, ETHNICITY), {**RESIDENT, **change}) == said


def test_a_profile_of_a_folder_that_cannot_be_used_is_said_of_those_that_claim_it():
    lost = differential("lost", "Patient", ("Patient.name", {"min": 1}), base="elsewhere")
    given = Profiles([(lost, False), (SEX, False)])
    assert given.check({"resourceType": "Patient"}) == []
    (issue,) = given.check({"resourceType": "Patient", "meta": {"profile": [URL + "lost"]}})
    assert (issue.severity, issue.location) == ("warning", "Patient.meta.profile[0]")
    assert "based on was not given" in issue.problem


def test_a_package_is_read_as_it_is_published(tmp_path):
    path = tmp_path / "cn.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, held in (("package.json", {"name": "cn"}), ("a.json", NATIONAL), ("b.json", SEX)):
            data = json.dumps(held).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    given = read_profiles([path])
    claims = {**RESIDENT, "meta": {"profile": [URL + "national-patient"]}}
    assert found(given, claims) == []
    assert len(found(given, {**claims, "name": [{"family": "x"}]})) == 1
    assert sorted(read_profiles([tmp_path]).profiles) == sorted(given.profiles)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(Incorrect, match="cannot be read as a package"):
        read_profiles([path])


def test_profiles_and_extensions_of_r4_need_not_be_given(tmp_path, capsys):
    special = differential("cn-weight", "Observation", ("Observation.subject", {"min": 1}),
                           baseDefinition=CORE + "bodyweight")  # fmt: skip
    given = profiles(special)
    said = found(given, {**OBSERVATION, "meta": {"profile": [CORE + "vitalsigns"]}})
    assert ("Observation.category", "category must be given.") in said
    assert ("Observation.code.coding", "The slice BodyWeightCode of coding must be given.") in said
    assert given.profile(CORE + "patient-nationality").type == "Extension"
    assert given.profile(CORE + "nobody") is None
    born = {
        "resourceType": "Patient",
        "extension": [{"url": CORE + "patient-birthPlace", "valueString": "x"}],
    }
    assert found(given, born) == [
        ("Patient.extension[0].value", "value is of a type that is not allowed here.")
    ]
    file = tmp_path / "o.json"
    file.write_text(json.dumps(OBSERVATION))
    assert main(["validate", str(file)]) == 0
    assert main(["validate", str(file), "--profile", "vitalsigns"]) == 1
    assert "category must be given." in capsys.readouterr().out
    assert main(["validate", str(file), "--profile", "vitalsings"]) == 1
    assert "Did you mean vitalsigns?" in capsys.readouterr().err


def test_every_profile_of_r4_that_ships_can_be_used():
    given = profiles(SEX)
    assert len(definitions.profiles()) == 441
    for url in definitions.profiles():
        assert given.profile(url).url == url
        assert given.snapshot(url)[0]["path"] == given.profile(url).type


def test_entries_of_a_bundle_are_told_by_their_resource():
    letter = differential(
        "letter", "Bundle",
        ("Bundle.entry", {"slicing": by(("profile", "resource"))}),
        ("Bundle.entry:patient", {"min": 1, "max": "1"}),
        ("Bundle.entry:patient.resource", {"min": 1, "type": [
            {"code": "Patient", "profile": [URL + "named"]}]}),
        ("Bundle.entry:house", {"min": 1}),
        ("Bundle.entry:house.resource", {"min": 1, "type": [{"code": "Organization"}]}),
    )  # fmt: skip
    letter["differential"]["element"][0]["slicing"]["discriminator"] = [
        {"type": "type", "path": "resource"}
    ]
    named = differential("named", "Patient", ("Patient.name", {"min": 1}))
    given = Profiles([(letter, True), (named, False)])

    def bundle(*resources):
        return {"resourceType": "Bundle", "type": "collection",
                "entry": [{"resource": one} for one in resources]}  # fmt: skip

    patient = {"resourceType": "Patient", "name": [{"text": "张"}]}
    house = {"resourceType": "Organization", "name": "卫生院"}
    assert found(given, bundle(house, patient, {**OBSERVATION})) == []
    assert found(given, bundle(patient, {**OBSERVATION})) == [
        ("Bundle.entry", "The slice house of entry must be given.")
    ]
    assert found(given, bundle(house, {"resourceType": "Patient"})) == [
        ("Bundle.entry[1].resource.name", "name must be given.")
    ]
    letter["differential"]["element"][0]["slicing"]["discriminator"] = [
        {"type": "profile", "path": "resource"}
    ]
    given = Profiles([(letter, True), (named, False)])
    assert ("Bundle.entry", "The slice patient of entry must be given.") in found(
        given, bundle({"resourceType": "Patient"})
    )


def test_contained_resources_are_sliced_by_type():
    given = of(
        ("Patient.contained", {"slicing": by(("type", "$this"))}),
        ("Patient.contained:house", {"max": "1", "type": [{"code": "Organization"}]}),
        ("Patient.contained:house.name", {"min": 1}),
        kind="Patient",
    )  # fmt: skip
    point = {"generalPractitioner": [{"reference": "#a"}, {"reference": "#b"}]}
    house = {"resourceType": "Organization", "identifier": [{"value": "1"}]}
    nurse = {"resourceType": "Practitioner", "id": "b"}
    held = {"resourceType": "Patient", "contained": [{**house, "id": "a"}, nurse], **point}
    assert found(given, held) == [("Patient.contained[0].name", "name must be given.")]


def test_a_rule_that_cannot_be_worked_out_is_said():
    rule = {"key": "x-1", "severity": "error", "human": "x", "expression": "strange()"}
    (issue,) = of(("Observation", {"constraint": [rule]})).check(OBSERVATION)
    assert (issue.severity, issue.code) == ("information", "not-supported")


def test_a_binding_of_a_slice_holds_for_the_slice():
    towns = {"resourceType": "ValueSet", "url": "http://towns", "name": "towns", "compose": {
        "include": [{"system": "http://t", "concept": [{"code": "a"}]}]}}  # fmt: skip
    patient = differential(
        "p", "Patient",
        ("Patient.identifier", {"slicing": by(("value", "system"))}),
        ("Patient.identifier:town", {"max": "*"}),
        ("Patient.identifier:town.system", {"min": 1, "fixedUri": "http://id"}),
        ("Patient.identifier:town.type", {"min": 1, "binding": {"strength": "required", "valueSet": "http://towns|2"}}),
    )  # fmt: skip
    given = Profiles([(patient, True), (towns, True)])

    def numbered(system, code):
        kind = {"coding": [{"system": "http://t", "code": code}]}
        return {
            "resourceType": "Patient",
            "identifier": [{"system": system, "value": "1", "type": kind}],
        }

    assert found(given, numbered("http://id", "a")) == []
    assert found(given, numbered("http://else", "b")) == []
    assert found(given, numbered("http://id", "b")) == [
        ("Patient.identifier[0].type", "type has no code of its value set towns.")
    ]


@pytest.mark.shared
def test_extensions_of_r4_raise_no_alarm_on_the_sample(shared):
    """Every fortieth resource; their extensions are checked by the definitions that ship."""
    given = profiles(SEX)
    for file in sorted((shared / "data/synthea-100").glob("*.ndjson.gz")):
        with gzip.open(file) as lines:
            for number, line in enumerate(lines):
                if number % 40 == 0:
                    assert given.check(orjson.loads(line)) == [], (file.name, number)
