"""
Validation of a resource against the R4 definitions, from the tables.

Checked: unknown elements, cardinality, JSON form, primitive formats, choice types, reference
targets, required bindings whose codes ship, and the invariants of the specification. What is
found has a FHIRPath location and a sentence for a clerk; no message repeats a value.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.fhirpath import FhirPathError
from taihe.fhir.fhirpath.elements import Element, atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.invariants import Rule
from taihe.fhir.native_rules import DEEPEST
from taihe.fhir.outcome import Issue
from taihe.fhir.primitives import HINTS, LONGEST_TEXT, TEXTS, has_only_odd_characters
from taihe.fhir.search.rows import split_reference
from taihe.fhir.sentences import sentence
from taihe.fhir.shapes import Spec, shape

__all__ = ["Issue", "check"]

_MOST_HINTS = 200  # suggestions take time, and nobody reads more
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,60}")


def _article(word: str) -> str:
    """A word with its article: an integer, a uri."""
    vowel = word[0].lower() in "aeio" or word.startswith("un")
    return f"an {word}" if vowel else f"a {word}"


def _after(key: str, start: str) -> bool:
    """Whether a key is the name of a choice and a type."""
    return key.startswith(start) and key[len(start) : len(start) + 1].isupper()


def _only_id(extra: dict[str, Any]) -> bool:
    """Whether an element has an id and nothing else; a value beside it makes that enough."""
    found = extra.get("id")
    return len(extra) == 1 and isinstance(found, str) and bool(found.strip())


class _Checker:
    """One run over a resource; collects issues."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.errors = 0
        self.root: dict[str, Any] | None = None
        self.nearest: dict[str, Any] | None = None
        self.top: dict[str, Any] | None = None
        self.full_urls: dict[str, str] | None = None
        self.held: dict[str, str] | None = None

    def say(
        self, code: str, location: str, problem: str, do: str = "", severity: str = "error"
    ) -> None:
        self.issues.append(Issue(severity, code, location, problem, do))
        if severity in ("error", "fatal"):
            self.errors += 1

    def resource(self, value: Any, path: str, depth: int, *, contained: bool = False) -> None:
        if not isinstance(value, dict):
            self.say("structure", path, "This is no resource.", "Write a JSON object.", "fatal")
            return
        kind = value.get("resourceType")
        if kind is None:
            self.say(
                "structure",
                path,
                "The resource does not say its type.",
                "Add resourceType.",
                "fatal",
            )
            return
        if not isinstance(kind, str) or kind not in definitions.resource_types():
            close = get_close_matches(str(kind), definitions.resource_types(), n=1, cutoff=0.7)
            hint = f"Did you mean {close[0]}?" if close else "Use a type of FHIR R4."
            self.say("structure", path, "There is no such resource type.", hint, "fatal")
            return
        if contained and "contained" in value:
            self.say(
                "invariant",
                path,
                "A contained resource contains another.",
                "Flatten it. This is rule dom-2 of FHIR.",
            )
        outer = self.nearest, self.root, self.held
        self.top = self.top or value
        self.nearest = value
        if not contained:
            self.root, self.held = value, None
        self.object(value, kind, path or kind, depth)
        self.nearest, self.root, self.held = outer

    def object(self, value: dict[str, Any], place: str, path: str, depth: int) -> None:
        if depth > DEEPEST:
            self.say(
                "too-long", path, "The resource is nested too deep.", "Make it flatter.", "fatal"
            )
            return
        table = shape(place)
        specs = table.specs
        before = self.errors
        chosen: dict[str, str] | None = None
        for key, one in value.items():
            spec = specs.get(key)
            if spec is None:
                self.other(key, one, value, place, path, depth)
                continue
            ok = spec.ok
            if spec.choice:
                chosen = {} if chosen is None else chosen
                if spec.choice in chosen:
                    self.twice(spec.name, chosen[spec.choice], key, path)
                chosen[spec.choice] = key
            if not spec.many:
                if ok is not None:
                    if not ok(one):
                        self.bad_primitive(one, spec, f"{path}.{spec.name}")
                    elif spec.rules:
                        self.field_rules(one, spec, f"{path}.{spec.name}")
                elif type(one) is dict and one:
                    if spec.resource:
                        self.resource(one, f"{path}.{spec.name}", depth + 1)
                    else:
                        self.object(one, spec.place, f"{path}.{spec.name}", depth + 1)
                        if spec.bound:
                            self.bound(one, spec, f"{path}.{spec.name}")
                        if spec.rules:
                            self.field_rules(one, spec, f"{path}.{spec.name}")
                else:
                    self.bad_form(one, spec, f"{path}.{spec.name}")
            elif type(one) is list and one:
                self.listed(one, spec, value, f"{path}.{spec.name}", depth)
            else:
                self.bad_form(one, spec, f"{path}.{spec.name}")
        for name, keys in table.required:
            for key in keys:
                if key in value:
                    break
            else:
                self.say("required", f"{path}.{name}", f"{place} must have {name}.", f"Add {name}.")

        if len(value) == 1 and table.only_id and "id" in value:
            self.say("structure", path, "An element with only an id says nothing.", "Leave it out.")
        if self.errors == before:
            if table.native is not None:
                table.native(self, value, path)
            for rule in table.rules:
                if rule.unless and not any(key in value for key in rule.unless):
                    continue
                if any(key in value for key in rule.given):
                    continue
                self.rule(rule, value, place, place, path)

    def rule(self, rule: Rule, value: Any, type_name: str, place: str, path: str) -> None:
        """Evaluate an invariant; only a plain false breaks it."""
        element = Element(value, type_name, place)
        root, nearest = self.root or {}, self.nearest or {}
        kind, root_kind = str(nearest.get("resourceType")), str(root.get("resourceType"))
        env = Environment(Element(nearest, kind, kind), {"context": [element]})
        env.root = Element(root, root_kind, root_kind)
        env.this = [element]
        try:
            result = rule.compiled.on(env, [element])
        except FhirPathError:
            return
        if len(result) == 1 and atom(result[0]) is False:
            problem, do = sentence(rule.invariant)
            self.say("invariant", path, problem, do, rule.invariant.severity)

    def listed(
        self, items: list[Any], spec: Spec, holder: dict[str, Any], path: str, depth: int
    ) -> None:
        ok = spec.ok
        most = spec.field.element.maximum
        if most > 1 and len(items) > most:
            self.say(
                "structure", path, f"{spec.name} may occur {most} times at most.", "Remove some."
            )
        if ok is not None:
            for at, one in enumerate(items):
                if not ok(one) and not (one is None and self.has_extra(holder, spec, at)):
                    self.bad_primitive(one, spec, f"{path}[{at}]")
            return
        for at, one in enumerate(items):
            if type(one) is not dict or not one:
                self.bad_form(one, spec, f"{path}[{at}]", single=True)
            elif spec.resource:
                self.resource(one, f"{path}[{at}]", depth + 1, contained=spec.name == "contained")
            else:
                self.object(one, spec.place, f"{path}[{at}]", depth + 1)
                if spec.bound:
                    self.bound(one, spec, f"{path}[{at}]")
                if spec.rules:
                    self.field_rules(one, spec, f"{path}[{at}]")

    def field_rules(self, one: Any, spec: Spec, path: str) -> None:
        """The invariants that stand at an element rather than at its type."""
        for rule in spec.rules:
            self.rule(rule, one, spec.field.type, spec.place, path)

    @staticmethod
    def has_extra(holder: dict[str, Any], spec: Spec, at: int) -> bool:
        extra = holder.get("_" + spec.field.key)
        return isinstance(extra, list) and at < len(extra) and extra[at] is not None

    def other(
        self, key: str, one: Any, value: dict[str, Any], place: str, path: str, depth: int
    ) -> None:
        """A key that is no element: the type, an extension of a primitive, or a mistake."""
        table = shape(place)
        if key == "resourceType" and model.kind(place) == "resource":
            return
        base = table.specs.get(key[1:]) if key[:1] == "_" else None
        if base is not None and base.ok is not None:
            if base.choice:
                self.chosen_beside(key, base, value, path)
            self.extra(one, base, value, f"{path}.{base.name}", depth)
            return
        name = key if _KEY.fullmatch(key) else "a name that is none"
        if self.errors > _MOST_HINTS:
            self.say("structure", path, f"{place} has no element {name}.", "Remove it.")
            return
        in_choice = [
            f.key
            for start, group in model.named(place).items()
            for f in group
            if f.key != start and (key == start or (len(group) > 1 and _after(key, start)))
        ]
        close = get_close_matches(key, table.specs, n=1, cutoff=0.85)
        close = close or in_choice or get_close_matches(key, table.specs, n=1, cutoff=0.6)
        hint = (
            f"Did you mean {' or '.join(close[:3])}?" if close else "Remove it or correct its name."
        )
        location = f"{path}.{key}" if name == key else path
        self.say("structure", location, f"{place} has no element {name}.", hint)

    def chosen_beside(self, key: str, spec: Spec, holder: dict[str, Any], path: str) -> None:
        """A choice whose other type is there too, when this one has only extensions."""
        place = spec.field.path.rpartition(".")[0]
        for field in model.named(place).get(spec.name, ()):
            other = field.key in holder or ("_" + field.key in holder and "_" + field.key < key)
            if field.key != spec.field.key and other:
                self.twice(spec.name, field.key, key, path)

    def twice(self, name: str, one: str, other: str, path: str) -> None:
        self.say(
            "structure",
            f"{path}.{name}",
            f"{name}[x] is given twice, as {one} and {other}.",
            "Keep one of them.",
        )

    def extra(self, one: Any, spec: Spec, holder: dict[str, Any], path: str, depth: int) -> None:
        """What stands beside a primitive: its id and extensions; the shorter list ends in null."""
        key = spec.field.key
        if isinstance(one, list) and spec.many and one:
            values = holder.get(key)
            values = values if isinstance(values, list) else []
            for at, item in enumerate(one):
                if isinstance(item, dict) and item:
                    if at < len(values) and values[at] is not None and _only_id(item):
                        continue
                    self.object(item, "Element", f"{path}[{at}]", depth + 1)
                elif item is not None:
                    self.bad_form(item, spec, f"{path}[{at}]", single=True)
        elif isinstance(one, dict) and one and not spec.many:
            if holder.get(key) is None or not _only_id(one):
                self.object(one, "Element", path, depth + 1)
        else:
            self.say(
                "structure",
                path,
                f"What stands beside {spec.name} is no id or extension.",
                f"Write _{key} as an object." if not spec.many else "Write a list.",
            )

    def bad_primitive(self, one: Any, spec: Spec, path: str) -> None:
        kind = spec.field.type
        leave = "Give a value." if spec.field.element.minimum else "Leave it out, or give a value."
        if one is None:
            self.say("structure", path, f"{spec.name} is null.", leave)
        elif isinstance(one, list):
            self.say("structure", path, f"{spec.name} may occur only once.", "Write no list.")
        elif isinstance(one, dict):
            self.say(
                "structure", path, f"{spec.name} is a structure.", HINTS.get(kind, "Write text.")
            )
        elif isinstance(one, str) and (one == "" or one.isspace()):
            self.say("value", path, f"{spec.name} is empty.", leave)
        elif spec.codes is not None and kind == "code" and isinstance(one, str):
            shown = sorted(spec.codes)
            hint = f"Use one of {', '.join(shown[:12])}{' …' if len(shown) > 12 else ''}."
            self.say(
                "code-invalid", path, f"{spec.name} has a code that is not in its value set.", hint
            )
        elif kind in TEXTS and isinstance(one, str):
            self.bad_text(one, spec.name, path)
        else:
            hint = HINTS.get(kind, "Write text in quotes.")
            self.say("value", path, f"{spec.name} is not {_article(kind)}.", hint)

    def bad_text(self, one: str, name: str, path: str) -> None:
        if len(one) > LONGEST_TEXT:
            self.say(
                "too-long", path, f"{name} is longer than {LONGEST_TEXT} characters.", "Shorten it."
            )
            return
        severity = "warning" if has_only_odd_characters(one) else "error"
        self.say(
            "value",
            path,
            f"{name} has characters that are none for reading.",
            "Remove control characters and halves of characters.",
            severity,
        )

    def bad_form(self, one: Any, spec: Spec, path: str, *, single: bool = False) -> None:
        if one is None:
            must = spec.field.element.minimum and not (single and spec.many)
            do = "Give a value." if must else "Leave it out, or give a value."
            self.say("structure", path, f"{spec.name} is null.", do)
        elif one in ([], {}):
            self.say("structure", path, f"{spec.name} is empty.", "Leave it out.")
        elif spec.many and not single:
            self.say(
                "structure",
                path,
                f"{spec.name} may repeat, so it is a list.",
                "Put it in brackets.",
            )
        elif isinstance(one, list):
            self.say("structure", path, f"{spec.name} may occur only once.", "Write no list.")
        else:
            kind = spec.field.type
            self.say(
                "structure",
                path,
                f"{spec.name} is not {_article(kind)}.",
                "Write an object in braces.",
            )

    def bound(self, one: dict[str, Any], spec: Spec, path: str) -> None:
        """The target of a reference, the codes of a required binding, a simple quantity."""
        if spec.targets is not None:
            self.refers(one, spec.targets, spec.name, path)
        elif spec.systems is not None:
            self.coded(one, spec, spec.systems, path)
        if spec.simple and "comparator" in one:
            self.say(
                "invariant",
                f"{path}.comparator",
                f"{spec.name} is an exact quantity, so it has no comparator.",
                "Leave it out. This is rule sqty-1 of FHIR.",
            )

    def refers(
        self, one: dict[str, Any], targets: frozenset[str], name: str, path: str
    ) -> None:  # fmt: skip
        """The type that a reference points to: by its text, its type, or what it finds here."""
        text, said = one.get("reference"), one.get("type")
        kind, where = "", "reference"
        if type(text) is str:
            kind = split_reference(text)[0] or self.found(text)
        if type(said) is str and said in definitions.resource_types():
            if kind and kind != said and kind in definitions.resource_types():
                self.say(
                    "value",
                    f"{path}.type",
                    f"{name} says another type than what it refers to.",
                    f"Write {kind}, or leave type out.",
                )
            elif not kind:
                kind, where = said, "type"
        if kind and kind not in targets and kind in definitions.resource_types():
            self.say(
                "value",
                f"{path}.{where}",
                f"{name} cannot refer to {_article(kind)}.",
                f"It refers to {', '.join(sorted(targets)[:8])}.",
            )

    def contained(self) -> dict[str, str]:
        """What is contained in the resource at the top: type by id, the first of each."""
        if self.held is None:
            self.held = {}
            listed = (self.root or {}).get("contained")
            for inner in listed if isinstance(listed, list) else ():
                if isinstance(inner, dict) and isinstance(inner.get("id"), str):
                    self.held.setdefault(inner["id"], str(inner.get("resourceType", "")))
        return self.held

    def found(self, text: str) -> str:
        """The type of a resource that is contained, or in the bundle; "" where there is none."""
        if text[:1] == "#":
            return self.contained().get(text[1:], "")
        if text[:4] != "urn:":
            return ""
        if self.full_urls is None:
            entries = (self.top or {}).get("entry")
            self.full_urls = {
                str(entry.get("fullUrl")): str(entry["resource"].get("resourceType", ""))
                for entry in (entries if isinstance(entries, list) else ())
                if isinstance(entry, dict) and isinstance(entry.get("resource"), dict)
            }
        return self.full_urls.get(text, "")

    def coded(
        self, one: dict[str, Any], spec: Spec, systems: dict[str, frozenset[str]], path: str
    ) -> None:  # fmt: skip
        """At least one code is of a required value set; what an extension explains may lack it."""
        codings = [one]
        if spec.field.type == "CodeableConcept":
            listed = one.get("coding")
            codings = listed if isinstance(listed, list) else []
            if not codings and "text" not in one:
                return
        for coding in codings:
            if not isinstance(coding, dict):
                return
            code, system = coding.get("code"), coding.get("system")
            if not isinstance(code, str):
                if "_code" in coding or "extension" in coding:
                    return
            elif code in systems.get(str(system), ()):
                return
        if spec.field.type != "CodeableConcept" and "code" not in one:
            return
        hint = "Use a code of it."
        if sum(map(len, systems.values())) <= 12:
            shown = [f"{', '.join(sorted(codes))} of {system}" for system, codes in systems.items()]
            hint = f"Use one of {'; '.join(shown)}."
        self.say("code-invalid", path, f"{spec.name} has no code of its value set.", hint)


def check(resource: Any) -> list[Issue]:
    """
    What is wrong with a resource; an empty list when it is valid.

    The resource is parsed JSON. Issues come in the order of the resource.
    """
    checker = _Checker()
    checker.resource(resource, "", 0)
    return checker.issues
