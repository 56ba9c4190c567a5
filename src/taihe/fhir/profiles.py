"""
Validation against profiles: StructureDefinition snapshots that are read at run time.

A profile narrows R4: how often an element occurs, its types and targets, fixed and pattern
values, value sets, slices of what repeats, rules of its own. `validate.check` has the base;
what is said here is only what the profile adds. A slice is known by its discriminators
(value, pattern, exists, type, profile). Source: https://hl7.org/fhir/R4/profiling.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from taihe.fhir import definitions, fhirpath, model
from taihe.fhir.fhirpath import FhirPathError
from taihe.fhir.fhirpath.elements import Element, atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.files import read_resources
from taihe.fhir.native_rules import DEEPEST
from taihe.fhir.outcome import Issue
from taihe.fhir.search.rows import split_reference
from taihe.fhir.terms import ValueSets
from taihe.fhir.validate import check
from taihe.kernel.errors import Incorrect

__all__ = ["Profiles", "read_profiles"]

CORE = "http://hl7.org/fhir/StructureDefinition/"
_STEP = re.compile(r"\$this|(extension|ofType)\('?([^')]+)'?\)|resolve\(\)|[A-Za-z][A-Za-z0-9]*")
_ABSENT = object()


@dataclass(slots=True)
class _Node:
    """One element of a snapshot; `value` is what fixed[x] or pattern[x] holds."""

    name: str
    slice_name: str = ""
    minimum: int = 0
    maximum: int | None = None
    types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    value: Any = _ABSENT
    exact: bool = False
    strength: str = ""
    value_set: str = ""
    reference: str = ""
    slicing: dict[str, Any] | None = None
    rules: list[tuple[str, str, str, fhirpath.Compiled]] = field(default_factory=list)
    children: dict[str, _Node] = field(default_factory=dict)
    slices: dict[str, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Item:
    """A value in a resource: `extra` is the object beside a primitive; `place` as in `model`."""

    value: Any
    extra: dict[str, Any] | None
    type: str
    place: str
    location: str


@dataclass(slots=True)
class _Profile:
    url: str
    name: str
    type: str
    root: _Node
    paths: dict[str, _Node]


def _canonical(url: Any) -> str:
    return str(url).partition("|")[0]


def _wrong(name: str, problem: str, do: str = "") -> Incorrect:
    return Incorrect(f"The profile {name} {problem}", do)


def _list(holder: Any, key: str) -> list[dict[str, Any]]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _node(raw: dict[str, Any], name: str, slice_name: str) -> _Node:
    node = _Node(name.removesuffix("[x]"), slice_name)
    minimum, maximum = raw.get("min", 0), raw.get("max", "*")
    node.minimum = minimum if isinstance(minimum, int) else 0
    node.maximum = int(maximum) if str(maximum).isdecimal() else None
    for one in _list(raw, "type"):
        kind = str(one.get("code", "")).rpartition("/")[2]
        kind = {"System.String": "string"}.get(kind, kind)
        node.types[kind] = tuple(map(_canonical, one.get("profile") or ()))
        node.targets += tuple(map(_canonical, one.get("targetProfile") or ()))
    for key, value in raw.items():
        if key.startswith(("fixed", "pattern")) and key[:1].islower():
            node.value, node.exact = value, key.startswith("fixed")
    binding = raw.get("binding")
    if isinstance(binding, dict):
        node.strength = str(binding.get("strength", ""))
        node.value_set = _canonical(binding.get("valueSet", ""))
    node.reference = str(raw.get("contentReference", "")).rpartition("#")[2]
    node.slicing = raw.get("slicing") if isinstance(raw.get("slicing"), dict) else None
    return node


def _read(raw: dict[str, Any]) -> _Profile:
    """A StructureDefinition as a tree; its own rules are those that R4 does not have."""
    name = str(raw.get("name") or raw.get("id") or "?")[:80]
    listed = _list(raw.get("snapshot"), "element")
    kind = raw.get("type")
    if not listed:
        raise _wrong(name, "has no snapshot.", "Make one with a FHIR publisher (sushi, ig).")
    if not isinstance(kind, str) or not model.kind(kind):
        raise _wrong(name, "is of no R4 type.", "Check its element type.")
    known = {rule.key for rule in definitions.invariants()}
    root = _node(listed[0], kind, "")
    paths: dict[str, _Node] = {kind: root}
    for element in listed[1:]:
        path = str(element.get("id") or element.get("path", ""))
        above, _, last = path.rpartition(".")
        last, _, slice_name = last.partition(":")
        parent = paths.get(above)
        if parent is None or not last:
            raise _wrong(name, f"has the element {path[:80]} without what is above it.")
        node = _node(element, last, slice_name)
        if slice_name:
            whole = parent.children.get(last.removesuffix("[x]"))
            if whole is None:
                raise _wrong(name, f"has the slice {slice_name} of nothing.")
            whole.slices[slice_name] = node
        else:
            parent.children[node.name] = node
        paths[path] = node
    for element, node in zip(listed, paths.values(), strict=False):
        for rule in _list(element, "constraint"):
            key, expression = str(rule.get("key", "")), rule.get("expression")
            if key in known or not isinstance(expression, str):
                continue
            try:
                compiled = fhirpath.compile(expression)
            except FhirPathError as error:
                raise _wrong(
                    name, f"has the rule {key[:40]}, which is no FHIRPath: {error}"
                ) from None
            severity = "error" if rule.get("severity") == "error" else "warning"
            node.rules.append((key, severity, str(rule.get("human", "")).strip(), compiled))
    return _Profile(_canonical(raw.get("url", "")), name, kind, root, paths)


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal: true is not 1, and 1.0 is 1.00."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, int | float | Decimal) and isinstance(b, int | float | Decimal):
        return Decimal(str(a)) == Decimal(str(b))
    return type(a) is type(b) and bool(a == b)


def holds_pattern(value: Any, pattern: Any) -> bool:
    """Whether a value has everything that a pattern has; each item of a list somewhere."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            k in value and holds_pattern(value[k], v) for k, v in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(holds_pattern(one, wanted) for one in value) for wanted in pattern
        )
    return same(value, pattern)


def _items(item: _Item, name: str) -> list[_Item]:
    """The values of a child element, by its FHIRPath name or (older snapshots) its JSON key."""
    holder = item.value if isinstance(item.value, dict) else item.extra
    if holder is None:
        return []
    by_key = model.fields(item.place).get(name)
    fields = model.named(item.place).get(name) or ((by_key,) if by_key else ())
    found: list[_Item] = []
    for one in fields:
        value, beside = holder.get(one.key), None
        if one.primitive:
            beside = holder.get("_" + one.key)
        if value is None and beside is None:
            continue
        where = f"{item.location}.{one.name}"
        if not one.many:
            found.append(_item(value, beside, one, where))
            continue
        values = value if isinstance(value, list) else []
        extras = beside if isinstance(beside, list) else []
        for at in range(max(len(values), len(extras))):
            value = values[at] if at < len(values) else None
            beside = extras[at] if at < len(extras) else None
            if value is not None or beside is not None:
                found.append(_item(value, beside, one, f"{where}[{at}]"))
    return found


def _item(value: Any, beside: Any, found: model.Field, location: str) -> _Item:
    kind, place = found.type, found.place
    if kind == "Resource" and isinstance(value, dict):
        kind = place = str(value.get("resourceType"))
    extra = beside if isinstance(beside, dict) else None
    return _Item(value, extra, kind, "Element" if found.primitive else place, location)


class Profiles:
    """
    Profiles and value sets that were read; `check` validates a resource against them.

    A profile that was named itself holds for every resource of its type, one from a folder
    for the resources that claim it in `meta.profile`.
    """

    def __init__(self, resources: Iterable[tuple[dict[str, Any], bool]]) -> None:
        self.profiles: dict[str, _Profile] = {}
        self.always: list[_Profile] = []
        self.terms = ValueSets()
        for raw, everywhere in resources:
            kind = raw.get("resourceType")
            if kind == "StructureDefinition" and raw.get("derivation") == "constraint":
                profile = _read(raw)
                self.profiles[profile.url] = profile
                if everywhere and model.kind(profile.type) == "resource":
                    self.always.append(profile)
            elif kind in ("ValueSet", "CodeSystem"):
                self.terms.add(raw)
        if not self.profiles:
            raise Incorrect(
                "There is no profile among the files.",
                "Name a StructureDefinition with derivation constraint, or a folder with some.",
            )

    def check(self, resource: Any) -> list[Issue]:
        """What is wrong with a resource by R4 and by its profiles; base problems come first."""
        issues = check(resource)
        if any(issue.severity == "fatal" for issue in issues):
            return issues
        said = {(issue.location, issue.problem) for issue in issues}
        for inner, path in _resources(resource, str(resource["resourceType"]), 0):
            for issue in self._of(resource, inner, path):
                if (issue.location, issue.problem) not in said:
                    said.add((issue.location, issue.problem))
                    issues.append(issue)
        return issues

    def _of(self, root: dict[str, Any], resource: dict[str, Any], path: str) -> Iterator[Issue]:
        kind = str(resource["resourceType"])
        meta = resource.get("meta")
        claimed = meta.get("profile") if isinstance(meta, dict) else None
        chosen = [p for p in self.always if p.type == kind]
        for url in claimed if isinstance(claimed, list) else ():
            profile = self.profiles.get(_canonical(url))
            if profile is None:
                if not _canonical(url).startswith(CORE + kind):
                    yield Issue(
                        "warning", "not-found", f"{path}.meta.profile",
                        "The resource claims a profile that was not given, so it is not checked.",
                        "Give its StructureDefinition with --profile.",
                    )  # fmt: skip
            elif profile.type != kind:
                yield Issue(
                    "error", "invalid", f"{path}.meta.profile",
                    f"The profile {profile.name} is for {profile.type}, not for {kind}.",
                    "Remove the claim.",
                )  # fmt: skip
            elif profile not in chosen:
                chosen.append(profile)
        for profile in chosen:
            walk = _Walk(self, profile, root, resource)
            walk.one(profile.root, _Item(resource, None, kind, kind, path), 0)
            yield from walk.issues


def _resources(resource: Any, path: str, depth: int) -> Iterator[tuple[dict[str, Any], str]]:
    """A resource, what it contains, and what a bundle holds."""
    if not isinstance(resource, dict) or depth > 10 or "resourceType" not in resource:
        return
    yield resource, path
    for at, inner in enumerate(_list(resource, "contained")):
        yield from _resources(inner, f"{path}.contained[{at}]", depth + 1)
    if resource.get("resourceType") == "Bundle":
        for at, entry in enumerate(_list(resource, "entry")):
            yield from _resources(entry.get("resource"), f"{path}.entry[{at}].resource", depth + 1)


class _Walk:
    """One run of a profile over a resource; collects issues."""

    def __init__(
        self, given: Profiles, profile: _Profile, root: dict[str, Any], nearest: dict[str, Any]
    ) -> None:
        self.given = given
        self.profile = profile
        self.root = root
        self.nearest = nearest
        self.issues: list[Issue] = []

    def say(self, severity: str, code: str, location: str, problem: str, do: str) -> None:
        do = f"{do} This is asked by the profile {self.profile.name}.".strip()
        self.issues.append(Issue(severity, code, location, problem, do))

    # One value

    def one(self, node: _Node, item: _Item, depth: int) -> None:
        """Everything that an element of the profile asks of one value."""
        if depth > DEEPEST:
            return
        self.content(node, item)
        for key, severity, human, compiled in node.rules:
            self.rule(key, severity, human, compiled, item)
        if node.reference and not node.children:
            node = self.profile.paths.get(node.reference, node)
        for child in node.children.values():
            self.child(child, item, depth)
        for url in node.types.get(item.type, ()):
            inner = self.given.profiles.get(url)
            if inner is not None and inner.type == item.type and inner is not self.profile:
                walk = _Walk(self.given, inner, self.root, self.nearest)
                walk.one(inner.root, item, depth + 1)
                self.issues += walk.issues

    def content(self, node: _Node, item: _Item) -> None:
        name, where = node.name, item.location
        if node.value is not _ABSENT and not self.fits(node, item):
            how = "is not the fixed value" if node.exact else "has not what the pattern asks"
            self.say(
                "error", "value", where, f"{name} {how}.",
                "Take it from the profile.",
            )  # fmt: skip
        if node.targets and item.type == "Reference" and isinstance(item.value, dict):
            text = item.value.get("reference")
            kind = split_reference(text)[0] if isinstance(text, str) else ""
            allowed = {self.target(url) for url in node.targets}
            if kind and "" not in allowed and not allowed & set(model.ancestors(kind)):
                self.say(
                    "error", "value", f"{where}.reference", f"{name} cannot refer to a {kind}.",
                    f"It refers to {', '.join(sorted(allowed))}.",
                )  # fmt: skip
        if node.value_set and node.strength in ("required", "extensible"):
            self.bound(node, item)

    def target(self, url: str) -> str:
        """The type that a targetProfile means; "" when it is not known."""
        found = self.given.profiles.get(url)
        name = url.removeprefix(CORE)
        return found.type if found else name if model.kind(name) == "resource" else ""

    def bound(self, node: _Node, item: _Item) -> None:
        known = self.given.terms.codes(node.value_set)
        held = None if known is None else known.holds(item.type, item.value)
        if held is None or held:
            return
        if node.strength == "required":
            said = "error", f"{node.name} has no code of its value set.", "Use a code of it."
        else:
            said = ("warning", f"{node.name} has no code of the value set that goes first.",
                    "Use one of it where one fits.")  # fmt: skip
        self.say(said[0], "code-invalid", item.location, said[1], said[2])

    def rule(
        self, key: str, severity: str, human: str, compiled: fhirpath.Compiled, item: _Item
    ) -> None:
        value = item.value if item.value is not None else item.extra
        focus = Element(value, item.type, item.place)
        kind, root_kind = str(self.nearest["resourceType"]), str(self.root["resourceType"])
        env = Environment(Element(self.nearest, kind, kind), {"context": [focus]})
        env.root = Element(self.root, root_kind, root_kind)
        env.this = [focus]
        try:
            result = compiled.on(env, [focus])
        except FhirPathError:
            return
        if len(result) == 1 and atom(result[0]) is False:
            self.say(severity, "invariant", item.location, human, f"This is rule {key}.")

    # The values of one element

    def child(self, node: _Node, parent: _Item, depth: int) -> None:
        items = _items(parent, node.name)
        where = f"{parent.location}.{node.name}"
        base = _base(parent.place, node.name)
        self.count(node, len(items), where, base)
        for item in items:
            if node.types and not self.typed(node, item):
                self.say(
                    "error", "structure", item.location,
                    f"{node.name} is of a type that is not allowed here.",
                    f"Use {', '.join(sorted(node.types))}.",
                )  # fmt: skip
            self.one(node, item, depth + 1)
        if node.slices:
            self.sliced(node, items, where, depth)

    def count(self, node: _Node, number: int, where: str, base: tuple[int, int | None]) -> None:
        said = f"the slice {node.slice_name} of {node.name}" if node.slice_name else node.name
        if number < node.minimum and (node.slice_name or number >= base[0]):
            self.say(
                "error", "required", where,
                f"{said[0].upper() + said[1:] if node.slice_name else said} must occur "
                f"{node.minimum} {'time' if node.minimum == 1 else 'times'} at least.",
                "Add it.",
            )  # fmt: skip
        if node.maximum is not None and number > node.maximum:
            many = "must not be given" if node.maximum == 0 else (
                f"may occur {node.maximum} {'time' if node.maximum == 1 else 'times'} at most")  # fmt: skip
            self.say(
                "error", "structure", where,
                f"{said[0].upper() + said[1:] if node.slice_name else said} {many}.",
                "Remove some." if node.maximum else "Remove it.",
            )  # fmt: skip

    @staticmethod
    def typed(node: _Node, item: _Item) -> bool:
        return any(
            model.is_a(item.type, kind) or kind == "Resource" or kind.startswith("System.")
            for kind in node.types
        ) or (item.type in ("BackboneElement", "Element"))

    # Slices

    def sliced(self, node: _Node, items: list[_Item], where: str, depth: int) -> None:
        slicing = node.slicing or {"discriminator": [{"type": "type", "path": "$this"}]}
        marks = [(str(d.get("type")), str(d.get("path"))) for d in _list(slicing, "discriminator")]
        numbers = dict.fromkeys(node.slices, 0)
        unclear: set[str] = set()
        last, after_last = -1, False
        order = list(node.slices)
        for item in items:
            chosen = ""
            for name, one in node.slices.items():
                held = self.belongs(one, item, marks)
                if held is None:
                    unclear.add(name)
                elif held:
                    chosen = name
                    break
            if not chosen:
                after_last = True
                if slicing.get("rules") == "closed" and not unclear:
                    self.say(
                        "error", "structure", item.location,
                        f"{node.name} belongs to none of its slices.",
                        f"It is one of {', '.join(order[:12])}.",
                    )  # fmt: skip
                continue
            numbers[chosen] += 1
            place = order.index(chosen)
            if slicing.get("ordered") is True and place < last:
                self.say(
                    "error", "structure", item.location,
                    f"The slices of {node.name} are not in their order.",
                    f"Their order is {', '.join(order[:12])}.",
                )  # fmt: skip
            elif slicing.get("rules") == "openAtEnd" and after_last:
                self.say(
                    "error", "structure", item.location,
                    f"The slices of {node.name} come before what is in none.", "Move it up.",
                )  # fmt: skip
            last = max(last, place)
            self.one(node.slices[chosen], item, depth + 1)
        for name, number in numbers.items():
            if name not in unclear:
                self.count(node.slices[name], number, where, (0, None))
        for name in sorted(unclear):
            self.say(
                "information", "not-supported", where,
                f"The slice {name} of {node.name} cannot be told from others, so it is not "
                "checked.", "",
            )  # fmt: skip

    def belongs(self, node: _Node, item: _Item, marks: list[tuple[str, str]]) -> bool | None:
        """Whether a value is in a slice; None when the discriminators cannot tell."""
        answers = [self.told(node, item, kind, path) for kind, path in marks]
        if not answers or None in answers:
            return False if False in answers else None
        return all(answers)

    def told(self, node: _Node, item: _Item, kind: str, path: str) -> bool | None:
        steps = list(_STEP.finditer(path))
        nodes, items = [node], [item]
        for at, step in enumerate(steps):
            text = step.group(0)
            if text == "$this":
                continue
            if text == "resolve()":
                return self.resolved(nodes, items, kind) if at == len(steps) - 1 else None
            if step.group(1) == "ofType":
                items = [one for one in items if one.type == step.group(2)]
                continue
            name = "extension" if step.group(1) else text
            if name == "url" and kind in ("value", "pattern") and at == len(steps) - 1:
                urls = {url for one in nodes for url in one.types.get("Extension", ())}
                if urls:
                    return any(
                        isinstance(one.value, dict) and _canonical(one.value.get("url")) in urls
                        for one in items
                    )
            below = [found for one in nodes for found in self.below(one, name)]
            items = [found for one in items for found in _items(one, name)]
            if step.group(1):
                url = step.group(2)
                items = [
                    one for one in items
                    if isinstance(one.value, dict) and one.value.get("url") == url
                ]  # fmt: skip
                below = [one for one in below if url in one.types.get("Extension", ())] or below
            nodes = below
        if kind == "exists":
            if any(one.maximum == 0 for one in nodes):
                return not items
            return bool(items) if any(one.minimum for one in nodes) else None
        if kind == "type":
            types = {name for one in nodes for name in one.types}
            if not types:
                return None
            return any(model.is_a(one.type, name) for one in items for name in types)
        if kind == "profile":
            return self.conforms(nodes, items)
        if kind not in ("value", "pattern"):
            return None
        telling = [one for one in nodes if self.tells(one, 0)]
        if not telling:
            return None
        return any(self.meets(one, found, 0) for one in telling for found in items)

    def below(self, node: _Node, name: str) -> list[_Node]:
        if node.reference and not node.children:
            node = self.profile.paths.get(node.reference, node)
        child = node.children.get(name)
        if child is not None:
            return [child, *child.slices.values()]
        if isinstance(node.value, dict) and name in node.value:  # inside a pattern
            inner = node.value[name]
            first = inner[0] if isinstance(inner, list) and inner else inner
            return [_Node(name, value=first, exact=node.exact)]
        return []

    def tells(self, node: _Node, depth: int) -> bool:
        if node.value is not _ABSENT or (node.strength == "required" and node.value_set):
            return True
        return depth < 8 and any(
            self.tells(one, depth + 1)
            for child in node.children.values()
            for one in (child, *child.slices.values())
        )

    def meets(self, node: _Node, item: _Item, depth: int) -> bool:
        """Whether a value has what the values below an element of the profile say."""
        if node.value is not _ABSENT:
            return self.fits(node, item)
        if node.strength == "required" and node.value_set:
            known = self.given.terms.codes(node.value_set)
            if known is not None:
                return known.holds(item.type, item.value) is not False
        if depth > 8:
            return True
        for child in node.children.values():
            wanted = [child, *(one for one in child.slices.values() if one.minimum)]
            for one in wanted:
                if not self.tells(one, depth + 1):
                    continue
                found = _items(item, child.name)
                if not found and not one.minimum:
                    continue
                if not any(self.meets(one, value, depth + 1) for value in found):
                    return False
        return True

    @staticmethod
    def fits(node: _Node, item: _Item) -> bool:
        return (same if node.exact else holds_pattern)(item.value, node.value)

    def resolved(self, nodes: list[_Node], items: list[_Item], kind: str) -> bool | None:
        """A discriminator behind resolve(): the type that the reference says."""
        allowed = {self.target(url) for one in nodes for url in one.targets}
        if kind not in ("type", "profile") or not allowed or "" in allowed:
            return None
        for one in items:
            value = one.value if isinstance(one.value, dict) else {}
            text = value.get("reference")
            name = split_reference(text)[0] if isinstance(text, str) else ""
            name = name or str(value.get("type", ""))
            if name and allowed & set(model.ancestors(name)):
                return True
        return False

    def conforms(self, nodes: list[_Node], items: list[_Item]) -> bool | None:
        urls = [url for one in nodes for profiles in one.types.values() for url in profiles]
        known = [self.given.profiles[url] for url in urls if url in self.given.profiles]
        if not known:
            return None
        for profile in known:
            for one in items:
                walk = _Walk(self.given, profile, self.root, self.nearest)
                if one.type == profile.type:
                    walk.one(profile.root, one, 0)
                    if not any(issue.is_error for issue in walk.issues):
                        return True
        return False


def _base(place: str, name: str) -> tuple[int, int | None]:
    """How often R4 itself asks for an element: what `check` says already."""
    fields = model.named(place).get(name)
    if not fields:
        return 0, None
    element = fields[0].element
    return element.minimum, element.maximum or None


def read_profiles(paths: Iterable[Path]) -> Profiles:
    """
    Read profiles, value sets and code systems from files and folders (JSON, NDJSON, bundles).

    Raises Incorrect for a file that is no JSON and for a profile without a snapshot.
    """
    return Profiles(_found(paths))


def _found(paths: Iterable[Path]) -> Iterator[tuple[dict[str, Any], bool]]:
    for path in paths:
        folder = path.is_dir()
        files = sorted(p for p in path.rglob("*.json")) if folder else [path]
        for file in files:
            for read in read_resources(file):
                if read.problem is not None:
                    raise Incorrect(f"{file.name}: {read.problem.problem}", read.problem.do)
                if not isinstance(read.resource, dict):
                    continue
                held = [read.resource]
                if read.resource.get("resourceType") == "Bundle":
                    held = [e.get("resource", {}) for e in _list(read.resource, "entry")]
                for one in held:
                    if isinstance(one, dict) and "resourceType" in one:
                        yield one, not folder
