"""
Where people live and are treated: townships, villages, and institutions of three levels.

Names of townships and hospitals are scenery; who lives there and what happens is made up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text, for tables that read better without quotes."""
    return tuple(text.split())


TOWNSHIPS = word_list(
    "城关镇 旧县镇 税镇镇 皮条孙镇 原墙镇 倪邱镇 李兴镇 大新镇 肖口镇 关集镇 三塔镇 双浮镇 蔡庙镇 三堂镇 "
    "苗集镇 赵庙镇 宫集镇 坟台镇 洪山镇 清浅镇 五星镇 高庙镇 桑营镇 大庙集镇 阮桥镇 双庙镇 胡总镇 赵集乡"
)
COMMUNITIES = word_list(
    "人民路社区 团结社区 细阳社区 健康社区 沙颍社区 文明社区 国泰社区 曙光社区 椿樱社区 镜湖社区 "
    "长征社区 友谊社区 富民社区 和谐社区 育才社区 复兴社区"
)
_VILLAGE_HEADS = word_list(
    "王 李 张 刘 陈 杨 赵 孙 徐 朱 马 胡 郭 何 高 范 宋 于 韩 邓 曹 彭 吕 苏 蒋 贾 丁 魏 薛 叶 "
    "大李 小张 前刘 后刘 东陈 西陈 南赵 北赵 桑树 桃园 柳树 双河 界牌 桥口 古城 岳庙 三官 黄土 椿树 樱桃"
)
_VILLAGE_TAILS = word_list("庄 寨 楼 营 湖 桥 集 店 庙 洼 岗 沟 行 圩 阁")
MOST_SETTLEMENTS = 480


@dataclass(frozen=True)
class Institution:
    """
    A hospital, health centre, clinic or pharmacy.

    `code` is a national institution code (H or P, division, 5 digits); `level` 3 tertiary,
    2 secondary, 1 primary; `kind` as in the organisations of the health site.
    """

    code: str
    name: str
    kind: str
    level: int
    place: str

    @property
    def id(self) -> str:
        """The id of its FHIR Organization."""
        return f"org-{self.code.lower()}"


@dataclass(frozen=True)
class Settlement:
    """A village or a community of the county town: the unit in which people are made."""

    number: int
    name: str
    township: str
    size: int
    centre: Institution
    clinic: Institution

    @property
    def is_town(self) -> bool:
        """Whether it lies in the county town."""
        return self.township == TOWNSHIPS[0]


@dataclass(frozen=True)
class County:
    """The plan of a county, the same for every process that fills a part of it."""

    division: str
    settlements: tuple[Settlement, ...]
    townships: tuple[str, ...]
    institutions: tuple[Institution, ...]
    hospital: Institution
    tcm_hospital: Institution
    partner: Institution
    private: Institution


def plan(residents: int, seed: int, division: str = "341222") -> County:
    """Lay out a county for so many residents: about 150 to a village, at most 480 of these."""
    chance = random.Random(f"{seed}:places")
    count = max(2, min(MOST_SETTLEMENTS, round(residents / 150)))
    in_town = max(1, round(count * 0.2))
    townships = TOWNSHIPS[1 : 1 + max(1, min(len(TOWNSHIPS) - 1, (count - in_town + 2) // 3))]
    serial = {"H": 0, "P": 0}

    def institution(letter: str, name: str, kind: str, level: int, place: str) -> Institution:
        serial[letter] += 1
        return Institution(f"{letter}{division}{serial[letter]:05d}", name, kind, level, place)

    hospital = institution("H", "太和县人民医院", "hospital", 2, TOWNSHIPS[0])
    tcm = institution("H", "太和县中医院", "hospital", 2, TOWNSHIPS[0])
    private = institution("H", "太和康宁医院", "hospital", 1, TOWNSHIPS[0])
    partner = Institution(f"H{division[:4]}0000001", "阜阳市协作总医院", "hospital", 3, "阜阳市")
    made = [hospital, tcm, private, partner]
    centres: dict[str, Institution] = {}
    for township in (TOWNSHIPS[0], *townships):
        word = "社区卫生服务中心" if township == TOWNSHIPS[0] else "中心卫生院"
        centres[township] = institution(
            "H",
            f"{township.removesuffix('镇').removesuffix('乡')}{word}"
            if township == TOWNSHIPS[0]
            else f"{township}{word}",
            "township_hospital",
            1,
            township,
        )
        made.append(centres[township])
    for number in range(1, max(2, len(townships) // 3) + 1):
        made.append(institution("P", f"太和惠民大药房{number}店", "pharmacy", 0, TOWNSHIPS[0]))
    names = _village_names(count, chance)
    settlements = []
    spread = _shares(residents, count, in_town, chance)
    for number in range(count):
        if number < count - in_town:
            township = townships[number % len(townships)]
            name = names[number]
            clinic = institution("H", f"{township}{name}卫生室", "village_clinic", 1, township)
        else:
            township = TOWNSHIPS[0]
            order = number - (count - in_town)
            name = COMMUNITIES[order % len(COMMUNITIES)]
            if order >= len(COMMUNITIES):
                name = f"{name.removesuffix('社区')}{order // len(COMMUNITIES) + 1}区社区"
            clinic = institution("H", f"{name}卫生服务站", "clinic", 1, township)
        made.append(clinic)
        settlements.append(
            Settlement(number, name, township, spread[number], centres[township], clinic)
        )
    return County(
        division, tuple(settlements), tuple(townships), tuple(made), hospital, tcm, partner, private
    )


def _village_names(count: int, chance: random.Random) -> Sequence[str]:
    every = [f"{head}{tail}村" for tail in _VILLAGE_TAILS for head in _VILLAGE_HEADS]
    chance.shuffle(every)
    return every[:count]


def _shares(residents: int, count: int, in_town: int, chance: random.Random) -> list[int]:
    weights = [chance.uniform(0.7, 1.3) for _ in range(count)]
    for number in range(count - in_town, count):
        weights[number] *= 1.3
    total = sum(weights)
    sizes = [max(1, int(residents * weight / total)) for weight in weights]
    step = 0
    while (rest := residents - sum(sizes)) != 0:
        if rest > 0:
            sizes[step % count] += 1
        elif sizes[step % count] > 1:
            sizes[step % count] -= 1
        step += 1
        if step > 4 * count + residents:
            break
    return sizes
