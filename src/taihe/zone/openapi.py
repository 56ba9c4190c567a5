"""The OpenAPI document of the zone site's JSON, made from its short list of routes."""

from __future__ import annotations

from typing import Any

_FIGURE: dict[str, Any] = {
    "type": "object",
    "required": ["key", "unit", "numerator", "denominator", "printed"],
    "properties": {
        "key": {"type": "string", "description": "Definition at /definitions/{key}/"},
        "unit": {"type": "string", "enum": ["个", "亿元", "%"]},
        "numerator": {"type": "integer", "description": "Projects, or fen"},
        "denominator": {"type": ["integer", "null"], "description": "Null for a total"},
        "printed": {"type": "string", "description": "Rounded once, halves away from zero"},
    },
}
_BULLETIN: dict[str, Any] = {
    "type": "object",
    "required": [
        "form",
        "event",
        "event_name",
        "edition",
        "as_of",
        "synthetic",
        "projects",
        "figures",
    ],
    "properties": {
        "form": {"const": "taihe.zone.bulletin/1"},
        "event": {"type": "string"},
        "event_name": {"type": "string"},
        "edition": {"type": "integer", "minimum": 1},
        "as_of": {"type": "string", "format": "date"},
        "synthetic": {"type": "boolean"},
        "projects": {
            "type": "object",
            "properties": {"rows": {"type": "integer"}, "sha256": {"type": "string"}},
        },
        "figures": {"type": "array", "items": _FIGURE},
    },
}
_PROBLEM = {
    "description": "RFC 9457 problem",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "开发区协同 zone site", "version": "1", "license": {"name": "Apache-2.0"}},
    "paths": {
        "/api/v1/conventions/{key}/figures": {
            "get": {
                "summary": "Frozen figures of a convention: the canonical bytes of its bulletin",
                "security": [],
                "parameters": [
                    {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}},
                    {
                        "name": "edition",
                        "in": "query",
                        "schema": {"type": "integer", "minimum": 1},
                        "description": "An edition; the newest without it",
                    },
                ],
                "responses": {
                    "200": {
                        "description": "The bulletin; its SHA-256 is the ETag",
                        "content": {"application/json": {"schema": _BULLETIN}},
                    },
                    "400": _PROBLEM,
                    "404": _PROBLEM,
                },
            }
        }
    },
}
