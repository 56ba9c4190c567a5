"""Counties to read: a small one of 60 residents and the default one of 2 000."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from taihe.county.build import Manifest, build


class Built:
    """A county on disk, with its tables and resources as plain rows."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest

    def table(self, name: str) -> list[dict[str, str]]:
        with gzip.open(self.folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as text:
            return list(csv.DictReader(text))

    def resources(self, kind: str) -> list[dict]:
        with gzip.open(self.folder / "fhir" / f"{kind}.ndjson.gz", "rt", encoding="utf-8") as text:
            return [json.loads(line) for line in text]

    def types(self) -> list[str]:
        return sorted(path.name.split(".")[0] for path in (self.folder / "fhir").iterdir())


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("county") / "small"
    return Built(folder, build(residents=60, out=folder))


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("county") / "default"
    return Built(folder, build(out=folder))
