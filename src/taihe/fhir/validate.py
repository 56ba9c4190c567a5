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
from taihe.fhir.primitives import HINTS
from taihe.fhir.search.rows import split_reference
from taihe.fhir.shapes import Spec, shape

__all__ = ["Issue", "check"]

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,60}")


def _article(word: str) -> str:
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"


class _Checker:
    """One run over a resource; collects issues."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.root: dict[str, Any] | None = None
        self.nearest: dict[str, Any] | None = None

    def say(
        self, code: str, location: str, problem: str, do: str = "", severity: str = "error"
    ) -> None:
        self.issues.append(Issue(severity, code, location, problem, do))

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
        outer = self.nearest, self.root
        self.nearest = value
        if not contained:
            self.root = value
        self.object(value, kind, path or kind, depth)
        self.nearest, self.root = outer

    def object(self, value: dict[str, Any], place: str, path: str, depth: int) -> None:
        if depth > DEEPEST:
            self.say(
                "too-long", path, "The resource is nested too deep.", "Make it flatter.", "fatal"
            )
            return
        table = shape(place)
        specs = table.specs
        before = len(self.issues)
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
                    self.say(
                        "structure",
                        f"{path}.{spec.name}",
                        f"{spec.name}[x] is given twice, as {chosen[spec.choice]} and {key}.",
                        "Keep one of them.",
                    )
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
                        if spec.targets is not None or spec.systems is not None:
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
        if len(self.issues) == before:
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
            invariant = rule.invariant
            self.say(
                "invariant",
                path,
                invariant.human.strip(),
                f"This is rule {invariant.key} of FHIR.",
                invariant.severity,
            )

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
        check_bound = spec.targets is not None or spec.systems is not None
        for at, one in enumerate(items):
            if type(one) is not dict or not one:
                self.bad_form(one, spec, f"{path}[{at}]", single=True)
            elif spec.resource:
                self.resource(one, f"{path}[{at}]", depth + 1, contained=spec.name == "contained")
            else:
                self.object(one, spec.place, f"{path}[{at}]", depth + 1)
                if check_bound:
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
            self.extra(one, base, value, f"{path}.{base.name}", depth)
            return
        name = key if _KEY.fullmatch(key) else "a name that is none"
        in_choice = [f.key for f in model.named(place).get(key, ()) if f.key != key]
        close = in_choice or get_close_matches(key, table.specs, n=1, cutoff=0.6)
        hint = (
            f"Did you mean {' or '.join(close[:3])}?" if close else "Remove it or correct its name."
        )
        location = f"{path}.{key}" if name == key else path
        self.say("structure", location, f"{place} has no element {name}.", hint)

    def extra(self, one: Any, spec: Spec, holder: dict[str, Any], path: str, depth: int) -> None:
        if isinstance(one, list) and spec.many and one:
            for at, item in enumerate(one):
                if isinstance(item, dict) and item:
                    self.object(item, "Element", f"{path}[{at}]", depth + 1)
                elif item is not None:
                    self.bad_form(item, spec, f"{path}[{at}]", single=True)
        elif isinstance(one, dict) and one and not spec.many:
            self.object(one, "Element", path, depth + 1)
        else:
            self.say(
                "structure",
                path,
                f"What stands beside {spec.name} is no id or extension.",
                f"Write _{spec.field.key} as an object." if not spec.many else "Write a list.",
            )

    def bad_primitive(self, one: Any, spec: Spec, path: str) -> None:
        kind = spec.field.type
        if one is None:
            self.say("structure", path, f"{spec.name} is null.", "Leave it out, or give a value.")
        elif isinstance(one, list):
            self.say("structure", path, f"{spec.name} may occur only once.", "Write no list.")
        elif isinstance(one, dict):
            self.say(
                "structure", path, f"{spec.name} is a structure.", HINTS.get(kind, "Write text.")
            )
        elif one == "":
            self.say("value", path, f"{spec.name} is empty.", "Leave it out, or give a value.")
        elif spec.codes is not None and kind == "code" and isinstance(one, str):
            shown = sorted(spec.codes)
            hint = f"Use one of {', '.join(shown[:12])}{' …' if len(shown) > 12 else ''}."
            self.say(
                "code-invalid", path, f"{spec.name} has a code that is not in its value set.", hint
            )
        else:
            hint = HINTS.get(kind, "Write text in quotes.")
            self.say("value", path, f"{spec.name} is not {_article(kind)}.", hint)

    def bad_form(self, one: Any, spec: Spec, path: str, *, single: bool = False) -> None:
        if one is None:
            self.say("structure", path, f"{spec.name} is null.", "Leave it out, or give a value.")
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
        """The target of a reference, or the codes of a required binding."""
        if spec.targets is not None:
            text = one.get("reference")
            if type(text) is str:
                kind = split_reference(text)[0]
                if kind and kind not in spec.targets and kind in definitions.resource_types():
                    allowed = ", ".join(sorted(spec.targets)[:8])
                    self.say(
                        "value",
                        f"{path}.reference",
                        f"{spec.name} cannot refer to {_article(kind)}.",
                        f"It refers to {allowed}.",
                    )
        elif spec.systems is not None:
            codings = one.get("coding") if spec.field.type == "CodeableConcept" else [one]
            if not isinstance(codings, list) or not codings:
                return
            for coding in codings:
                if not isinstance(coding, dict):
                    return
                code, system = coding.get("code"), coding.get("system")
                if not isinstance(code, str) or code in spec.systems.get(str(system), ()):
                    return
            self.say(
                "code-invalid",
                path,
                f"{spec.name} has no code of its value set.",
                "Use a code of it.",
            )


def check(resource: Any) -> list[Issue]:
    """
    What is wrong with a resource; an empty list when it is valid.

    The resource is parsed JSON. Issues come in the order of the resource.
    """
    checker = _Checker()
    checker.resource(resource, "", 0)
    return checker.issues
