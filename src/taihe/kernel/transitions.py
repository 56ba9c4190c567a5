"""
Workflow as a table: which action leads from which state to which, who may, and how long it may take.

The table is data; `base.workflow` applies it, and the diagram in the docs is printed from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from taihe.kernel.errors import Conflict


@dataclass(frozen=True)
class Transition:
    """
    One allowed step.

    `roles` may do it; with `four_eyes` it must be somebody else than who made the step
    before; `within_working_days` starts a clock on the state that is reached.
    """

    action: str
    source: str
    target: str
    roles: tuple[str, ...]
    label: str
    four_eyes: bool = False
    needs_note: bool = False
    within_working_days: int | None = None


@dataclass(frozen=True)
class Workflow:
    """A named table of transitions with its first state and the words for its states."""

    name: str
    start: str
    states: dict[str, str]
    transitions: tuple[Transition, ...] = field(default=())

    def __post_init__(self) -> None:
        seen: set[tuple[str, str]] = set()
        for step in self.transitions:
            assert step.source in self.states, step
            assert step.target in self.states, step
            assert (step.action, step.source) not in seen, f"two ways out: {step}"
            seen.add((step.action, step.source))
        assert self.start in self.states

    def step(self, action: str, state: str) -> Transition:
        """The transition of an action from a state; raises `Conflict` when there is none."""
        for step in self.transitions:
            if step.action == action and step.source == state:
                return step
        raise Conflict(
            f"“{self.states.get(state, state)}” 状态下不能执行该操作。",
            "请刷新页面查看当前状态。",
        )

    def allowed(self, state: str, roles: Sequence[str]) -> tuple[Transition, ...]:
        """The steps that these roles may take from a state."""
        return tuple(
            step
            for step in self.transitions
            if step.source == state and any(role in step.roles for role in roles)
        )

    def mermaid(self) -> str:
        """The state diagram, for the docs."""
        lines = ["stateDiagram-v2", f"  [*] --> {self.start}"]
        lines += [f"  {name}: {word}" for name, word in self.states.items()]
        lines += [f"  {step.source} --> {step.target}: {step.label}" for step in self.transitions]
        return "\n".join(lines)
