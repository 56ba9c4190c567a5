"""The audit desk and the hospital's desk in the navigation."""

from __future__ import annotations

from typing import Protocol

from taihe.ui.navigation import NavItem


class ActorLike(Protocol):
    """Whoever is signed in."""

    @property
    def organisation_code(self) -> str: ...

    def has(self, *roles: str) -> bool: ...


def navigation(actor: ActorLike) -> list[NavItem]:
    """What an auditor or a hospital's insurance office finds on the left."""
    from taihe.claims import queries

    if actor.has("auditor"):
        states = queries.counts_by_state()
        return [
            NavItem("审核台", "待审队列", "/desk/claims/", states.get("new", 0), "claims-queue"),
            NavItem(
                "审核台",
                "申诉与复审",
                "/desk/claims/answers/",
                sum(states.get(one, 0) for one in ("appealed", "supplied", "reappealed")),
                "claims-answers",
            ),
            NavItem("规则", "两库覆盖图", "/desk/claims/rules/", None, "claims-rules"),
            NavItem("规则", "误报率", "/desk/claims/rules/rows/", None, "claims-rule-rows"),
        ]
    if actor.has("hospital"):
        states = queries.counts_by_state(queries.cases(organisation=actor.organisation_code or "-"))
        return [
            NavItem(
                "医院医保办",
                "本院案件",
                "/desk/hospital/",
                sum(states.get(one, 0) for one in ("confirmed", "material", "upheld")),
                "hospital-cases",
            )
        ]
    return []
