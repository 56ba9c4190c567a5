"""
The life of an investment project: its stages, what evidence a stage needs, its state on a day.

线索 → 在谈 → 签约 → 注册 → 开工 → 到资 → 投产 → 达产, with the exits 终止 and 合并; 变更 corrects
a fact of the contract. Source: `domain/zone.md` 4.4. Amounts are whole fen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from taihe.kernel.errors import Conflict, Incorrect
from taihe.kernel.transitions import Transition, Workflow

YI_FEN = 10_000_000_000
"""Fen in one 亿元 (100 million yuan)."""
WAN_FEN = 1_000_000
"""Fen in one 万元 (10 000 yuan)."""


class Stage(StrEnum):
    """A stage of a project; the order of the first eight is the order of a project's life."""

    LEAD = "lead"
    NEGOTIATING = "negotiating"
    SIGNED = "signed"
    REGISTERED = "registered"
    STARTED = "started"
    FUNDED = "funded"
    PRODUCING = "producing"
    FULL = "full"
    TERMINATED = "terminated"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The word on a page."""
        return STAGE_WORDS[self.value]


STAGE_WORDS: dict[str, str] = {
    "lead": "线索",
    "negotiating": "在谈",
    "signed": "签约",
    "registered": "注册",
    "started": "开工",
    "funded": "到资",
    "producing": "投产",
    "full": "达产",
    "terminated": "终止",
    "merged": "合并",
    "withdrawn": "撤回",
}
LINE = tuple(Stage)[:8]
EXITS = (Stage.TERMINATED, Stage.MERGED, Stage.WITHDRAWN)

ACTION_WORDS: dict[str, str] = {
    "open": "登记线索",
    "negotiate": "进入洽谈",
    "sign": "登记签约",
    "register": "登记注册",
    "start": "登记开工",
    "fund": "登记到资",
    "produce": "登记投产",
    "reach": "登记达产",
    "change": "变更",
    "terminate": "终止",
    "merge": "合并",
    "withdraw": "撤回登记",
}

_OFFICER = ("zone_officer", "administrator")


def _workflow() -> Workflow:
    steps = [
        ("negotiate", "lead", "negotiating"),
        ("sign", "lead", "signed"),
        ("sign", "negotiating", "signed"),
        ("register", "signed", "registered"),
        ("start", "registered", "started"),
        ("fund", "registered", "registered"),
        ("fund", "started", "funded"),
        ("fund", "funded", "funded"),
        ("fund", "producing", "producing"),
        ("fund", "full", "full"),
        ("produce", "started", "producing"),
        ("produce", "funded", "producing"),
        ("reach", "producing", "full"),
    ]
    active = [stage.value for stage in LINE]
    steps += [("terminate", state, "terminated") for state in active]
    steps += [("merge", state, "merged") for state in active]
    steps += [("change", state, state) for state in active]
    steps += [("withdraw", state, "withdrawn") for state in ("lead", "negotiating", "signed")]
    noted = ("terminate", "merge", "change", "withdraw")
    return Workflow(
        name="zone.project",
        start="lead",
        states=dict(STAGE_WORDS),
        transitions=tuple(
            Transition(action, source, target, _OFFICER, ACTION_WORDS[action],
                       needs_note=action in noted)
            for action, source, target in steps
        ),
    )  # fmt: skip


WORKFLOW = _workflow()
"""Which step leads where; a project may be entered first at 线索, 在谈 or 签约."""

ENTRANCES = {"open": Stage.LEAD, "negotiate": Stage.NEGOTIATING, "sign": Stage.SIGNED}


@dataclass(frozen=True)
class Entry:
    """
    One row of the evidence ledger.

    `seq` is its number in the ledger (order of writing), `on` the day the evidence names,
    `amount_fen` the funds of a 到资 row. `zone`, `investment_fen` (总投资) and `contract_fen`
    (合同引资额) are set on the first row and on a 变更 row that changes them; `outside` says
    that the project lies in no zone.
    """

    seq: int
    project: str
    action: str
    on: date
    amount_fen: int = 0
    zone: str | None = None
    outside: bool = False
    investment_fen: int | None = None
    contract_fen: int | None = None
    evidence: str = ""


@dataclass(frozen=True)
class Facts:
    """
    What is known of a project on a day: where it lies, its amounts, when it reached each stage.

    `reached` holds the first day of each stage up to that day. `zone` is empty outside zones.
    """

    project: str
    zone: str = ""
    investment_fen: int = 0
    contract_fen: int = 0
    funds_fen: int = 0
    stage: Stage = Stage.LEAD
    reached: dict[Stage, date] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Neither ended nor merged into another."""
        return self.stage not in EXITS

    def has_reached(self, stage: Stage) -> bool:
        """Whether evidence of this stage is there, and the project has not left since."""
        return self.is_active and stage in self.reached


def facts_on(entries: Iterable[Entry], as_of: date, *, through: int | None = None) -> list[Facts]:
    """
    The facts of each project as of a day, from the ledger.

    Evidence dated after `as_of` does not count, even when it is known today; rows written after
    number `through` do not count, so that a frozen figure recomputes after later corrections.
    撤回 takes back everything written before it, whatever its date: such a project does not
    count, unless it was entered anew since. A 变更 row holds from its own date on. Projects come back in the order of their names.
    """
    known = [entry for entry in entries if through is None or entry.seq <= through]
    taken_back: dict[str, int] = {}
    for entry in known:
        if entry.action == "withdraw":
            taken_back[entry.project] = max(entry.seq, taken_back.get(entry.project, 0))
    chosen: dict[str, list[Entry]] = {}
    for entry in known:
        if entry.on <= as_of and entry.seq > taken_back.get(entry.project, 0):
            chosen.setdefault(entry.project, []).append(entry)
    return [
        _fold(project, sorted(chosen[project], key=lambda row: (row.on, row.seq)))
        for project in sorted(chosen)
    ]


def _fold(project: str, rows: Sequence[Entry]) -> Facts:
    facts = Facts(project)
    for row in rows:
        facts = apply(facts, row)
    return facts


def apply(facts: Facts, entry: Entry) -> Facts:
    """The facts after one more row."""
    stage = target_of(facts if facts.reached else None, entry.action)
    return Facts(
        project=facts.project,
        zone="" if entry.outside else (facts.zone if entry.zone is None else entry.zone),
        investment_fen=_or(entry.investment_fen, facts.investment_fen),
        contract_fen=_or(entry.contract_fen, facts.contract_fen),
        funds_fen=facts.funds_fen + entry.amount_fen,
        stage=stage,
        reached=facts.reached | ({} if stage in facts.reached else {stage: entry.on}),
    )


def _or(new: int | None, old: int) -> int:
    return old if new is None else new


def target_of(facts: Facts | None, action: str) -> Stage:
    """The stage an action leads to; raises `Conflict` when the stage of today does not allow it."""
    if facts is None:
        if action not in ENTRANCES:
            raise Conflict("项目首条登记只能是线索、在谈或签约。", "请先登记签约。")
        return ENTRANCES[action]
    return Stage(WORKFLOW.step(action, facts.stage.value).target)


class Doubtful(Incorrect):
    """The entry may be right and looks like a slip; whoever enters it may confirm it."""


def check_entry(
    facts: Facts | None, entry: Entry, *, today: date, confirmed: bool = False
) -> Facts:
    """
    Whether a row may be written, and the facts after it.

    Refused: a stage out of order, a date in the future or before the stage before it, an
    amount where none belongs, funds above the total investment. Asked back, and accepted when
    `confirmed`: amounts that look like 万元 written as 元 or 亿元 as 万元.
    """
    target_of(facts, entry.action)
    if entry.on > today:
        raise Incorrect(f"日期 {entry.on} 晚于今天。", "请填写凭证上的实际日期。")
    if facts is not None:
        _check_order(facts, entry)
    if not entry.evidence.strip():
        raise Incorrect("没有填写凭证。", "请写明文件名称、文号或照片说明。")
    _check_amounts(facts, entry, confirmed=confirmed)
    after = apply(facts or Facts(entry.project), entry)
    if after.funds_fen > after.investment_fen:
        raise Incorrect(
            f"累计到位资金 {yi_text(after.funds_fen)} 亿元超过总投资 "
            f"{yi_text(after.investment_fen)} 亿元。",
            "请核对单位：是否把万元写成了亿元？总投资有变化时，先登记“变更”。",
        )
    if entry.action == "produce" and after.funds_fen == 0:
        raise Incorrect("没有到位资金的项目不能登记投产。", "请先登记到资。")
    return after


def _check_order(facts: Facts, entry: Entry) -> None:
    """Funds may be booked late, so they only have to follow the registration."""
    stage, last = max(facts.reached.items(), key=lambda pair: pair[1])
    if entry.action == "fund":
        stage, last = Stage.REGISTERED, facts.reached[Stage.REGISTERED]
    if entry.on < last:
        raise Incorrect(
            f"日期 {entry.on} 早于“{stage.label}”的日期 {last}。",
            "阶段按先后登记；请核对凭证日期。",
        )


def _check_amounts(facts: Facts | None, entry: Entry, *, confirmed: bool) -> None:
    if entry.action == "fund":
        if entry.amount_fen <= 0:
            raise Incorrect("到资金额必须大于零。", "请填写本次到位的金额。")
    elif entry.amount_fen:
        raise Incorrect("只有“到资”登记金额。", "请清空金额，或选择“到资”。")
    if (
        entry.action == "sign"
        and entry.investment_fen is None
        and not (facts and facts.investment_fen)
    ):
        raise Incorrect("签约没有总投资。", "请填写合同总投资。")
    for amount in (entry.investment_fen, entry.contract_fen):
        if amount is not None and amount < 0:
            raise Incorrect("金额不能为负数。", "请核对金额。")
    new = entry.investment_fen
    if new is None or confirmed:
        return
    if new > 1000 * YI_FEN or 0 < new < 10 * WAN_FEN:
        raise Doubtful(
            f"总投资 {yi_text(new)} 亿元不像一个项目。",
            "请核对单位（元、万元、亿元）；无误则确认。",
        )
    old = facts.investment_fen if facts else 0
    if old and not old < new * 1000 < old * 1_000_000:
        raise Doubtful(
            f"总投资由 {yi_text(old)} 亿元变为 {yi_text(new)} 亿元。", "请核对单位；无误则确认。"
        )


def yi_text(amount_fen: int) -> str:
    """Fen in 亿元, as many digits as needed up to six, without trailing zeros."""
    whole, rest = divmod(amount_fen, YI_FEN)
    if not rest:
        return f"{whole:,}"
    digits = f"{rest * 1_000_000 // YI_FEN:06d}".rstrip("0")
    return f"{whole:,}.{digits}" if digits else f"{whole:,}"


def dated(entry: Entry, on: date) -> Entry:
    """The same row on another day."""
    return replace(entry, on=on)
