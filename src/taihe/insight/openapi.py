"""The JSON operations of insight, for `/api/v1/openapi.json`."""

from __future__ import annotations

from typing import Any

_COUNT = {"type": ["integer", "null"]}
_CELL: dict[str, Any] = {
    "type": "object",
    "required": ["key", "parent", "name", "numerator", "denominator", "value", "reason"],
    "properties": {
        "key": {"type": "string", "description": "county, a township or tier, an institution"},
        "parent": {"type": "string"},
        "name": {"type": "string"},
        "numerator": _COUNT,
        "denominator": _COUNT,
        "value": {"type": ["number", "null"]},
        "reason": {"enum": ["", "small", "complement", "above"]},
    },
}
_AGGREGATE: dict[str, Any] = {
    "type": "object",
    "required": ["key", "unit", "edition", "as_of", "minimum_cell", "cells"],
    "properties": {
        "key": {"type": "string"},
        "title": {"type": "string"},
        "unit": {"type": "string"},
        "definition": {"type": "string"},
        "source": {"type": "string"},
        "example": {"type": "boolean", "description": "The definition is an example"},
        "edition": {"type": "integer"},
        "as_of": {"type": "string", "format": "date"},
        "minimum_cell": {"type": "integer"},
        "published_at": {"type": "string", "format": "date-time"},
        "cells": {"type": "array", "items": _CELL},
    },
}

PATHS: dict[str, Any] = {
    "/api/v1/aggregates": {
        "get": {
            "summary": "Published aggregates: indicators of the county after the small-cell rule",
            "description": (
                "Only tables that an analyst released. A hidden cell has null numbers and a "
                "reason: small, complement, or above. Each reading is a row of the trail."
            ),
            "security": [{"bearer": []}],
            "parameters": [
                {
                    "name": "indicator",
                    "in": "query",
                    "schema": {"type": "string"},
                    "description": "A key of /definitions/; all released ones without it",
                }
            ],
            "responses": {
                "200": {
                    "description": "The newest released table of each indicator",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["form", "aggregates"],
                                "properties": {
                                    "form": {"const": "taihe.insight.aggregates/1"},
                                    "aggregates": {"type": "array", "items": _AGGREGATE},
                                },
                            }
                        }
                    },
                },
                "401": {"description": "No token, or one that is not known"},
                "403": {"description": "The scope of the token does not cover MeasureReport"},
                "404": {"description": "There is no such indicator"},
            },
        }
    }
}
