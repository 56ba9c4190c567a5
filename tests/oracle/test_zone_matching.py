"""Matching against slow twins: all matchings enumerated, rounds checked one by one."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from taihe.zone.domain.matching import (
    Instance,
    best_assignment,
    blocking_pairs,
    fewest_rounds,
    project_optimal,
    timetable,
    zone_optimal,
)


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    """Up to five projects and three zones with partial lists, some of them one-sided."""
    projects = [f"p{i}" for i in range(draw(st.integers(0, 5)))]
    zones = [f"z{i}" for i in range(draw(st.integers(1, 3)))]

    def some(names: list[str]) -> list[str]:
        order = draw(st.permutations(names))
        return list(order[: draw(st.integers(0, len(names)))])

    return Instance(
        {p: some(zones) for p in projects},
        {z: some(projects) for z in zones},
        {z: draw(st.integers(0, 3)) for z in zones},
        {(p, z): draw(st.integers(0, 20)) for p in projects for z in zones},
    )


def everything(instance: Instance) -> list[dict[str, str | None]]:
    """Every way to place projects within lists and capacities."""
    projects = list(instance.projects)
    choices = [
        [None, *(z for z in instance.projects[p] if p in instance.zones[z])] for p in projects
    ]
    found = []
    for chosen in product(*choices):
        if all(chosen.count(z) <= room for z, room in instance.capacity.items()):
            found.append(dict(zip(projects, chosen, strict=True)))
    return found


def is_stable(instance: Instance, placed: dict[str, str | None]) -> bool:
    for project, wished in instance.projects.items():
        for zone in wished:
            if zone == placed[project]:
                break
            liked = instance.zones[zone]
            if project not in liked or instance.capacity[zone] == 0:
                continue
            held = [p for p, z in placed.items() if z == zone]
            if len(held) < instance.capacity[zone]:
                return False
            if any(liked.index(project) < liked.index(other) for other in held):
                return False
    return True


def place_of(wished: list[str], zone: str | None) -> int:
    return list(wished).index(zone) if zone is not None else len(wished)


@settings(max_examples=300, deadline=None)
@given(instances())
def test_both_optima_are_stable_and_no_stable_matching_is_better(instance: Instance) -> None:
    stable = [one for one in everything(instance) if is_stable(instance, one)]
    for find, best in ((project_optimal, min), (zone_optimal, max)):
        matching = find(instance)
        assert blocking_pairs(instance, matching) == []
        placed: dict[str, str | None] = dict.fromkeys(instance.projects)
        placed |= {p: z for z, held in matching.items() for p in held}
        assert placed in stable
        for project, wished in instance.projects.items():
            places = [place_of(list(wished), one[project]) for one in stable]
            assert place_of(list(wished), placed[project]) == best(places)


def test_the_optima_differ_where_interests_do() -> None:
    cross = Instance(
        {"p": ["a", "b"], "q": ["b", "a"]}, {"a": ["q", "p"], "b": ["p", "q"]}, {"a": 1, "b": 1}
    )
    assert project_optimal(cross) == {"a": ["p"], "b": ["q"]}
    assert zone_optimal(cross) == {"a": ["q"], "b": ["p"]}


@settings(max_examples=300, deadline=None)
@given(instances())
def test_the_best_assignment_places_most_and_then_is_worth_most(instance: Instance) -> None:
    best = best_assignment(instance)

    def worth(placed: dict[str, str | None]) -> tuple[int, int]:
        pairs = [(p, z) for p, z in placed.items() if z is not None]
        return len(pairs), sum(instance.value[pair] for pair in pairs)

    assert (best.placed, best.total) == max(worth(one) for one in everything(instance))
    for zone, room in instance.capacity.items():
        assert sum(1 for held in best.zone_of.values() if held == zone) <= room


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("uvwxyz")), max_size=40).map(
        sorted
    )
)
def test_a_timetable_has_no_clash_and_no_round_too_many(pairs: list[tuple[str, str]]) -> None:
    rounds = timetable(pairs).rounds
    assert len(rounds) == fewest_rounds(pairs)
    assert sorted(pair for one in rounds for pair in one) == pairs
    for one in rounds:
        assert len({p for p, _ in one}) == len({z for _, z in one}) == len(one)
