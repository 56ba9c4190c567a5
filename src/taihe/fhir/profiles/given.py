"""The profiles, value sets and code systems that were given, and validation by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.outcome import Issue
from taihe.fhir.profiles.definition import CORE, Raw, canonical
from taihe.fhir.profiles.extensions import extensions, misplaced
from taihe.fhir.profiles.items import of_resource, resources
from taihe.fhir.profiles.nodes import Compiler, Profile, is_resource
from taihe.fhir.profiles.snapshot import Snapshots
from taihe.fhir.profiles.walk import Run, Walk
from taihe.fhir.terms import ValueSets
from taihe.fhir.validate import check
from taihe.kernel.errors import Incorrect


class Profiles:
    """
    Profiles and value sets that were read; `check` validates a resource against them.

    A profile that was named itself holds for every resource of its type, one from a folder
    for the resources that claim it in `meta.profile`. R4's own profiles and extensions are
    known without being given. Profiles without a snapshot get one from
    their base. Raises Incorrect for a named profile that cannot be used; one of a folder is
    kept in `unusable` with the reason, which is said of the resources that claim it.
    """

    def __init__(self, given: Iterable[tuple[Raw, bool]]) -> None:
        self.raw: dict[str, Raw] = {}
        self.profiles: dict[str, Profile] = {}
        self.terms = ValueSets()
        everywhere: list[str] = []
        for one, always in given:
            kind = one.get("resourceType")
            if kind == "StructureDefinition" and one.get("derivation") == "constraint":
                url = canonical(one.get("url", ""))
                self.raw[url] = one
                if always:
                    everywhere.append(url)
            elif kind in ("ValueSet", "CodeSystem"):
                self.terms.add(one)
        if not self.raw:
            raise Incorrect(
                "There is no profile among the files.",
                "Name a StructureDefinition with derivation constraint, or a folder with some.",
            )
        self.snapshots = Snapshots({**definitions.profiles(), **self.raw})
        self._of_r4: dict[str, Profile | None] = {}
        self.unusable: dict[str, Incorrect] = {}
        for url, one in self.raw.items():
            try:
                tree = self.snapshots.tree(url)
                self.profiles[url] = Compiler(one, self.terms).profile(tree)
            except Incorrect as refused:
                if url in everywhere:
                    raise
                self.unusable[url] = refused
        self.always = [
            self.profiles[url]
            for url in dict.fromkeys(everywhere)
            if is_resource(self.profiles[url].type)
        ]

    def profile(self, url: str) -> Profile | None:
        """A profile by its address: one that was given, or one of R4's own; None for another."""
        found = self.profiles.get(url)
        if found is None and url not in self.unusable:
            if url not in self._of_r4:
                raw = definitions.profiles().get(url)
                self._of_r4[url] = (
                    Compiler(raw, self.terms).profile(self.snapshots.tree(url)) if raw else None
                )
            found = self._of_r4[url]
        return found

    def snapshot(self, url: str) -> list[Raw]:
        """The snapshot of a given profile, as ElementDefinitions."""
        return self.snapshots.elements(canonical(url))

    def check(self, resource: Any) -> list[Issue]:
        """What is wrong with a resource by R4 and by its profiles; base problems come first."""
        issues = check(resource)
        if any(issue.severity == "fatal" for issue in issues):
            return issues
        said = {(issue.location, issue.problem) for issue in issues}
        run = Run(self, resource)
        for inner, path in resources(resource, str(resource["resourceType"])):
            for issue in self._of(run, inner, path):
                if (issue.location, issue.problem) not in said:
                    said.add((issue.location, issue.problem))
                    issues.append(issue)
        return issues

    def _of(self, run: Run, resource: dict[str, Any], path: str) -> Iterator[Issue]:
        kind = str(resource["resourceType"])
        meta = resource.get("meta")
        claimed = meta.get("profile") if isinstance(meta, dict) else None
        chosen = [p for p in self.always if p.type == kind]
        for at, claim in enumerate(claimed if isinstance(claimed, list) else ()):
            where = f"{path}.meta.profile[{at}]"
            url, _, version = str(claim).partition("|")
            profile = self.profile(url)
            if url in self.unusable:
                refused = self.unusable[url]
                yield Issue(
                    "warning", "not-supported", where,
                    f"The resource is not checked by its profile: {refused.problem}", refused.do,
                )  # fmt: skip
            elif profile is None and url != CORE + kind:
                yield Issue(
                    "warning", "not-found", where,
                    "The resource claims a profile that was not given, so it is not checked.",
                    "Give its StructureDefinition with --profile.",
                )  # fmt: skip
            if profile is None:
                continue
            if profile.type not in model.ancestors(kind):
                yield Issue(
                    "error", "invalid", where,
                    f"The profile {profile.name} is for {profile.type}, not for {kind}.",
                    "Remove the claim.",
                )  # fmt: skip
                continue
            if version and profile.version and version != profile.version:
                yield Issue(
                    "warning", "not-found", where,
                    f"The resource claims another version of the profile {profile.name} "
                    f"than {profile.version}, which it is checked by.",
                    "Give the version that it claims.",
                )  # fmt: skip
            if profile not in chosen:
                chosen.append(profile)
        for profile in chosen:
            walk = Walk(run, profile, resource).over(profile, of_resource(resource, path), 0)
            yield from walk.issues
        yield from self._extensions(run, resource, path)

    def _extensions(self, run: Run, resource: dict[str, Any], path: str) -> Iterator[Issue]:
        for found in extensions(resource, path):
            where = found.item.location
            profile = self.profile(canonical(found.item.value.get("url")))
            if profile is None or profile.type != "Extension":
                if found.modifier:
                    yield Issue(
                        "warning", "extension", f"{where}.url",
                        "This extension can change the meaning of what it stands on, and its "
                        "definition was not given.",
                        "Give its StructureDefinition, or do not use what it stands on.",
                    )  # fmt: skip
                continue
            if found.modifier != profile.modifier:
                right = "modifierExtension" if profile.modifier else "extension"
                yield Issue(
                    "error", "extension", where,
                    f"The extension {profile.name} does not belong here.",
                    f"Write it in {right}.",
                )  # fmt: skip
            if misplaced(found, profile):
                places = ", ".join(expression for _, expression in profile.contexts[:8])
                yield Issue(
                    "warning", "extension", where,
                    f"The extension {profile.name} may not stand here.",
                    f"It belongs to {places}.",
                )  # fmt: skip
            walk = Walk(run, profile, resource).over(profile, found.item, 0)
            yield from walk.issues
