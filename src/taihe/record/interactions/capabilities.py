"""
capabilities, https://hl7.org/fhir/R4/http.html#capabilities: GET [base]/metadata.

Everything in the answer is read from the code that does it: interactions, resource types,
search parameters. Also the SMART configuration.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import orjson

import taihe
from taihe.fhir.search import parameters
from taihe.record import types
from taihe.record.answers import FHIR_JSON, Answer
from taihe.record.queries import FOR_EVERY_TYPE, is_answered

INTERACTIONS: Final = (
    "read",
    "vread",
    "update",
    "delete",
    "history-instance",
    "create",
    "search-type",
)
SYSTEM_INTERACTIONS: Final = ("transaction", "batch")
FHIR_VERSION: Final = "4.0.1"


def searchable(type: str) -> list[dict[str, str]]:
    """The search parameters of a type that are answered."""
    return [
        {"name": parameter.code, "type": parameter.kind}
        for parameter in parameters(type).values()
        if is_answered(parameter)
    ]


def includes(type: str) -> list[str]:
    """What `_include` can name for a type."""
    known = parameters(type).values()
    own = [f"{type}:{p.code}" for p in known if p.kind == "reference" and is_answered(p)]
    return ["*", *own] if own else []


@cache
def _reverse() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source in types.NUMBER:
        for p in parameters(source).values():
            if p.kind == "reference" and is_answered(p):
                for target in p.targets or tuple(types.NUMBER):
                    found.setdefault(target, []).append(f"{source}:{p.code}")
    return found


def reverse_includes(type: str) -> list[str]:
    """What `_revinclude` can name for a type."""
    return ["*", *_reverse().get(type, ())]


@cache
def _statement() -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-24",
        "publisher": "Taihe",
        "kind": "instance",
        "software": {"name": "Taihe 太和", "version": getattr(taihe, "__version__", "0.1.0")},
        "fhirVersion": FHIR_VERSION,
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/"
                                    "restful-security-service",
                                    "code": "SMART-on-FHIR",
                                }
                            ]
                        }
                    ],
                    "description": "Bearer tokens with SMART scopes (system/*.cruds).",
                },
                "resource": [
                    {
                        "type": name,
                        "interaction": [{"code": code} for code in INTERACTIONS],
                        "versioning": "versioned-update",
                        "readHistory": True,
                        "updateCreate": True,
                        "conditionalCreate": False,
                        "conditionalUpdate": False,
                        "conditionalDelete": "not-supported",
                        "searchInclude": includes(name),
                        "searchRevInclude": reverse_includes(name),
                        "searchParam": searchable(name),
                    }
                    for name in types.NUMBER
                ],
                "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
                "searchParam": [{"name": name, "type": kind} for name, kind in FOR_EVERY_TYPE],
            }
        ],
    }


@cache
def _tail() -> bytes:
    return orjson.dumps(_statement())[1:]


def capabilities(base: str) -> Answer:
    """The CapabilityStatement."""
    place = orjson.dumps({"description": "Taihe health record", "url": base})
    body = b'{"implementation":' + place + b"," + _tail()
    # resourceType first, as most readers expect it.
    body = b'{"resourceType":"CapabilityStatement",' + body[1:].replace(
        b'"resourceType":"CapabilityStatement",', b"", 1
    )
    return Answer(200, body, [("Content-Type", FHIR_JSON)])


def smart_configuration() -> Answer:
    """
    What SMART clients may expect: scopes of version 2 in tokens that the installation issues.

    There is no authorisation endpoint yet, and the answer says none.
    """
    body = orjson.dumps(
        {
            "grant_types_supported": [],
            "token_endpoint_auth_methods_supported": [],
            "scopes_supported": ["system/*.cruds", "system/*.rs"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["permission-v2"],
        }
    )
    return Answer(200, body, [("Content-Type", "application/json")])
