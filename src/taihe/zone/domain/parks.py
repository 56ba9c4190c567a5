"""
International co-operation parks (国际合作产业园): the grammar of a name, and the way to approval.

Name = 安徽 + 中 + country + (place) + 国际合作 + leading industry + 产业园 (安徽省国际合作产业园
办法, 2024-12-23). The city's bureau recommends, the province recognises. Conditions and papers of
article 6 and following are not known here and not invented.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from taihe.kernel.errors import Incorrect
from taihe.kernel.transitions import Transition, Workflow


@dataclass(frozen=True)
class ParkName:
    """The parts of a park's name."""

    country: str
    place: str
    industry: str

    def __str__(self) -> str:
        return f"安徽中{self.country}({self.place})国际合作{self.industry}产业园"


def parse_name(
    text: str, *, countries: Collection[str], places: Mapping[str, str] | Collection[str]
) -> ParkName:
    """
    Read a park's name by its grammar; what breaks it is said by part.

    `countries` are short names (德, 日, 新加坡), `places` cities and counties of the province.
    Full-width brackets are read too.
    """
    rest = text.strip().replace("（", "(").replace("）", ")")
    if not rest.startswith("安徽中"):
        raise Incorrect(
            "名称须以“安徽中”开头，后接国家简称。", "例如“安徽中德(合肥)国际合作…产业园”。"
        )
    rest = rest.removeprefix("安徽中")
    country = max((one for one in countries if rest.startswith(one)), key=len, default="")
    if not country:
        raise Incorrect("“中”之后不是已知的国家简称。", f"可用：{'、'.join(sorted(countries))}。")
    rest = rest.removeprefix(country)
    place, closed, after = rest.removeprefix("(").partition(")")
    if not rest.startswith("(") or not closed or not place:
        raise Incorrect("国家之后须用括号写明所在地。", "例如“(合肥)”。")
    if place not in places:
        raise Incorrect(f"“{place}”不是省内的市或县。", "请写市、县的简称，例如“合肥”。")
    if not after.startswith("国际合作"):
        raise Incorrect("所在地之后须为“国际合作”。", "请按办法的命名格式填写。")
    industry = after.removeprefix("国际合作")
    if not industry.endswith("产业园"):
        raise Incorrect("名称须以“产业园”结尾。", "请按办法的命名格式填写。")
    industry = industry.removesuffix("产业园")
    if not industry:
        raise Incorrect("没有写明主导产业。", "例如“智能制造”。")
    return ParkName(country, place, industry)


WORKFLOW = Workflow(
    name="zone.park",
    start="draft",
    states={
        "draft": "草稿",
        "submitted": "已申报",
        "recommended": "市级已推荐",
        "panel": "专家评审",
        "supported": "评审通过",
        "approved": "已认定",
        "returned": "退回补正",
        "rejected": "未认定",
    },
    transitions=(
        Transition("submit", "draft", "submitted", ("zone_officer",), "申报"),
        Transition("submit", "returned", "submitted", ("zone_officer",), "补正后再报"),
        Transition("recommend", "submitted", "recommended", ("zone_officer",), "市级推荐",
                   four_eyes=True, needs_note=True, within_working_days=10),
        Transition("return", "submitted", "returned", ("zone_officer",), "退回补正",
                   needs_note=True),
        Transition("open_panel", "recommended", "panel", ("zone_officer",), "送专家评审",
                   within_working_days=20),
        Transition("support", "panel", "supported", ("zone_officer",), "评审通过",
                   needs_note=True),
        Transition("reject", "panel", "rejected", ("zone_officer",), "评审未通过",
                   needs_note=True),
        Transition("approve", "supported", "approved", ("zone_officer",), "省级认定",
                   four_eyes=True, needs_note=True),
        Transition("reject", "supported", "rejected", ("zone_officer",), "不予认定",
                   four_eyes=True, needs_note=True),
    ),
)  # fmt: skip
"""Application → recommendation → panel → recognition; who recommends is not who applied."""

SCORES = ("主导产业", "国际合作基础", "规划与土地", "运营与服务")
"""What a panel member scores, 0 to 100 each; an example until the article's text is here."""

PASS_MARK = 60
FEWEST_EXPERTS = 3


@dataclass(frozen=True)
class PanelResult:
    """Mean scores (tenths, rounded half up), and whether the panel supports the application."""

    experts: int
    means_tenths: tuple[int, ...]
    total_tenths: int
    supports: bool

    @property
    def total(self) -> str:
        """The mean of all with one decimal."""
        return f"{self.total_tenths // 10}.{self.total_tenths % 10}"


def panel_result(
    scores: Mapping[str, tuple[int, ...]], *, declined: Collection[str]
) -> PanelResult:
    """
    The result of a panel: experts with a conflict of interest are left out.

    At least three experts must have scored everything; scores are whole numbers 0 to 100.
    """
    counted = {name: row for name, row in scores.items() if name not in declined}
    for row in counted.values():
        if len(row) != len(SCORES) or any(not 0 <= value <= 100 for value in row):
            raise Incorrect("有专家未评完，或分数不在 0 到 100 之间。", "请逐项补齐。")
    if len(counted) < FEWEST_EXPERTS:
        raise Incorrect(
            f"有效专家只有 {len(counted)} 人，至少需要 {FEWEST_EXPERTS} 人。", "请补请专家。"
        )
    n = len(counted)
    means = tuple(_tenths(sum(column), n) for column in zip(*counted.values(), strict=True))
    whole = sum(sum(row) for row in counted.values())
    total = _tenths(whole, n * len(SCORES))
    return PanelResult(n, means, total, whole >= PASS_MARK * n * len(SCORES))


def _tenths(top: int, bottom: int) -> int:
    return (20 * top + bottom) // (2 * bottom)
