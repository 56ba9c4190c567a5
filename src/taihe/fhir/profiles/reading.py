"""Reading profiles, value sets and code systems from files and folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from taihe.fhir.files import read_resources
from taihe.fhir.profiles.definition import Raw, listed
from taihe.fhir.profiles.given import Profiles
from taihe.kernel.errors import Incorrect


def read_profiles(paths: Iterable[Path]) -> Profiles:
    """
    Read profiles, value sets and code systems from files and folders (JSON, NDJSON, bundles).

    Raises Incorrect for a file that is no JSON and for a profile that cannot be used.
    """
    return Profiles(_found(paths))


def _found(paths: Iterable[Path]) -> Iterator[tuple[Raw, bool]]:
    for path in paths:
        folder = path.is_dir()
        files = _files(path) if folder else [path]
        for file in files:
            for read in read_resources(file):
                if read.problem is not None:
                    raise Incorrect(f"{file.name}: {read.problem.problem}", read.problem.do)
                if not isinstance(read.resource, dict):
                    continue
                held = [read.resource]
                if read.resource.get("resourceType") == "Bundle":
                    held = [e.get("resource", {}) for e in listed(read.resource, "entry")]
                for one in held:
                    if isinstance(one, dict) and "resourceType" in one:
                        yield one, not folder


def _files(folder: Path) -> list[Path]:
    """The JSON files of a folder; what else lies there (package lists, schemas) is left."""
    ends = (".json", ".json.gz", ".ndjson", ".ndjson.gz")
    return sorted(p for p in folder.rglob("*") if p.name.endswith(ends))
