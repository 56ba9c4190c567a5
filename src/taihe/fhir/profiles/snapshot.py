"""
Snapshots: what a profile asks in full, worked out from its base and its differential.

A profile need not have a snapshot. Its base (R4, or another profile) is taken as a tree, the
differential narrows that tree, and the tree is written as a list of element definitions.
Nothing is ever loosened: of two cardinalities, strengths or rules of slicing the narrower
holds. Source: https://hl7.org/fhir/R4/profiling.html, elementdefinition.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.profiles.definition import (
    CORE,
    Raw,
    canonical,
    ids,
    listed,
    name_of,
    type_code,
    type_codes,
    wrong,
)

MOST = 100_000  # elements of a tree; real profiles have some hundreds
_LONGEST_LINE = 50
_EXTENSIONS = ("extension", "modifierExtension")
_DEEPEST = 60
_NOT_SAID = frozenset(("id", "path", "sliceName", "sliceIsConstraining"))
_STRENGTHS = ("example", "preferred", "extensible", "required")
_RULES = ("open", "openAtEnd", "closed")
BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "open"}


@dataclass(slots=True)
class Draft:
    """
    An element of a tree that is being narrowed.

    `says` is its ElementDefinition without what tells its place; `place` is where the tables
    have its children; `filled` whether its children are here already; `label` a slice name that
    means the whole element, since it is not sliced.
    """

    name: str
    place: str
    says: Raw
    children: dict[str, Draft] = field(default_factory=dict)
    slices: dict[str, Draft] = field(default_factory=dict)
    filled: bool = False
    label: str = ""


def place_below(parent: str, name: str, types: list[str]) -> str:
    """Where the tables have the children of an element below a place."""
    element = definitions.children(parent).get(name)
    if element is None and not name.endswith("[x]"):
        element = definitions.children(parent).get(name + "[x]")
    if element is not None and element.content_reference:
        return element.content_reference
    own = f"{parent}.{name}"
    if types in (["BackboneElement"], ["Element"]) and definitions.children(own):
        return own
    return types[0] if len(types) == 1 else "Element"


def _base_says(element: definitions.Element) -> Raw:
    """An element of the tables as an ElementDefinition."""
    says: Raw = {
        "min": element.minimum,
        "max": str(element.maximum) if element.maximum else "*",
    }
    if element.content_reference:
        return {**says, "contentReference": f"#{element.content_reference}"}
    says["type"] = []
    for code in element.types:
        one: Raw = {"code": code}
        if element.targets and code in ("Reference", "canonical"):
            one["targetProfile"] = [CORE + target for target in element.targets]
        if element.profile and code == "Quantity":
            one["profile"] = [CORE + element.profile]
        says["type"].append(one)
    if element.required:
        says["binding"] = {"strength": "required", "valueSet": element.required}
    return says


class Snapshots:
    """Trees of the profiles that were given; each is worked out once, its base before it."""

    def __init__(self, profiles: dict[str, Raw]) -> None:
        self.profiles = profiles
        self.trees: dict[str, Draft] = {}
        self.under_way: list[str] = []
        self.made = 0

    def elements(self, url: str) -> list[Raw]:
        """The snapshot of a profile as a list of element definitions. Raises Incorrect."""
        raw = self.profiles[url]
        return list(_flat(self.tree(url), str(raw.get("type")), str(raw.get("type")), ""))

    def tree(self, url: str) -> Draft:
        """The tree of a profile that was given."""
        if url in self.trees:
            return self.trees[url]
        raw = self.profiles[url]
        name = name_of(raw)
        if url in self.under_way:
            raise wrong(name, "is based on itself.", "Correct its baseDefinition.")
        if len(self.under_way) >= _LONGEST_LINE:
            raise wrong(name, "has too many bases above it.", "Give one of them a snapshot.")
        kind = raw.get("type")
        if not isinstance(kind, str) or not model.kind(kind):
            raise wrong(name, "is of no R4 type.", "Check its element type.")
        self.under_way.append(url)
        self.made = 0
        try:
            given = listed(raw.get("snapshot"), "element")
            if given:
                tree = self.read(given, kind, name)
            else:
                tree = self.copy(self.base(raw, kind, name), name)
                self.made = 0
                self.narrow(tree, raw, name)
        finally:
            self.under_way.pop()
        self.trees[url] = tree
        return tree

    def base(self, raw: Raw, kind: str, name: str) -> Draft:
        """The tree that a profile narrows."""
        if not listed(raw.get("differential"), "element"):
            raise wrong(
                name, "has no snapshot and no differential.", "Make one with a FHIR publisher."
            )
        above = canonical(raw.get("baseDefinition", CORE + kind))
        if above in self.profiles:
            found = self.profiles[above].get("type")
            if found != kind:
                raise wrong(name, f"is for {kind}, its base for another type.", "Correct its type.")
            return self.tree(above)
        core = above.removeprefix(CORE)
        if core == above or not model.kind(core):
            raise wrong(
                name,
                "has no snapshot, and the profile it is based on was not given.",
                "Give the StructureDefinition of its baseDefinition too.",
            )
        if core not in model.ancestors(kind):
            raise wrong(name, f"is for {kind}, its base for another type.", "Correct its type.")
        root = Draft(kind, kind, {"min": 0, "max": "*"})
        self.unfold(root, name)
        return root

    # Trees

    def unfold(self, draft: Draft, name: str) -> None:
        """
        Give a type all its elements down to those that have a data type.

        What refers to another element of the profile (contentReference) must be there for the
        rules of that element to hold for it.
        """
        self.fill(draft, name)
        for child in draft.children.values():
            if child.place == f"{draft.place}.{child.name}":
                self.unfold(child, name)

    def count(self, name: str) -> None:
        self.made += 1
        if self.made > MOST:
            raise wrong(name, "makes too many elements.", "Split it.")

    def read(self, elements: list[Raw], kind: str, name: str) -> Draft:
        """A snapshot as a tree."""
        found: dict[str, Draft] = {}
        root: Draft | None = None
        for element, path in zip(elements, ids(elements), strict=True):
            says = {k: v for k, v in element.items() if k not in _NOT_SAID}
            self.count(name)
            if root is None:
                root = found[path] = found[kind] = Draft(kind, kind, says)
                continue
            above, _, last = path.rpartition(".")
            last, _, slice_name = last.partition(":")
            parent = found.get(above)
            if parent is None or not last:
                raise wrong(name, f"has the element {path[:80]} without what is above it.")
            parent.filled = True
            made = Draft(last, place_below(parent.place, last, type_codes(says)), says)
            if slice_name and last in parent.children:
                parent.children[last].slices[slice_name] = made
            else:
                parent.children[last] = made
                made.label = slice_name
            found[path] = made
        assert root is not None
        return root

    def copy(self, draft: Draft, name: str) -> Draft:
        """A tree of its own; what elements say is shared until it changes."""
        self.count(name)
        return Draft(
            draft.name,
            draft.place,
            dict(draft.says),
            {key: self.copy(one, name) for key, one in draft.children.items()},
            {key: self.copy(one, name) for key, one in draft.slices.items()},
            draft.filled,
            draft.label,
        )

    def fill(self, draft: Draft, name: str) -> None:
        """Give an element the children of its type, or of the one profile of its type."""
        if draft.filled:
            return
        draft.filled = True
        kinds = listed(draft.says, "type")
        urls = kinds[0].get("profile") if len(kinds) == 1 else None
        url = canonical(urls[0]) if isinstance(urls, list) and len(urls) == 1 else ""
        raw = self.profiles.get(url)
        own = raw is not None and raw.get("type") == type_code(kinds[0]) if kinds else False
        if own and url not in self.under_way:
            made = self.made
            tree = self.tree(url)
            self.made = made
            self.fill(tree, name)
            for key, one in tree.children.items():
                draft.children[key] = self.copy(one, name)
            return
        for element in definitions.children(draft.place).values():
            says = _base_says(element)
            self.count(name)
            below = place_below(draft.place, element.name, type_codes(says))
            draft.children.setdefault(element.name, Draft(element.name, below, says))

    # A differential

    def narrow(self, root: Draft, raw: Raw, name: str) -> None:
        """Apply the differential of a profile to the tree of its base."""
        elements = listed(raw.get("differential"), "element")
        short: dict[int, tuple[Draft, list[str]]] = {}
        whole: set[int] = set()
        for element, path in zip(elements, ids(elements), strict=True):
            steps = path.split(".")
            if len(steps) > _DEEPEST:
                raise wrong(name, "has an element that is too deep.", "Make its paths shorter.")
            node, fresh = root, False
            for step in steps[1:]:
                node, fresh = self.step(node, step, name, path, short)
            sliced = bool(steps[-1].partition(":")[2])
            self.constraining(element, fresh, sliced, name, path)
            if "slicing" in element and not sliced:
                whole.add(id(node))
            self.merge(node, element, fresh)
        for key, (choice, kinds) in short.items():
            if key not in whole:
                choice.says["type"] = [
                    one for one in listed(choice.says, "type") if type_code(one) in kinds
                ]
                choice.says["slicing"] = {**BY_TYPE, "rules": "closed"}
                _placed(choice)

    def step(
        self,
        node: Draft,
        step: str,
        name: str,
        path: str,
        short: dict[int, tuple[Draft, list[str]]],
    ) -> tuple[Draft, bool]:
        """
        One step of a path: the element or slice that is meant, and whether the slice is new.

        A choice may be named by one of its types (`valueQuantity`), which then is a slice of
        it. `short` keeps those choices: without other slicing they are only of those types.
        """
        last, _, slice_name = step.partition(":")
        self.fill(node, name)
        child = node.children.get(last) or node.children.get(last + "[x]")
        kind = ""
        if child is None:
            child, kind = _by_type(node, last)
            if child is None:
                raise wrong(
                    name,
                    f"has the element {path[:80]}, which its base has not.",
                    "Correct its path.",
                )
            slice_name = slice_name or last
            if not (child.slices and "slicing" in child.says) or id(child) in short:
                short.setdefault(id(child), (child, []))[1].append(kind)
        if not slice_name or self.is_label(child, slice_name, name):
            return child, False
        found = child.slices.get(slice_name)
        if found is not None:
            return found, False
        return self.slice(child, slice_name, kind, name), True

    def is_label(self, whole: Draft, slice_name: str, name: str) -> bool:
        """
        Whether a slice name means the whole element: it is not sliced, so there is but one.

        Extensions, and choices by their types, need not say that they are sliced.
        """
        if "slicing" in whole.says or whole.slices or whole.name in _EXTENSIONS:
            return False
        start = whole.name.removesuffix("[x]")
        if whole.name.endswith("[x]") and any(
            start + kind[:1].upper() + kind[1:] == slice_name for kind in type_codes(whole.says)
        ):
            return False
        whole.label = whole.label or slice_name
        if whole.label != slice_name:
            raise wrong(
                name,
                f"has several slices of {whole.name} but does not say how they differ.",
                "Add slicing to the element.",
            )
        return True

    def slice(self, whole: Draft, slice_name: str, kind: str, name: str) -> Draft:
        """A new slice: what the element says, once or more, with children of its own."""
        above = whole.slices.get(slice_name.rpartition("/")[0], whole)
        made = self.copy(above, name)
        made.slices = {}
        made.says.pop("slicing", None)
        made.says["min"] = 0
        start = whole.name.removesuffix("[x]")
        for one in listed(whole.says, "type") if whole.name.endswith("[x]") else ():
            code = type_code(one)
            if code == kind or start + code[:1].upper() + code[1:] == slice_name:
                made.says["type"] = [one]
                if whole.place == "Element":
                    made.place, made.filled, made.children = code, False, {}
        whole.slices[slice_name] = made
        if "slicing" not in above.says:
            if whole.name in _EXTENSIONS:
                above.says["slicing"] = dict(BY_URL)
            elif whole.name.endswith("[x]"):
                above.says["slicing"] = dict(BY_TYPE)
        return made

    @staticmethod
    def constraining(element: Raw, fresh: bool, sliced: bool, name: str, path: str) -> None:
        says = element.get("sliceIsConstraining")
        if sliced and says is True and fresh:
            raise wrong(
                name,
                f"narrows the slice {path[:80]}, which its base has not.",
                "Correct its name, or leave sliceIsConstraining out.",
            )
        if sliced and says is False and not fresh:
            raise wrong(
                name,
                f"adds the slice {path[:80]}, which its base has already.",
                "Give it another name, or leave sliceIsConstraining out.",
            )

    def merge(self, node: Draft, element: Raw, fresh: bool) -> None:
        """Narrow what an element says by a differential element; a fresh slice counts itself."""
        says = node.says
        for key, value in element.items():
            if key in _NOT_SAID:
                continue
            if key == "min":
                value = max(value, says.get("min", 0)) if isinstance(value, int) else 0
            elif key == "max" and not fresh:
                value = _fewer(str(value), str(says.get("max", "*")))
            elif key == "type":
                value = _types(listed(element, "type"), listed(says, "type"))
            elif key == "constraint":
                known = listed(says, "constraint")
                value = known + [one for one in listed(element, "constraint") if one not in known]
            elif key == "binding" and isinstance(value, dict):
                value = _binding(value, says.get("binding"))
            elif key == "slicing" and isinstance(value, dict):
                value = _slicing(value, says.get("slicing"))
            elif is_value(key):
                exact = any(k.startswith("fixed") for k in says if is_value(k))
                if exact and key.startswith("pattern"):
                    continue
                for other in [k for k in says if is_value(k)]:
                    del says[other]
            says[key] = value
        if "type" in element:
            _placed(node)


def _placed(node: Draft) -> None:
    """A choice or resource that is down to one type has the children of that type."""
    kinds = type_codes(node.says)
    if len(kinds) == 1 and node.place in ("Element", "Resource") and kinds[0] != node.place:
        node.place, node.filled = kinds[0], False


def _by_type(node: Draft, name: str) -> tuple[Draft | None, str]:
    """The choice, and the type, that a name such as `valueQuantity` means."""
    for one in node.children.values():
        start = one.name.removesuffix("[x]")
        if one.name.endswith("[x]") and name.startswith(start):
            for kind in type_codes(one.says):
                if start + kind[:1].upper() + kind[1:] == name:
                    return one, kind
    return None, ""


def is_value(key: str) -> bool:
    """Whether a key of an ElementDefinition is fixed[x] or pattern[x]."""
    return key.startswith("fixed") or (key.startswith("pattern") and len(key) > 7)


def _fewer(one: str, other: str) -> str:
    if not one.isdecimal():
        return other
    return str(min(int(one), int(other))) if other.isdecimal() else one


def _types(new: list[Raw], old: list[Raw]) -> list[Raw]:
    """The new types; profiles and targets that the base asks for stay where none is named."""
    before = {type_code(one): one for one in old}
    found = []
    for one in new:
        kept = dict(one)
        for key in ("profile", "targetProfile"):
            if key not in kept and key in before.get(type_code(one), ()):
                kept[key] = before[type_code(one)][key]
        found.append(kept)
    return found


def _binding(new: Raw, old: Any) -> Raw:
    if isinstance(old, dict) and _rank(_STRENGTHS, old) > _rank(_STRENGTHS, new):
        return old
    return new


def _rank(order: tuple[str, ...], holder: Raw) -> int:
    said = holder.get("strength", holder.get("rules"))
    return order.index(said) if said in order else -1


def _slicing(new: Raw, old: Any) -> Raw:
    if not isinstance(old, dict):
        return new
    marks = listed(old, "discriminator")
    marks += [one for one in listed(new, "discriminator") if one not in marks]
    rules = max((old, new), key=lambda one: _rank(_RULES, one)).get("rules", "open")
    ordered = bool(old.get("ordered")) or bool(new.get("ordered"))
    return {**old, **new, "discriminator": marks, "rules": rules, "ordered": ordered}


def _flat(draft: Draft, path: str, plain: str, slice_name: str) -> Iterator[Raw]:
    named = {"sliceName": slice_name} if slice_name else {}
    yield {"id": path, "path": plain, **named, **draft.says}
    for child in draft.children.values():
        yield from _flat(child, f"{path}.{child.name}", f"{plain}.{child.name}", "")
    for name, one in draft.slices.items():
        yield from _flat(one, f"{path}:{name}", plain, name)
