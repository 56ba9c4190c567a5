"""Profiles made ready to be checked: a tree of what each element asks beyond R4."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from taihe.fhir import definitions, fhirpath, model
from taihe.fhir.fhirpath import FhirPathError
from taihe.fhir.profiles.definition import (
    CORE,
    Raw,
    addresses,
    canonical,
    flat_enough,
    listed,
    name_of,
    type_code,
    wrong,
)
from taihe.fhir.profiles.snapshot import Draft, is_value
from taihe.fhir.terms import Codes, ValueSets

ABSENT = object()
ANY_TYPE = frozenset(("Resource", "Element", "BackboneElement"))


@dataclass(frozen=True, slots=True)
class OwnRule:
    """An invariant that the profile adds; `compiled` is None when it asks for what is not known."""

    key: str
    severity: str
    human: str
    compiled: fhirpath.Compiled | None


@dataclass(slots=True)
class Node:
    """
    One element of a profile.

    `value` is what fixed[x] (`exact`) or pattern[x] holds; `codes` those of its value set, and `value_set`
    its name, when they are known; `least` and `most` minValue[x] and maxValue[x]; `reference` the path whose
    children it has. `slices` of a slice are its re-slices. `idle` says that neither it nor
    anything below asks more than R4.
    """

    name: str
    slice_name: str = ""
    minimum: int = 0
    maximum: int | None = None
    base_minimum: int = 0
    types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    narrowed: bool = False
    targets: tuple[str, ...] = ()
    value: Any = ABSENT
    exact: bool = False
    strength: str = ""
    codes: Codes | None = None
    value_set: str = ""
    longest: int | None = None
    least: Any = None
    most: Any = None
    reference: str = ""
    slicing: dict[str, Any] | None = None
    rules: list[OwnRule] = field(default_factory=list)
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)
    busy: tuple[Node, ...] = ()
    idle: bool = False
    sights: dict[tuple[str, str], Any] = field(default_factory=dict)  # see `slices`

    def marks(self) -> str:
        """What a slice is known by, for people: "system http://loinc.org, code 85354-9"."""
        found: list[str] = [f"url {url}" for url in self.types.get("Extension", ())]
        stack = [(self, 0)]
        while stack and len(found) < 4:
            node, depth = stack.pop(0)
            _say_marks(node.name, node.value, found, 0)
            if depth < 4:
                stack += [
                    (one, depth + 1)
                    for child in node.children.values()
                    for one in (child, *(s for s in child.slices.values() if s.minimum))
                ]
        return ", ".join(dict.fromkeys(found[:4]))


def _say_marks(name: str, value: Any, found: list[str], depth: int) -> None:
    if isinstance(value, str | int) and len(found) < 4:
        found.append(f"{name} {value}")
    elif isinstance(value, dict) and depth < 4:
        for key, one in value.items():
            _say_marks(key, one, found, depth + 1)
    elif isinstance(value, list):
        for one in value[:2]:
            _say_marks(name, one, found, depth + 1)


@dataclass(slots=True)
class Profile:
    """A profile by its address; `modifier` and `contexts` tell where an extension may stand."""

    url: str
    version: str
    name: str
    type: str
    root: Node
    paths: dict[str, Node]
    modifier: bool = False
    contexts: tuple[tuple[str, str], ...] = ()


class Compiler:
    """Makes the nodes of one profile."""

    def __init__(self, raw: Raw, terms: ValueSets) -> None:
        self.raw = raw
        self.name = name_of(raw)
        self.terms = terms
        self.paths: dict[str, Node] = {}

    def profile(self, tree: Draft) -> Profile:
        """The profile, from the tree of its snapshot."""
        raw, kind = self.raw, str(self.raw.get("type"))
        root = self.node(tree, kind, "", None)
        self.settle()
        return Profile(
            canonical(raw.get("url", "")),
            str(raw.get("version", "")),
            self.name,
            kind,
            root,
            self.paths,
            tree.says.get("isModifier") is True,
            tuple((str(c.get("type")), str(c.get("expression"))) for c in listed(raw, "context")),
        )  # fmt: skip

    def node(self, draft: Draft, path: str, slice_name: str, parent: str | None) -> Node:
        says = draft.says
        node = Node(draft.name.removesuffix("[x]"), slice_name)
        base = _base(parent, draft.name)
        minimum, maximum = says.get("min", 0), says.get("max", "*")
        node.minimum = minimum if type(minimum) is int else 0
        node.maximum = int(maximum) if str(maximum).isdecimal() else None
        for one in listed(says, "type"):
            profiles = addresses(one.get("profile"))
            if base and base.profile and profiles == (CORE + base.profile,):
                profiles = ()
            node.types[type_code(one)] = profiles
            node.targets += addresses(one.get("targetProfile"))
        for key, value in says.items():
            if is_value(key):
                if not flat_enough(value):
                    raise wrong(
                        self.name, "has a value that is nested too deep.", "Make it flatter."
                    )
                node.value, node.exact = value, key.startswith("fixed")
            elif key.startswith("minValue"):
                node.least = value
            elif key.startswith("maxValue") and key != "maxValueSet":
                node.most = value
        longest = says.get("maxLength")
        node.longest = longest if type(longest) is int else None
        node.reference = str(says.get("contentReference", "")).rpartition("#")[2]
        node.slicing = says.get("slicing") if isinstance(says.get("slicing"), dict) else None
        node.base_minimum = base.minimum if base else 0
        self.bind(node, says.get("binding"), base)
        simple = base is not None and base.profile != ""  # `validate.check` has sqty-1
        node.rules = [
            rule for one in listed(says, "constraint")
            if (rule := self.rule(one)) and not (simple and rule.key == "sqty-1")
        ]  # fmt: skip
        self.paths[path] = node
        for child in draft.children.values():
            below = f"{path}.{child.name}"
            made = self.node(child, below, "", draft.place)
            node.children[made.name] = made
        # A re-slice a/b belongs to the slice a, when there is one.
        for name, slice_draft in draft.slices.items():
            made = self.node(slice_draft, f"{path}:{name}", name, parent)
            made.base_minimum = 0
            above = name.rpartition("/")[0]
            while above and above not in node.slices:
                above = above.rpartition("/")[0]
            holder = self.paths[f"{path}:{above}"] if above else node
            holder.slices[name] = made
        node.narrowed = _narrowed(draft, base)
        node.idle = not _asks(node, base)
        return node

    def settle(self) -> None:
        """Find what is below elements that ask something; a reference is as what it names."""
        nodes = list(self.paths.values())
        changed = True
        while changed:
            changed = False
            for node in nodes:
                below = [*node.children.values(), *node.slices.values()]
                if node.reference in self.paths and not node.children:
                    below.append(self.paths[node.reference])
                if node.idle and not all(one.idle for one in below):
                    node.idle, changed = False, True
        for node in nodes:
            for one in node.slices.values():
                for name, child in one.children.items():
                    _silence(child, node.children.get(name))
        for node in nodes:
            node.busy = tuple(one for one in node.children.values() if not one.idle)

    def bind(self, node: Node, binding: Any, base: definitions.Element | None) -> None:
        """Keep a binding whose codes are known, unless R4 asks the same."""
        if not isinstance(binding, dict):
            return
        url, strength = canonical(binding.get("valueSet", "")), str(binding.get("strength", ""))
        if strength in ("required", "extensible") and not (base and base.required == url):
            node.codes = self.terms.codes(url)
            node.strength = strength if node.codes is not None else ""
            node.value_set = self.terms.name(url)

    def rule(self, raw: Raw) -> OwnRule | None:
        """A constraint, unless R4 has the same one."""
        key, expression = str(raw.get("key", "")), raw.get("expression")
        if not isinstance(expression, str):
            return None
        source = str(raw.get("source", ""))
        known = _known_rules().get(key)
        if known is not None and (
            expression in known or definitions.types().get(source.removeprefix(CORE))
        ):
            return None
        compiled = None
        try:
            compiled = fhirpath.compile(expression)
        except fhirpath.SemanticProblem:
            pass  # said of each resource that should meet it
        except FhirPathError as error:
            raise wrong(
                self.name, f"has the rule {key[:40]}, which is no FHIRPath: {error}"
            ) from None
        severity = "error" if raw.get("severity") == "error" else "warning"
        return OwnRule(key, severity, str(raw.get("human", "")).strip(), compiled)


def _silence(node: Node, whole: Node | None) -> bool:
    """
    Let an element of a slice be idle that asks what the sliced element asks of it anyway.

    Says whether it is so, with everything below.
    """
    if node.idle:
        return True
    if whole is None:
        return False
    same_below = [_silence(child, whole.children.get(n)) for n, child in node.children.items()]
    same_slices = node.slices.keys() == whole.slices.keys()
    if same_slices:
        for name, one in node.slices.items():
            same_slices = _silence(one, whole.slices[name]) and same_slices
    node.idle = same_slices and all(same_below) and _facts(node) == _facts(whole)
    return node.idle


def _facts(node: Node) -> tuple[Any, ...]:
    return (
        node.minimum, node.maximum, node.types, node.targets, node.narrowed, repr(node.value),
        node.exact, node.strength, id(node.codes), node.longest, node.least, node.most,
        node.reference, node.slicing, [rule.key for rule in node.rules],
    )  # fmt: skip


@cache
def _known_rules() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in definitions.invariants():
        found.setdefault(rule.key, set()).add(rule.expression)
    return found


def _base(place: str | None, name: str) -> definitions.Element | None:
    """What R4 asks of an element, which `validate.check` has said already."""
    if place is None:
        return None
    elements = definitions.children(place)
    return elements.get(name) or elements.get(name + "[x]")


def _narrowed(draft: Draft, base: definitions.Element | None) -> bool:
    """Whether fewer types are allowed than in R4."""
    codes = [str(one.get("code", "")) for one in listed(draft.says, "type")]
    if not codes or base is None or ANY_TYPE.intersection(codes):
        return False
    if any("/System." in code or code.startswith("System.") for code in codes):
        return False
    return not set(base.types) <= {code.rpartition("/")[2] for code in codes}


def _asks(node: Node, base: definitions.Element | None) -> bool:
    """Whether an element asks something that R4 does not."""
    if base is None or node.slice_name:
        return True
    return bool(
        node.minimum > base.minimum
        or (node.maximum is not None and (not base.maximum or node.maximum < base.maximum))
        or node.value is not ABSENT
        or node.codes is not None
        or node.rules
        or node.longest is not None
        or node.least is not None
        or node.most is not None
        or node.narrowed
        or any(node.types.values())
        or (
            node.targets
            and {t.removeprefix(CORE) for t in node.targets} - {"Resource"} != set(base.targets)
        )
    )


def is_resource(name: str) -> bool:
    """Whether a type name is that of a resource."""
    return model.kind(name) == "resource"
