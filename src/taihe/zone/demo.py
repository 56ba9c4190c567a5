"""
Synthetic projects of the 2019 World Manufacturing Convention, with the sums that were published.

`projects` is pure and deterministic by seed; `fill` sends them through `zone.public`, the door
that every project takes. 638 projects and 7351 亿元, of them 437 and 5365 亿元 in zones; 609
registered, 572 started and 2433.2 亿元 in place on 2021-09-30. Names, investors, zones and
industries of single projects are synthetic and say so; only the sums are published facts.
The contract investments (合同引资额) add up to 4539.6 亿元, worked back from the printed
53.6 %: the real base is not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from taihe.zone import rows
from taihe.zone.domain.projects import WAN_FEN, Entry

if TYPE_CHECKING:
    from taihe.base.public import Actor

EVENT = "wmc2019"
SIGNED_ON = date(2019, 9, 20)
FIRST_AS_OF = date(2019, 11, 7)
SECOND_AS_OF = date(2021, 9, 30)

PROJECTS = 638
LANDED = 437
REGISTERED = 609
STARTED = 572
PRODUCING = 214
FULL = 61
INVESTMENT_WAN = 73_510_000
LANDED_WAN = 53_650_000
CONTRACT_WAN = 45_396_000
FUNDS_WAN = 24_332_000

INDUSTRIES = (
    ("3921", 5), ("3922", 2), ("3974", 7), ("3973", 4), ("3982", 5), ("3831", 3), ("3841", 6),
    ("3825", 6), ("3612", 7), ("3670", 9), ("3491", 4), ("3424", 3), ("3516", 2), ("3562", 3),
    ("2710", 4), ("2720", 6), ("2740", 4), ("2761", 6), ("2770", 2), ("3584", 3), ("3252", 6),
    ("3251", 3), ("2651", 4), ("2929", 4), ("3061", 3), ("1432", 2), ("1781", 2), ("4220", 2),
)  # fmt: skip
PLACES = (
    "江淮",
    "徽州",
    "淝水",
    "九华",
    "天柱",
    "巢湖",
    "琅琊",
    "敬亭",
    "涡阳河",
    "新安",
    "皖江",
    "太平湖",
)
WORDS = (
    "合创",
    "启元",
    "联拓",
    "华越",
    "瑞泽",
    "恒筑",
    "明睿",
    "博远",
    "嘉诚新",
    "云岭",
    "融达",
    "正弘",
)
HOMES = (
    "上海",
    "江苏",
    "浙江",
    "广东",
    "北京",
    "安徽",
    "山东",
    "台资",
    "德资",
    "日资",
    "港资",
    "福建",
)


@dataclass(frozen=True)
class Synthetic:
    """A project to be entered and its evidence, first row first."""

    key: str
    name: str
    investor: str
    industry: str
    entries: tuple[Entry, ...]


def projects(seed: int = 2019) -> list[Synthetic]:
    """All synthetic projects of the convention, in the order of their keys."""
    random = Random(seed)
    landed = _split(random, LANDED_WAN, LANDED)
    outside = _split(random, INVESTMENT_WAN - LANDED_WAN, PROJECTS - LANDED)
    places = [*_zones(random), *[""] * (PROJECTS - LANDED)]
    sizes = [*landed, *outside]
    order = list(range(PROJECTS))
    random.shuffle(order)
    # How far each project comes by the second day: one rank decides, so stages nest.
    ranks = list(range(PROJECTS))
    random.shuffle(ranks)
    contracts = _shares(random, sizes, CONTRACT_WAN)
    funded = [size if rank < STARTED else 0 for size, rank in zip(sizes, ranks, strict=True)]
    funds = _shares(random, funded, FUNDS_WAN)
    made = []
    for number, index in enumerate(order, start=1):
        industry = random.choices(
            [code for code, _ in INDUSTRIES], [weight for _, weight in INDUSTRIES]
        )[0]
        key = f"WMC2019-{number:04d}"
        name, investor = _names(random, number, industry)
        entries = _entries(
            random, key, ranks[index], places[index],
            sizes[index] * WAN_FEN, contracts[index] * WAN_FEN, funds[index] * WAN_FEN,
        )  # fmt: skip
        made.append(Synthetic(key, name, investor, industry, tuple(entries)))
    return made


def _zones(random: Random) -> list[str]:
    """A zone for each landed project: national zones attract about three times as many."""
    anhui = [row for row in rows.zones() if row.province == "安徽"]
    national = {row.zone for row in rows.zone_names() if row.level == "national_etdz"}
    weights = [3 if row.zone in national else 1 for row in anhui]
    chosen = [row.zone for row in anhui]
    chosen += random.choices([row.zone for row in anhui], weights, k=LANDED - len(chosen))
    random.shuffle(chosen)
    return chosen


def _split(random: Random, total: int, parts: int) -> list[int]:
    """Whole numbers that add up to `total`: many small ones and a few large ones."""
    weights = [min(random.lognormvariate(0, 1), 14.0) for _ in range(parts)]
    return _by_weight(weights, total)


def _shares(random: Random, sizes: list[int], total: int) -> list[int]:
    """A part of each size, never more than the size, that adds up to `total`; nothing of 0."""
    weights = [size * random.uniform(0.75, 1.25) for size in sizes]
    parts = _by_weight(weights, total)
    rest = 0
    for index, size in enumerate(sizes):
        if parts[index] > size:
            rest += parts[index] - size
            parts[index] = size
    for index, size in enumerate(sizes):
        moved = min(rest, size - parts[index])
        parts[index] += moved
        rest -= moved
    return parts


def _by_weight(weights: list[float], total: int) -> list[int]:
    whole = sum(weights)
    parts = [int(total * weight / whole) for weight in weights]
    largest = max(range(len(parts)), key=parts.__getitem__)
    parts[largest] += total - sum(parts)
    return parts


def _names(random: Random, number: int, industry: str) -> tuple[str, str]:
    product = rows.industries()[industry].name.removesuffix("制造").removesuffix("加工")
    firm = f"{random.choice(PLACES)}{random.choice(WORDS)}"
    name = f"{firm}{product}项目（合成{number:04d}）"
    return name, f"{random.choice(HOMES)}{firm}（合成企业）"


def _entries(
    random: Random, key: str, rank: int, zone: str, investment: int, contract: int, funds: int
) -> list[Entry]:
    def row(action: str, on: date, evidence: str, amount: int = 0) -> Entry:
        return Entry(0, key, action, on, amount_fen=amount, evidence=evidence + "（合成）")

    signed = SIGNED_ON + timedelta(days=random.choice((0, 0, 1, 1, 2, 3)))
    entries = [
        Entry(
            0, key, "sign", signed, zone=zone or None, outside=not zone,
            investment_fen=investment, contract_fen=contract, evidence="签约文本（合成）",
        )
    ]  # fmt: skip
    if rank >= REGISTERED:
        if rank >= PROJECTS - 11:
            ended = signed + timedelta(days=random.randint(200, 640))
            entries.append(row("terminate", ended, "投资方函告终止"))
        elif rank % 3 == 0:  # a near miss: registered, and one day or more after the second day
            late = SECOND_AS_OF + timedelta(days=random.randint(1, 40))
            entries.append(row("register", late, "营业执照"))
        return entries
    registered = signed + timedelta(days=random.randint(10, 420))
    entries.append(row("register", registered, "营业执照"))
    if rank >= STARTED:
        return entries
    started = min(registered + timedelta(days=random.randint(15, 260)), date(2021, 8, 31))
    entries.append(row("start", started, "施工许可证"))
    last = date(2021, 9, 28) if rank >= PRODUCING else date(2021, 7, 31)
    first_half = funds // 2 // WAN_FEN * WAN_FEN
    days = sorted(_between(random, started, last) for _ in range(2))
    for on, amount in zip(days, (first_half, funds - first_half), strict=True):
        if amount:
            entries.append(row("fund", on, "银行进账单", amount))
    if rank < PRODUCING:
        producing = _between(random, days[1], date(2021, 9, 28))
        entries.append(row("produce", producing, "试生产备案"))
        if rank < FULL:
            entries.append(row("reach", _between(random, producing, SECOND_AS_OF), "年度产值报表"))
    return entries


def _between(random: Random, first: date, last: date) -> date:
    """A day between the two, both included; the first when the last is before it."""
    return first + timedelta(days=random.randint(0, max((last - first).days, 0)))


def fill(by: int | None, at: datetime) -> dict[str, int]:
    """
    Enter the synthetic projects and freeze the two bulletins, through the zone's door.

    `by` is the party that enters them. A second call finds them there and changes nothing.
    """
    from django.db import transaction

    from taihe.zone import public

    public.load_knowledge()
    with transaction.atomic():
        fill_parks(at)
    frozen = public.bulletins(EVENT)
    if len(frozen) >= 2:
        return {"projects": 0, "entries": 0, "bulletins": 0}
    made = projects()
    written = public.import_projects(
        EVENT,
        [
            public.NewProject(one.key, one.name, one.investor, one.industry, one.entries)
            for one in made
        ],
        synthetic=True,
        by=by,
        at=at,
    )
    for day in (FIRST_AS_OF, SECOND_AS_OF)[len(frozen) :]:
        public.freeze_bulletin(EVENT, as_of=day, by=by, at=at)
    return {"projects": len(made), "entries": written, "bulletins": 2}


def fill_parks(at: datetime) -> int:
    """
    One application taken through recommendation, panel and recognition, one before the panel.

    The parks are named on the newspaper page; their way here is synthetic. Adds a second
    officer and three experts as demo accounts, since four eyes and a panel need them. Does
    nothing outside a demo or when it is done; the number of applications made.
    """
    from django.conf import settings

    from taihe.base import public as base
    from taihe.zone import models, park_actions

    if not settings.TAIHE_DEMO or models.ParkApplication.objects.exists():
        return 0
    authority = base.organisation("SWT340000") or base.create_organisation(
        "SWT340000", "开发区主管处（演示）", "zone_authority", division="340000"
    )

    def actor(username: str, name: str, role: base.RoleName) -> base.Actor:
        found = base.account(username) or base.create_account(
            username, name, "staff", roles=(role,), organisation_code=authority.code, is_demo=True
        )
        return base.actor_of(found.account_id)

    first = actor("demo-zone-officer", "刘专员", "zone_officer")
    second = actor("demo-zone-reviewer", "赵专员（复核）", "zone_officer")
    experts = [
        actor(f"demo-expert-{n}", f"专家{name}", "panel_expert")
        for n, name in enumerate("甲乙丙", 1)
    ]
    made = []
    for zone, name in (
        ("hefei", "安徽中德(合肥)国际合作智慧产业园"),
        ("ningguo", "安徽中德(宁国)国际合作智能制造产业园"),
    ):
        number = park_actions.apply_for_park(
            zone, name, "合作企业与规划的说明（合成）。", actor=first, at=at, synthetic=True
        )
        park_actions.advance_park(number, "submit", actor=first, at=at)
        park_actions.advance_park(number, "recommend", actor=second, at=at, note="材料齐全（合成）")
        park_actions.advance_park(number, "open_panel", actor=first, at=at)
        made.append(number)
    for expert, scores in zip(
        experts, ((82, 88, 76, 80), (78, 84, 80, 75), (90, 85, 79, 83)), strict=True
    ):
        park_actions.give_opinion(made[0], scores, "同意（合成）", actor=expert, at=at)
    park_actions.advance_park(made[0], "support", actor=first, at=at, note="专家意见一致（合成）")
    park_actions.advance_park(made[0], "approve", actor=second, at=at, note="予以认定（合成）")
    _fill_services(first, second, at)
    return len(made)


def _fill_services(first: Actor, second: Actor, at: datetime) -> None:
    """A few promoted projects and needs, in different states."""
    from taihe.zone import service_actions
    from taihe.zone.actions import local_day

    today = local_day(at)
    for zone, name, industry, wan, steps in (
        ("taihe", "高端制剂中试基地", "2720", 30_000, ("submit", "publish")),
        ("suixi", "铝箔精深加工", "3252", 50_000, ("submit", "publish")),
        ("taihe", "医疗器械智能产业园二期", "3584", 20_000, ("submit",)),
    ):
        number = service_actions.offer_project(
            zone, f"{name}（合成）", industry, wan * WAN_FEN, "土地与厂房条件的说明（合成）。",
            today + timedelta(days=365), actor=first, at=at, synthetic=True,
        )  # fmt: skip
        for step, actor in zip(steps, (first, second), strict=False):
            service_actions.advance_promotion(number, step, actor=actor, at=at)
    for series, zone, text, ago, done in (
        ("finance", "taihe", "流动资金贷款对接", 40, False),
        ("training", "suixi", "安全生产培训", 3, False),
        ("service", "taihe", "蒸汽扩容", 5, True),
    ):
        number = service_actions.raise_need(
            series, zone, "示例企业（合成）", f"{text}（合成）", today - timedelta(days=ago),
            actor=first, at=at, synthetic=True,
        )  # fmt: skip
        if done:
            service_actions.advance_need(number, "accept", actor=first, at=at)
            service_actions.advance_need(
                number, "answer", actor=first, at=at, note="已排期（合成）"
            )
            service_actions.advance_need(
                number, "close", actor=second, at=at, note="企业确认（合成）", satisfaction=5
            )
