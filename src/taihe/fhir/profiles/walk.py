"""One run of a profile over a resource: how often, which types, which values, which rules."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from taihe.fhir import model
from taihe.fhir.fhirpath import ExecutionProblem, FhirPathError
from taihe.fhir.fhirpath.elements import Element, atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.native_rules import DEEPEST
from taihe.fhir.outcome import Issue
from taihe.fhir.profiles import slices
from taihe.fhir.profiles.definition import CORE, listed
from taihe.fhir.profiles.equality import holds_pattern, same
from taihe.fhir.profiles.items import Item, items, of_resource, resources
from taihe.fhir.profiles.nodes import ABSENT, ANY_TYPE, Node, OwnRule, Profile, is_resource
from taihe.fhir.search.rows import period_of, split_reference


class Given(Protocol):
    """The profiles that were given, by address."""

    def profile(self, url: str) -> Profile | None:
        """A profile; None when it was not given."""


class Run:
    """
    What the walks over one resource share: the resource at the top, and what is being walked.

    `inside` keeps (resource, profile) pairs, so that profiles that ask for each other end.
    """

    def __init__(self, given: Given, root: dict[str, Any]) -> None:
        self.given = given
        self.root = root
        self.inside: set[tuple[int, str]] = set()
        self._held: dict[str, Item] | None = None
        self._contained: dict[int, dict[str, Item]] = {}

    def resolve(self, text: str, nearest: dict[str, Any]) -> Item | None:
        """The resource that a reference means, when it lies in the resource or its bundle."""
        if self._held is None:
            self._held = self._gather()
        if not text.startswith("#"):
            return self._held.get(text)
        for holder in (nearest, self.root):
            found = self._contained.get(id(holder), {}).get(text[1:])
            if found is not None:
                return found
        return None

    def _gather(self) -> dict[str, Item]:
        """Resources by full address and by type and id; those contained by what holds them."""
        paths: dict[int, str] = {}
        by_name: dict[str, Item] = {}
        for one, path in resources(self.root, str(self.root.get("resourceType"))):
            paths[id(one)] = path
            held = self._contained.setdefault(id(one), {})
            for at, inner in enumerate(listed(one, "contained")):
                held.setdefault(str(inner.get("id")), of_resource(inner, f"{path}.contained[{at}]"))
            if one is not self.root:
                name = f"{one.get('resourceType')}/{one.get('id')}"
                by_name.setdefault(name, of_resource(one, path))
        for entry in listed(self.root, "entry"):
            below = entry.get("resource")
            known = isinstance(below, dict) and id(below) in paths
            if known and isinstance(entry.get("fullUrl"), str):
                by_name.setdefault(
                    entry["fullUrl"], of_resource(entry["resource"], paths[id(below)])
                )
        return by_name


class Walk:
    """One run of one profile; collects issues."""

    def __init__(self, run: Run, profile: Profile, nearest: dict[str, Any]) -> None:
        self.run = run
        self.profile = profile
        self.nearest = nearest
        self.issues: list[Issue] = []

    def say(self, severity: str, code: str, location: str, problem: str, do: str) -> None:
        do = f"{do} This is asked by the profile {self.profile.name}.".strip()
        self.issues.append(Issue(severity, code, location, problem, do))

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return any(issue.is_error for issue in self.issues)

    def over(self, profile: Profile, item: Item, depth: int) -> Walk:
        """The walk of another profile over a value; empty where it is under way already."""
        walk = Walk(self.run, profile, self.nearest)
        mark = (id(item.value), profile.url)
        if isinstance(item.value, dict) and mark not in self.run.inside and depth < DEEPEST:
            if "resourceType" in item.value:
                walk.nearest = item.value
            self.run.inside.add(mark)
            walk.one(profile.root, item, depth + 1)
            self.run.inside.discard(mark)
        return walk

    # One value

    def one(self, node: Node, item: Item, depth: int) -> None:
        """Everything that an element of the profile asks of one value."""
        if depth > DEEPEST:
            return
        self.content(node, item)
        for rule in node.rules:
            self.rule(rule, item)
        if node.reference and not node.children:
            node = self.profile.paths.get(node.reference, node)
        for child in node.busy:
            self.child(child, item, depth)
        urls = node.types.get(item.type)
        if urls is None and is_resource(item.type):
            urls = node.types.get("Resource")
        if urls:
            self.typed_by(urls, item, depth)
        if node.targets and item.type == "Reference":
            self.refers(node, item, depth)

    def typed_by(self, urls: tuple[str, ...], item: Item, depth: int) -> None:
        """The profiles of a type: the value meets one of them."""
        known = [found for url in urls if (found := self.run.given.profile(url))]
        known = [
            one for one in known if model.is_a(item.type, one.type) and one is not self.profile
        ]
        if len(urls) == 1 and known:
            self.issues += self.over(known[0], item, depth).issues
        elif len(known) == len(urls) > 1:
            walks = [self.over(one, item, depth) for one in known]
            if all(walk.failed for walk in walks):
                self.say(
                    "error", "structure", item.location, "This meets none of its profiles.",
                    f"It is one of {', '.join(one.name for one in known[:8])}.",
                )  # fmt: skip

    def content(self, node: Node, item: Item) -> None:
        name, where, value = node.name, item.location, item.value
        if node.value is not ABSENT and not self.fits(node, item):
            how = "is not the fixed value" if node.exact else "has not what the pattern asks"
            do = (
                f"Write {node.value}."
                if isinstance(node.value, str)
                else "Take it from the profile."
            )
            self.say("error", "value", where, f"{name} {how}.", do)
        if node.longest is not None and isinstance(value, str) and len(value) > node.longest:
            self.say(
                "error", "too-long", where, f"{name} is longer than {node.longest} characters.",
                "Shorten it.",
            )  # fmt: skip
        if node.least is not None and _order(value, node.least) == -1:
            self.say(
                "error", "value", where, f"{name} is smaller than it may be.",
                f"The least is {_shown(node.least)}.",
            )  # fmt: skip
        if node.most is not None and _order(value, node.most) == 1:
            self.say(
                "error", "value", where, f"{name} is larger than it may be.",
                f"The most is {_shown(node.most)}.",
            )  # fmt: skip
        if node.codes is not None:
            self.bound(node, item)

    def bound(self, node: Node, item: Item) -> None:
        held = node.codes.holds(item.type, item.value) if node.codes else None
        if held is None or held:
            return
        if node.strength == "required":
            self.say(
                "error", "code-invalid", item.location,
                f"{node.name} has no code of its value set {node.value_set}.", "Use a code of it.",
            )  # fmt: skip
        else:
            self.say(
                "warning", "code-invalid", item.location,
                f"{node.name} has no code of the value set {node.value_set}, which goes first.",
                "Use one of it where one fits.",
            )  # fmt: skip

    def refers(self, node: Node, item: Item, depth: int) -> None:
        """What a reference may point to: by its type, and by profile where it is at hand."""
        text = item.value.get("reference") if isinstance(item.value, dict) else None
        if not isinstance(text, str):
            return
        target = self.run.resolve(text, self.nearest)
        kind = target.type if target else split_reference(text)[0]
        allowed = {self.target(url) for url in node.targets}
        if not kind or "" in allowed:
            return
        if not allowed & set(model.ancestors(kind)):
            self.say(
                "error", "value", f"{item.location}.reference",
                f"{node.name} cannot refer to {article(kind)}.",
                f"It refers to {', '.join(sorted(allowed))}.",
            )  # fmt: skip
            return
        if target is None:
            return
        known = [self.run.given.profile(url) for url in node.targets]
        asked = [one for one in known if one is not None and one.type == kind]
        if not asked or any(url == CORE + kind for url in node.targets):
            return
        if all(self.over(one, target, depth).failed for one in asked):
            self.say(
                "error", "structure", f"{item.location}.reference",
                f"What {node.name} refers to does not meet the profile that is asked of it.",
                f"It should meet {' or '.join(one.name for one in asked[:8])}.",
            )  # fmt: skip

    def target(self, url: str) -> str:
        """The type that a targetProfile means; "" when it is not known."""
        found = self.run.given.profile(url)
        name = url.removeprefix(CORE)
        return found.type if found else name if is_resource(name) else ""

    def rule(self, rule: OwnRule, item: Item) -> None:
        focus = Element(item.value, item.type, item.place, item.extra)
        if model.kind(item.type) == "primitive":
            focus.place = item.type
        kind, root_kind = str(self.nearest["resourceType"]), str(self.run.root["resourceType"])
        env = Environment(Element(self.nearest, kind, kind), {"context": [focus]})
        env.root = Element(self.run.root, root_kind, root_kind)
        env.this = [focus]
        try:
            if rule.compiled is None:
                raise ExecutionProblem("It asks for a function that is not known.", "")
            result = rule.compiled.on(env, [focus])
        except FhirPathError:
            self.say(
                "information", "not-supported", item.location,
                f"The rule {rule.key} cannot be worked out here, so it is not checked.", "",
            )  # fmt: skip
            return
        if len(result) == 1 and atom(result[0]) is False:
            self.say(
                rule.severity, "invariant", item.location,
                rule.human or f"The rule {rule.key} is broken.", f"This is rule {rule.key}.",
            )  # fmt: skip

    # The values of one element

    def child(self, node: Node, parent: Item, depth: int) -> None:
        found = items(parent, node.name)
        where = f"{parent.location}.{node.name}"
        self.count(node, len(found), where)
        for item in found:
            if node.narrowed and not self.typed(node, item):
                self.say(
                    "error", "structure", item.location,
                    f"{node.name} is of a type that is not allowed here.",
                    f"Use {', '.join(sorted(node.types))}.",
                )  # fmt: skip
            self.one(node, item, depth + 1)
        if node.slices:
            slices.check(self, node, found, where, depth)

    def count(self, node: Node, number: int, where: str) -> None:
        """How often an element, or a slice of it, occurs; less than R4 asks is said already."""
        said = f"The slice {node.slice_name} of {node.name}" if node.slice_name else node.name
        if number < node.minimum and number >= node.base_minimum:
            marks = node.marks() if node.slice_name else ""
            often = "be given" if node.minimum == 1 else f"occur {node.minimum} times at least"
            self.say(
                "error", "required", where, f"{said} must {often}.",
                f"Add one with {marks}." if marks else "Add it.",
            )  # fmt: skip
        if node.maximum is not None and number > node.maximum:
            many = (
                f"may occur {_times(node.maximum)} at most" if node.maximum else "must not be given"
            )
            self.say(
                "error", "structure", where, f"{said} {many}.",
                "Remove some." if node.maximum else "Remove it.",
            )  # fmt: skip

    @staticmethod
    def typed(node: Node, item: Item) -> bool:
        return item.type in ANY_TYPE or any(model.is_a(item.type, kind) for kind in node.types)

    @staticmethod
    def fits(node: Node, item: Item) -> bool:
        """Whether a value is the fixed one, or has what the pattern asks."""
        return (same if node.exact else holds_pattern)(item.value, node.value)


def article(word: str) -> str:
    """A word with its article."""
    return f"an {word}" if word[:1].lower() in "aeiou" else f"a {word}"


def _times(number: int) -> str:
    return f"{number} time" if number == 1 else f"{number} times"


def _shown(limit: Any) -> str:
    if isinstance(limit, dict):
        return f"{limit.get('value')} {limit.get('unit') or limit.get('code') or ''}".strip()
    return str(limit)


def _order(value: Any, limit: Any) -> int | None:
    """-1, 0 or 1 as a value is below, at or above a limit; None when it cannot be told."""
    if isinstance(value, dict) and isinstance(limit, dict):
        unit = ("system", "code") if "code" in limit else ("unit",)
        if any(value.get(key) != limit.get(key) for key in unit):
            return None
        value, limit = value.get("value"), limit.get("value")
    if isinstance(value, bool) or isinstance(limit, bool):
        return None
    if isinstance(value, int | float | Decimal) and isinstance(limit, int | float | Decimal):
        try:
            one, other = Decimal(str(value)), Decimal(str(limit))
        except InvalidOperation:
            return None
        return (one > other) - (one < other)
    if isinstance(value, str) and isinstance(limit, str):
        if limit[2:3] == ":":
            return (value > limit) - (value < limit)
        first, second = period_of(value), period_of(limit)
        if first is None or second is None:
            return None
        return -1 if first[1] <= second[0] else 1 if first[0] >= second[1] else 0
    return None
