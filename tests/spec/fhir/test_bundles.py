"""Transactions: entries, their order, urn references."""

import pytest

from taihe.fhir.bundles import entries, in_order, resolve_urns
from taihe.kernel.errors import Incorrect


def bundle(*listed, type="transaction"):
    return {"resourceType": "Bundle", "type": type, "entry": list(listed)}


def entry(method, url, resource=None, full_url=None):
    made = {"request": {"method": method, "url": url}}
    if resource:
        made["resource"] = resource
    if full_url:
        made["fullUrl"] = full_url
    return made


PATIENT = {"resourceType": "Patient", "id": "p"}


def test_entries_take_effect_delete_post_put_get():
    found = entries(
        bundle(
            entry("GET", "Patient?name=x"),
            entry("PUT", "Patient/p", PATIENT),
            entry("POST", "Patient", {"resourceType": "Patient"}),
            entry("DELETE", "Patient/q"),
        )
    )
    assert [e.issue for e in found] == [None] * 4
    assert [e.method for e in in_order(found)] == ["DELETE", "POST", "PUT", "GET"]
    assert (found[0].type, found[0].query) == ("Patient", "name=x")
    assert (found[1].type, found[1].id) == ("Patient", "p")


@pytest.mark.parametrize(
    ("bad", "location"),
    [
        ({}, "Bundle.entry[0].request.method"),
        (entry("POST", "Patient"), "Bundle.entry[0].resource"),
        (entry("POST", "Group", PATIENT), "Bundle.entry[0].request.url"),
        (entry("POST", "Patent", {"resourceType": "Patent"}), "Bundle.entry[0].resource"),
        (entry("PUT", "Patient", PATIENT), "Bundle.entry[0].request.url"),
        (entry("PUT", "Patient/x", PATIENT), "Bundle.entry[0].resource.id"),
        (entry("DELETE", "Patient"), "Bundle.entry[0].request.url"),
    ],
)
def test_a_bad_entry_says_where(bad, location):
    (found,) = entries(bundle(bad))
    assert found.issue is not None
    assert found.issue.location == location


def test_the_bundle_itself_is_refused():
    with pytest.raises(Incorrect):
        entries(bundle(type="collection"))
    with pytest.raises(Incorrect):
        entries(PATIENT)
    with pytest.raises(Incorrect):
        twice = entry("POST", "Patient", PATIENT, "urn:uuid:1")
        entries(bundle(twice, twice))


def test_urns_become_addresses_in_references_and_uris_only():
    resource = {
        "resourceType": "Observation",
        "identifier": [{"value": "urn:uuid:1"}],
        "subject": {"reference": "urn:uuid:1", "display": "urn:uuid:1"},
        "focus": [{"reference": "urn:uuid:2"}, {"reference": "Patient/9"}],
        "note": [{"text": "urn:uuid:1"}],
        "instantiatesUri": ["urn:uuid:1"],
    }
    before = repr(resource)
    resolved = resolve_urns(resource, {"urn:uuid:1": "Patient/1"})
    assert resolved["subject"] == {"reference": "Patient/1", "display": "urn:uuid:1"}
    assert resolved["focus"] is resource["focus"]
    assert resolved["identifier"][0]["value"] == "urn:uuid:1"
    assert resolved["note"][0]["text"] == "urn:uuid:1"
    assert resolved["instantiatesUri"] == ["Patient/1"]
    assert repr(resource) == before
