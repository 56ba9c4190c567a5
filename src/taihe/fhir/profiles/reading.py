"""Reading profiles, value sets and code systems from files and folders."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import orjson

from taihe.fhir import definitions
from taihe.fhir.files import read_resources
from taihe.fhir.profiles.definition import CORE, Raw, listed
from taihe.fhir.profiles.given import Profiles
from taihe.kernel.errors import Incorrect

_PACKAGES = (".tgz", ".tar.gz")
_MOST_BYTES = 1 << 30


def read_profiles(paths: Iterable[Path]) -> Profiles:
    """
    Read profiles, value sets and code systems from files and folders (JSON, NDJSON, bundles)
    and from FHIR packages (.tgz), which count as folders. A name that is no file may be one of
    R4's own profiles ("vitalsigns").

    Raises Incorrect for a file that is no JSON and for a profile that cannot be used.
    """
    return Profiles(_found(paths))


def _found(paths: Iterable[Path]) -> Iterator[tuple[Raw, bool]]:
    for path in paths:
        if not path.exists():
            yield _of_r4(str(path)), True
            continue
        if path.name.endswith(_PACKAGES):
            for one in _package(path):
                yield one, False
            continue
        folder = path.is_dir()
        for file in _files(path) if folder else [path]:
            if file.name.endswith(_PACKAGES):
                for one in _package(file):
                    yield one, False
                continue
            for read in read_resources(file):
                if read.problem is not None:
                    raise Incorrect(f"{file.name}: {read.problem.problem}", read.problem.do)
                for one in _held(read.resource):
                    yield one, not folder


def _of_r4(name: str) -> Raw:
    """One of R4's own profiles by its id, for a path where no file is."""
    own = {url.removeprefix(CORE): raw for url, raw in definitions.profiles().items()}
    if name in own:
        return own[name]
    close = get_close_matches(name, own, n=1, cutoff=0.7)
    raise Incorrect(
        f"There is no file {Path(name).name}, and no profile of R4 of that name.",
        f"Did you mean {close[0]}?" if close else "Check its path.",
    )


def _held(resource: Any) -> Iterator[Raw]:
    """A resource, or those that a bundle holds."""
    if not isinstance(resource, dict):
        return
    if resource.get("resourceType") == "Bundle":
        for entry in listed(resource, "entry"):
            inner = entry.get("resource")
            if isinstance(inner, dict) and "resourceType" in inner:
                yield inner
    elif "resourceType" in resource:
        yield resource


def _files(folder: Path) -> list[Path]:
    """The JSON files and packages of a folder; what else lies there is left."""
    ends = (".json", ".json.gz", ".ndjson", ".ndjson.gz", *_PACKAGES)
    return sorted(p for p in folder.rglob("*") if p.name.endswith(ends))


def _package(path: Path) -> Iterator[Raw]:
    """The resources of a FHIR package (https://hl7.org/fhir/packages.html), read in memory."""
    left = _MOST_BYTES
    try:
        with tarfile.open(path, mode="r|gz") as archive:
            for member in archive:
                folder, _, name = member.name.rpartition("/")
                if folder != "package" or not name.endswith(".json") or not member.isfile():
                    continue
                left -= member.size
                if left < 0:
                    raise Incorrect(
                        f"{path.name} unpacks to more than {_MOST_BYTES >> 20} MB.",
                        "Unpack what is needed into a folder.",
                    )
                file = archive.extractfile(member)
                if file is None:
                    continue
                try:
                    resource = orjson.loads(file.read())
                except ValueError:
                    raise Incorrect(
                        f"{path.name}: {name} is no JSON.", "Fetch the package again."
                    ) from None
                yield from _held(resource)
    except (tarfile.TarError, EOFError, zlib.error, OSError):
        raise Incorrect(
            f"{path.name} cannot be read as a package.", "Check its path, or fetch it again."
        ) from None
