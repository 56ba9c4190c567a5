"""
Who meets whom: stable matching with capacities, best assignment, and a timetable of meetings.

Projects list the zones they would take and zones the projects they would take, best first; a
pair that only one side lists is no pair. Deferred acceptance (Gale and Shapley 1962) gives the
stable matching best for one side; the fewest meeting rounds are the largest number of meetings
of any party (Kőnig 1916).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taihe.kernel.errors import Incorrect

Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Instance:
    """
    Both sides' lists, best first, and how many projects a zone can take.

    `value` holds whole-number values of pairs for the best assignment: the sum of both scores,
    times `scale`.
    """

    projects: Lists
    zones: Lists
    capacity: Mapping[str, int]
    value: Mapping[tuple[str, str], int] = field(default_factory=dict)
    scale: int = 1

    def pairs(self) -> list[tuple[str, str]]:
        """Pairs that both sides list, in the order of projects and their lists."""
        return [
            (project, zone)
            for project, wished in self.projects.items()
            for zone in wished
            if project in self.zones.get(zone, ())
        ]


def check(instance: Instance) -> None:
    """Refuse lists that name strangers or name someone twice, and capacities that are missing."""
    sides = (
        ("project", instance.projects, instance.zones),
        ("zone", instance.zones, instance.projects),
    )
    for word, lists, others in sides:
        for one, wished in lists.items():
            strangers = [name for name in wished if name not in others]
            if strangers:
                raise Incorrect(
                    f"The {word} {one} lists {strangers[0]}, who is not there.",
                    "Remove it, or add the party.",
                )
            if len(set(wished)) < len(wished):
                raise Incorrect(f"The {word} {one} lists someone twice.", "Keep one of them.")
    for zone in instance.zones:
        room = instance.capacity.get(zone)
        if not isinstance(room, int) or isinstance(room, bool) or room < 0:
            raise Incorrect(
                f"The capacity of {zone} is not a whole number of 0 or more.", "Write it."
            )


Matching = dict[str, list[str]]
"""Zone → its projects, sorted by name."""


def project_optimal(instance: Instance) -> Matching:
    """The stable matching in which every project has the best zone it can have in any."""
    place = _places(instance.zones)
    next_wish = dict.fromkeys(instance.projects, 0)
    taken: dict[str, list[str]] = {zone: [] for zone in instance.zones}
    free = list(reversed(list(instance.projects)))
    while free:
        project = free.pop()
        wished = instance.projects[project]
        while next_wish[project] < len(wished):
            zone = wished[next_wish[project]]
            next_wish[project] += 1
            if project not in place[zone] or instance.capacity[zone] == 0:
                continue
            held = taken[zone]
            held.append(project)
            if len(held) <= instance.capacity[zone]:
                break
            held.sort(key=place[zone].__getitem__)
            rejected = held.pop()
            if rejected != project:
                free.append(rejected)
                break
    return {zone: sorted(held) for zone, held in taken.items()}


def zone_optimal(instance: Instance) -> Matching:
    """The stable matching in which every zone has the best projects it can have in any."""
    place = _places(instance.projects)
    next_offer = dict.fromkeys(instance.zones, 0)
    holder: dict[str, str] = {}
    count = dict.fromkeys(instance.zones, 0)
    open_zones = list(reversed(list(instance.zones)))
    while open_zones:
        zone = open_zones.pop()
        offers = instance.zones[zone]
        while count[zone] < instance.capacity[zone] and next_offer[zone] < len(offers):
            project = offers[next_offer[zone]]
            next_offer[zone] += 1
            if zone not in place[project]:
                continue
            now = holder.get(project)
            if now is None or place[project][zone] < place[project][now]:
                holder[project] = zone
                count[zone] += 1
                if now is not None:
                    count[now] -= 1
                    open_zones.append(now)
    return {
        zone: sorted(project for project, held in holder.items() if held == zone)
        for zone in instance.zones
    }


def _places(lists: Lists) -> dict[str, dict[str, int]]:
    return {one: {name: i for i, name in enumerate(wished)} for one, wished in lists.items()}


def blocking_pairs(
    instance: Instance, matching: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Pairs who both would rather have each other than what they have; none when stable."""
    of_project, of_zone = _places(instance.projects), _places(instance.zones)
    holder = {project: zone for zone, held in matching.items() for project in held}
    found = []
    for project, zone in instance.pairs():
        now = holder.get(project)
        wants = now is None or of_project[project][zone] < of_project[project][now]
        held = matching.get(zone, ())
        room = len(held) < instance.capacity[zone]
        better = any(of_zone[zone][project] < of_zone[zone][other] for other in held)
        if wants and instance.capacity[zone] and (room or better):
            found.append((project, zone))
    return found


@dataclass(frozen=True)
class Assignment:
    """The most projects placed, and among those the largest total value (times the scale)."""

    zone_of: Mapping[str, str]
    total: int

    @property
    def placed(self) -> int:
        """How many projects have a zone."""
        return len(self.zone_of)


def best_assignment(instance: Instance) -> Assignment:
    """
    Place as many projects as capacities allow, with the largest total value among those.

    Successive longest augmenting paths: after k steps the flow is the best of size k, so the
    last one is the best of the largest size.
    """
    pairs = instance.pairs()
    by_project: dict[str, list[str]] = {}
    for project, zone in pairs:
        by_project.setdefault(project, []).append(zone)
    zone_of: dict[str, str] = {}
    held: dict[str, set[str]] = {zone: set() for zone in instance.zones}
    while path := _augmenting_path(instance, by_project, zone_of, held):
        for project, zone in path:
            if project in zone_of:
                held[zone_of[project]].discard(project)
            zone_of[project] = zone
            held[zone].add(project)
    total = sum(instance.value.get(pair, 0) for pair in zone_of.items())
    return Assignment(dict(sorted(zone_of.items())), total)


def _augmenting_path(
    instance: Instance,
    by_project: Mapping[str, Sequence[str]],
    zone_of: Mapping[str, str],
    held: Mapping[str, set[str]],
) -> list[tuple[str, str]]:
    """The moves (project, new zone) of the path that adds the most value; empty when none."""
    gain: dict[str, int] = {}
    came: dict[str, str] = {}
    queue: list[str] = []
    for project, zones in by_project.items():
        if project not in zone_of:
            for zone in zones:
                worth = instance.value.get((project, zone), 0)
                if zone not in gain or worth > gain[zone]:
                    gain[zone], came[zone] = worth, project
                    queue.append(zone)
    while queue:  # Bellman-Ford with a queue over zones; no positive cycles exist
        zone = queue.pop(0)
        base = gain[zone]
        for project in held[zone]:
            freed = base - instance.value.get((project, zone), 0)
            for other in by_project[project]:
                if other == zone:
                    continue
                worth = freed + instance.value.get((project, other), 0)
                if other not in gain or worth > gain[other]:
                    gain[other], came[other] = worth, project
                    queue.append(other)
    ends = [zone for zone in gain if len(held[zone]) < instance.capacity[zone]]
    if not ends:
        return []
    zone = max(ends, key=lambda one: gain[one])
    path = []
    while True:
        project = came[zone]
        path.append((project, zone))
        if project not in zone_of:
            return path
        zone = zone_of[project]


@dataclass(frozen=True)
class Timetable:
    """Rounds of meetings; in each round nobody is in two places."""

    rounds: tuple[tuple[tuple[str, str], ...], ...]


def fewest_rounds(pairs: Sequence[tuple[str, str]]) -> int:
    """The largest number of meetings of any party: no timetable is shorter, and one is as short."""
    degree: dict[tuple[str, str], int] = {}
    for project, zone in pairs:
        for party in (("project", project), ("zone", zone)):
            degree[party] = degree.get(party, 0) + 1
    return max(degree.values(), default=0)


def timetable(pairs: Sequence[tuple[str, str]]) -> Timetable:
    """
    Meetings of all pairs in the fewest rounds.

    Each meeting takes a round free for one side; where the other side is busy in it, the two
    rounds are swapped along the path of meetings that alternates between them (Kőnig).
    """
    count = fewest_rounds(pairs)
    busy: dict[tuple[str, str], dict[int, tuple[str, str]]] = {}
    round_of: dict[tuple[str, str], int] = {}
    for pair in pairs:
        project, zone = ("project", pair[0]), ("zone", pair[1])
        a = _first_free(busy.setdefault(project, {}), count)
        b = _first_free(busy.setdefault(zone, {}), count)
        if a != b and a in busy[zone]:
            _swap(busy, round_of, zone, a, b)
        round_of[pair] = a
        busy[project][a] = busy[zone][a] = pair
    rounds: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    for pair, number in round_of.items():
        rounds[number].append(pair)
    return Timetable(tuple(tuple(sorted(one)) for one in rounds))


def _first_free(taken: Mapping[int, Any], count: int) -> int:
    return next(number for number in range(count) if number not in taken)


def _swap(
    busy: dict[tuple[str, str], dict[int, tuple[str, str]]],
    round_of: dict[tuple[str, str], int],
    start: tuple[str, str],
    a: int,
    b: int,
) -> None:
    """Exchange rounds a and b along the path that begins at `start` with round a."""
    path: list[tuple[str, str]] = []
    party, number = start, a
    while number in busy[party]:
        pair = busy[party][number]
        path.append(pair)
        project, zone = ("project", pair[0]), ("zone", pair[1])
        party = zone if party == project else project
        number = b if number == a else a
    for pair in path:
        for party in (("project", pair[0]), ("zone", pair[1])):
            del busy[party][round_of[pair]]
    for pair in path:
        round_of[pair] = b if round_of[pair] == a else a
        for party in (("project", pair[0]), ("zone", pair[1])):
            busy[party][round_of[pair]] = pair
