"""
Slices: which values of an element belong to which slice, and how often each occurs.

A value belongs to a slice when every discriminator says so (value, pattern, exists, type,
profile; $this, elements, extension('…'), ofType(…), resolve()). Without discriminators it
belongs to the first slice that it meets. What cannot be told is said and not guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from taihe.fhir import model
from taihe.fhir.profiles.definition import CORE, canonical, listed
from taihe.fhir.profiles.items import Item, items
from taihe.fhir.profiles.nodes import ABSENT, Node, is_resource
from taihe.fhir.search.rows import split_reference

if TYPE_CHECKING:
    from taihe.fhir.profiles.walk import Walk

_STEP = re.compile(
    r"\$this|(extension|ofType)\(\s*['\"]?([^'\")]+)['\"]?\s*\)|resolve\(\)|[A-Za-z][A-Za-z0-9]*"
)
_ANY = {"discriminator": [{"type": "type", "path": "$this"}]}
REST = "@default"
Steps = tuple[tuple[str, str], ...]
Seen = dict[Steps, list[Item]]
_DEEPEST = 8


def check(walk: Walk, node: Node, found: list[Item], where: str, depth: int) -> None:
    """Put values into the slices of an element and check each slice."""
    slicing = node.slicing or _ANY
    marks = [(str(d.get("type")), str(d.get("path"))) for d in listed(slicing, "discriminator")]
    numbers = dict.fromkeys(node.slices, 0)
    held: dict[str, list[Item]] = {name: [] for name in node.slices}
    unclear: set[str] = set()
    order = list(node.slices)
    last, rest = -1, False
    for item in found:
        chosen = ""
        seen: Seen = {}
        for name, one in node.slices.items():
            if name == REST:
                continue
            answer = belongs(walk, one, item, marks, seen, depth)
            if answer is None:
                unclear.add(name)
            elif answer:
                chosen = name
                break
        if not chosen and REST in node.slices and not unclear:
            chosen = REST
        if not chosen:
            rest = True
            if slicing.get("rules") == "closed" and not unclear:
                walk.say(
                    "error", "structure", item.location,
                    f"{node.name} belongs to none of its slices.",
                    f"It is one of {', '.join(order[:12])}.",
                )  # fmt: skip
            continue
        numbers[chosen] += 1
        held[chosen].append(item)
        place = order.index(chosen)
        if slicing.get("ordered") is True and place < last:
            walk.say(
                "error", "structure", item.location,
                f"The slices of {node.name} are not in their order.",
                f"Their order is {', '.join(order[:12])}.",
            )  # fmt: skip
        elif slicing.get("rules") == "openAtEnd" and rest:
            walk.say(
                "error", "structure", item.location,
                f"The slices of {node.name} come before what is in none.", "Move it up.",
            )  # fmt: skip
        last = max(last, place)
        walk.one(node.slices[chosen], item, depth + 1)
    for name, one in node.slices.items():
        if name in unclear:
            walk.say(
                "information", "not-supported", where,
                f"The slice {name} of {node.name} cannot be told from others, so it is not "
                "checked.", "",
            )  # fmt: skip
            continue
        walk.count(one, numbers[name], where)
        if one.slices:
            check(walk, one, held[name], where, depth + 1)


def belongs(
    walk: Walk, node: Node, item: Item, marks: list[tuple[str, str]], seen: Seen, depth: int
) -> bool | None:
    """
    Whether a value is in a slice; None when the discriminators cannot tell.

    `seen` keeps what paths lead to in the value, for the other slices.
    """
    if not marks:
        return _meets_all(walk, node, item, depth)
    unclear = False
    for kind, path in marks:
        answer = _told(walk, node, item, kind, path, seen, depth)
        if answer is False:
            return False
        unclear = unclear or answer is None
    return None if unclear else True


def _meets_all(walk: Walk, node: Node, item: Item, depth: int) -> bool:
    """Without discriminators: whether a value meets everything that a slice asks."""
    probe = type(walk)(walk.run, walk.profile, walk.nearest)
    probe.one(node, item, depth + 1)
    return not probe.failed and (not node.types or probe.typed(node, item))


@dataclass(frozen=True, slots=True)
class _Sight:
    """
    What a discriminator sees in a slice.

    `steps` are (kind, name): element, extension, ofType, resolve. `nodes` are the elements of
    the profile at the end of the path, `telling` those of them that tell values; None where the
    path goes through resolve(), which depends on what is referred to.
    """

    steps: Steps
    nodes: tuple[Node, ...] | None
    telling: tuple[Node, ...]
    urls: frozenset[str]


@lru_cache(maxsize=1024)
def _steps(path: str) -> Steps:
    found = []
    for step in _STEP.finditer(path):
        text = step.group(0)
        if text == "resolve()":
            found.append(("resolve", ""))
        elif step.group(1):
            found.append((step.group(1), step.group(2)))
        elif text != "$this":
            found.append(("element", text))
    return tuple(found)


def _sight(walk: Walk, node: Node, kind: str, path: str) -> _Sight:
    """What a discriminator sees in a slice, worked out once."""
    known = node.sights.get((kind, path))
    if known is not None:
        return known  # type: ignore[no-any-return]
    steps = _steps(path)
    urls: frozenset[str] = frozenset()
    nodes: tuple[Node, ...] | None = None
    telling: tuple[Node, ...] = ()
    if ("resolve", "") not in steps:
        if steps[-1:] == (("element", "url"),) and kind in ("value", "pattern"):
            holders, _ = _along(walk, [node], steps[:-1])
            urls = frozenset(url for one in holders for url in one.types.get("Extension", ()))
        ends, sliced = _along(walk, [node], steps)
        nodes = tuple(ends)
        # Slices below tell more than the element that they are slices of.
        tells = [one for one in ends if _tells(one, 0)]
        telling = tuple([one for one in tells if id(one) in sliced] or tells)
    made = _Sight(steps, nodes, telling, urls)
    node.sights[kind, path] = made
    return made


def _along(
    walk: Walk, nodes: list[Node], steps: Steps
) -> tuple[list[Node], set[int]]:  # fmt: skip
    """The elements of the profile at the end of a path; which of them lie in slices."""
    sliced: set[int] = set()
    for kind, name in steps:
        if kind == "ofType":
            nodes = [
                one for n in nodes for one in (n, *n.slices.values()) if name in one.types
            ] or nodes  # fmt: skip
            continue
        wanted = "extension" if kind == "extension" else name
        below: list[Node] = []
        for node in nodes:
            for one in _below(walk, node, wanted):
                below.append(one)
                if one.slice_name or id(node) in sliced:
                    sliced.add(id(one))
        if kind == "extension":
            below = [one for one in below if name in one.types.get("Extension", ())] or [
                one for one in below if _fixed_url(one) == name
            ]
        nodes = below
    return nodes, sliced


def _values(found: list[Item], kind: str, name: str) -> list[Item]:
    """One step of a path on the side of the resource."""
    if kind == "ofType":
        return [one for one in found if one.type == name]
    if kind == "element":
        return items(found[0], name) if len(found) == 1 else [
            inner for one in found for inner in items(one, name)
        ]  # fmt: skip
    return [
        inner for one in found for inner in items(one, "extension")
        if isinstance(inner.value, dict) and inner.value.get("url") == name
    ]  # fmt: skip


def _told(
    walk: Walk, node: Node, item: Item, kind: str, path: str, seen: Seen, depth: int
) -> bool | None:  # fmt: skip
    """What one discriminator says of a value: in the slice, not in it, or that it cannot tell."""
    sight = _sight(walk, node, kind, path)
    if sight.nodes is not None:
        steps = sight.steps[:-1] if sight.urls else sight.steps
        found = seen.get(steps)
        if found is None:
            found = [item]
            for step, name in steps:
                found = _values(found, step, name)
            seen[steps] = found
        if sight.urls:
            return any(
                isinstance(one.value, dict) and canonical(one.value.get("url")) in sight.urls
                for one in found
            )
        return _decided(walk, list(sight.nodes), sight.telling, found, kind, depth)
    nodes, found = [node], [item]
    for at, (step, name) in enumerate(sight.steps):
        if step != "resolve":
            nodes = _along(walk, nodes, ((step, name),))[0]
            found = _values(found, step, name)
            continue
        if at == len(sight.steps) - 1:
            return _resolved(walk, nodes, found, kind, depth)
        nodes, found = _behind(walk, nodes, found)
        if not nodes or not found:
            return None
    telling = tuple(one for one in nodes if _tells(one, 0))
    return _decided(walk, nodes, telling, found, kind, depth)


def _decided(
    walk: Walk, nodes: list[Node], telling: tuple[Node, ...], found: list[Item], kind: str, depth: int
) -> bool | None:  # fmt: skip
    if kind == "exists":
        if any(one.maximum == 0 for one in nodes):
            return not found
        return bool(found) if any(one.minimum for one in nodes) else None
    if kind == "type":
        types = {name for one in nodes for name in one.types}
        if not types:
            return None
        return any(model.is_a(one.type, name) for one in found for name in types)
    if kind == "profile":
        return _conforms(walk, nodes, found, depth)
    if kind not in ("value", "pattern") or not telling:
        return None
    return any(_meets(walk, one, inner, 0) for one in telling for inner in found)


def _fixed_url(node: Node) -> str:
    """The url that an extension slice without a profile of its own is for."""
    inner = node.children.get("url")
    return str(inner.value) if inner is not None and inner.value is not ABSENT else ""


def _below(walk: Walk, node: Node, name: str) -> list[Node]:
    """The children of an element of the profile, also by its type's profile and its pattern."""
    if node.reference and not node.children:
        node = walk.profile.paths.get(node.reference, node)
    found: list[Node] = []
    child = node.children.get(name)
    if child is not None:
        found += [child, *child.slices.values()]
    for urls in node.types.values():
        inner = walk.run.given.profile(urls[0]) if len(urls) == 1 else None
        if inner is not None and inner is not walk.profile and name in inner.root.children:
            child = inner.root.children[name]
            found += [child, *child.slices.values()]
    if isinstance(node.value, dict) and name in node.value:  # inside a fixed value or pattern
        held = node.value[name]
        for one in held if isinstance(held, list) else [held]:
            found.append(Node(name, value=one, exact=node.exact, minimum=1))
    return found


def _tells(node: Node, depth: int) -> bool:
    if node.value is not ABSENT or (node.strength == "required" and node.codes is not None):
        return True
    return depth < _DEEPEST and any(
        _tells(one, depth + 1)
        for child in node.children.values()
        for one in (child, *child.slices.values())
    )


def _meets(walk: Walk, node: Node, item: Item, depth: int) -> bool:
    """Whether a value has what the values below an element of the profile say."""
    if node.value is not ABSENT:
        return walk.fits(node, item)
    if node.strength == "required" and node.codes is not None:
        return node.codes.holds(item.type, item.value) is not False
    if depth > _DEEPEST:
        return True
    for child in node.children.values():
        wanted = [child, *(one for one in child.slices.values() if one.minimum)]
        for one in wanted:
            if not _tells(one, depth + 1):
                continue
            found = items(item, child.name)
            if not found and not one.minimum:
                continue
            if not any(_meets(walk, one, value, depth + 1) for value in found):
                return False
    return True


def _reference_text(item: Item) -> str:
    text = item.value.get("reference") if isinstance(item.value, dict) else None
    return text if isinstance(text, str) else ""


def _resolved(
    walk: Walk, nodes: list[Node], found: list[Item], kind: str, depth: int
) -> bool | None:  # fmt: skip
    """A discriminator that ends in resolve(): the target's type, or its profile."""
    urls = [url for one in nodes for url in one.targets]
    allowed = {walk.target(url) for url in urls}
    if kind not in ("type", "profile") or not allowed or "" in allowed:
        return None
    special = [
        one for url in urls if not is_resource(url.removeprefix(CORE))
        and (one := walk.run.given.profile(url))
    ]  # fmt: skip
    for item in found:
        value = item.value if isinstance(item.value, dict) else {}
        target = walk.run.resolve(_reference_text(item), walk.nearest)
        name = target.type if target else split_reference(_reference_text(item))[0]
        name = name or str(value.get("type", ""))
        if not name or not allowed & set(model.ancestors(name)):
            continue
        if kind == "type" or len(special) < len(urls):
            return True
        if target is None:
            return None
        if any(not walk.over(one, target, depth).failed for one in special if one.type == name):
            return True
    return False


def _behind(
    walk: Walk, nodes: list[Node], found: list[Item]
) -> tuple[list[Node], list[Item]]:  # fmt: skip
    """What a discriminator sees behind resolve(): the target profiles, and the targets."""
    roots = [
        profile.root
        for one in nodes
        for url in one.targets
        if (profile := walk.run.given.profile(url)) is not None
    ]
    targets = [
        target
        for one in found
        if (target := walk.run.resolve(_reference_text(one), walk.nearest)) is not None
    ]
    return roots, targets


def _conforms(walk: Walk, nodes: list[Node], found: list[Item], depth: int) -> bool | None:
    urls = [url for one in nodes for profiles in one.types.values() for url in profiles]
    known = [profile for url in urls if (profile := walk.run.given.profile(url)) is not None]
    if not known:
        return None
    return any(
        one.type == profile.type and not walk.over(profile, one, depth).failed
        for profile in known
        for one in found
    )
