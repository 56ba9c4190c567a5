"""The JSON operations of chronic care, for `/api/v1/openapi.json`."""

from __future__ import annotations

from typing import Any

from taihe.chronic.domain.telemetry import KINDS

_READING: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "measured_at", "unit"],
    "properties": {
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "Given once by the app; the same reading again changes nothing. "
            "Without it device, time, kind and value tell readings apart.",
        },
        "patient": {"type": "string", "description": "Patient/{id}; systems only"},
        "device_id": {"type": "string", "description": "Address of the device"},
        "kind": {"type": "string", "enum": list(KINDS)},
        "measured_at": {"type": "string", "format": "date-time"},
        "systolic": {"type": "number", "description": "bp"},
        "diastolic": {"type": "number", "description": "bp"},
        "pulse": {"type": "number", "description": "per minute"},
        "value": {"type": "number", "description": "glucose, spo2"},
        "unit": {"type": "string", "enum": ["mmHg", "kPa", "mmol/L", "mg/dL", "%"]},
        "meal": {"type": "string", "enum": ["fasting", "pre", "post", "bedtime", ""]},
    },
}
_VERDICT: dict[str, Any] = {
    "type": "object",
    "required": ["index", "id", "status"],
    "properties": {
        "index": {"type": "integer", "minimum": 0},
        "id": {"type": "string"},
        "status": {"type": "string", "enum": ["stored", "unchanged", "refused"]},
        "reference": {"type": "string", "description": "Observation/{id} in the record"},
        "alarm": {"type": "string", "description": "Danger sign that the reading shows"},
        "advice": {"type": "string", "description": "For the resident, in Chinese"},
        "problem": {"type": "string"},
        "do": {"type": "string"},
    },
}
_PROBLEM = {
    "description": "RFC 9457 problem",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}

PATHS: dict[str, Any] = {
    "/api/v1/telemetry": {
        "post": {
            "summary": "Home readings of blood pressure, glucose and oxygen saturation",
            "description": "A system sends a bearer token with system/Observation.c; a "
            "signed-in resident sends readings of their own. A gateway's payload "
            "(reportAttribute with device_list) is taken as it is, for devices that are bound.",
            "security": [{"bearer": []}, {"session": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"readings": {"type": "array", "items": _READING}},
                        }
                    }
                },
            },
            "responses": {
                "202": {
                    "description": "A verdict for each reading, in order",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["taken", "refused", "items"],
                                "properties": {
                                    "taken": {"type": "integer"},
                                    "refused": {"type": "integer"},
                                    "items": {"type": "array", "items": _VERDICT},
                                },
                            }
                        }
                    },
                },
                "400": _PROBLEM,
                "401": _PROBLEM,
                "403": _PROBLEM,
                "405": _PROBLEM,
            },
        }
    }
}
