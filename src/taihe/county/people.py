"""
Who lives in a settlement: households, names, numbers, phones, and the same people as other
sources wrote them down.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from taihe.county.places import County, Settlement, word_list
from taihe.kernel.identifiers import CitizenNumber, Oid
from taihe.kernel.periods import age_years

# Shares per 10 000, after the published order of surnames with a northern Anhui accent.
_SURNAMES = (
    "王900 李840 张810 刘640 陈330 杨310 赵280 孙250 徐200 朱190 马180 胡150 郭150 何120 高130 "
    "林60 罗60 郑80 梁70 谢60 宋110 唐60 许80 韩100 冯80 邓70 曹90 彭50 曾20 肖60 田70 董90 袁60 "
    "潘50 于70 蒋60 蔡50 余40 杜70 叶30 程50 苏60 魏70 吕60 丁70 任50 沈40 姚50 卢40 姜40 崔50 "
    "钟20 谭20 陆30 汪50 范60 金40 石40 廖15 贾60 夏50 韦10 付60 方40 白30 邹20 孟40 熊20 秦40 邱30 "
    "江30 尹30 薛40 闫50 段30 雷20 侯40 龙15 史30 陶30 黎10 贺30 顾30 毛30 郝20 龚20 邵40 万20 钱20 "
    "严20 覃5 武40 戴30 莫5 孔30 向10 汤20 温15 康20 施20 文10 牛30 樊20 葛20 邢20 安15 齐20 路20 "
    "庞15 颜15 倪20 桑20 鹿8 亓3 仝6 靳10 苑5 訾3 亳1 欧阳6 上官4 司马2 皇甫2 夏侯2 令狐1 逄1 啜1"
)
_HUI = word_list("马 哈 海 穆 沙 白 金 丁 虎 撒 闪 拜")
# People from elsewhere: surnames, given names of men and of women, nationality.
_GUESTS = (
    (
        word_list("买买提 艾合买提 吐尔逊 阿布都 依明 卡德尔 热合曼"),
        {
            "1": word_list("阿卜杜拉 艾力江 地力夏提 玉素甫"),
            "2": word_list("阿依古丽 古丽娜尔 迪丽热巴 阿依努尔"),
        },
        "维吾尔族",
    ),
    (
        word_list("索朗 扎西 次仁"),
        {"1": word_list("多吉 旦增"), "2": word_list("卓玛 央金")},
        "藏族",
    ),
)
_OLD_MEN = word_list(
    "国良 建国 德才 文明 学礼 振华 永福 金山 兴旺 长庚 树林 广田 保田 克勤 传银 培德 继先 守义 心田 效忠 "
    "登科 怀玉 敬修 玉亭 洪亮 占元 凤山 启明 西友 殿臣 道德 明山 付山 子敬 从军 汉卿 家驹 本善"
)
_OLD_WOMEN = word_list(
    "秀英 桂英 秀兰 玉兰 凤英 兰英 桂兰 玉英 素珍 秀芝 桂芝 玉珍 翠兰 金兰 素英 凤兰 爱兰 桂荣 玉梅 秀云 "
    "俊英 文英 月英 春兰 翠英 士英 美英 素芳 彩云 桃花 玉芝 金凤 巧云 冬梅 腊梅 廷英 孝兰"
)
_MIDDLE_MEN = word_list(
    "军 勇 强 伟 杰 涛 超 辉 刚 明 磊 峰 建军 卫东 志强 红旗 跃进 海涛 永强 洪涛 立新 春生 国庆 学军 文革 "
    "东升 俊峰 献忠 新民 宏伟 敬东 全胜 友谊 金龙 保国 西军 占军 亚洲 广军 影 飞 雷 彬 松 兵"
)
_MIDDLE_WOMEN = word_list(
    "丽 芳 敏 静 艳 玲 红 霞 娟 燕 梅 萍 云 侠 影 红梅 春梅 丽娟 秀丽 海燕 晓燕 红霞 艳红 玉侠 丽萍 "
    "翠侠 荣荣 俊侠 桂侠 小红 爱华 建华 彩霞 凤霞 秋菊 雪梅 银侠 利 娜 莉 婷 华"
)
_YOUNG_HEADS_M = word_list("子 浩 宇 梓 俊 博 一 明 嘉 皓 天 文 思 泽 奕 晨 家 志 睿 承")
_YOUNG_TAILS_M = word_list("轩 宇 涵 豪 杰 泽 然 辰 阳 航 睿 晨 浩 诺 恒 霖 铭 文 博 瑞")
_YOUNG_HEADS_F = word_list("欣 梓 雨 诗 思 佳 可 一 语 若 依 艺 紫 静 雅 梦 子 心 芷 婉")
_YOUNG_TAILS_F = word_list("怡 涵 萱 妍 琪 彤 桐 瑶 雯 悦 诺 婷 颖 洁 然 馨 晗 宁 茹 雪")
_RARE = word_list("喆 犇 淼 垚 彧 頔 晟 奭 燚 翀 昇 堃 旻 玥 祎 㛃 䶮 𬀩")

_LOOK_ALIKE = {
    "秀": "绣", "英": "瑛", "兰": "蓝", "玉": "毓", "梅": "枚", "军": "君", "伟": "玮", "霞": "侠",
    "芝": "枝", "云": "芸", "丽": "莉", "强": "墙", "红": "洪", "海": "泰", "峰": "锋", "涛": "滔",
    "俊": "峻", "明": "铭", "辉": "晖", "萍": "平", "燕": "艳", "梓": "子", "涵": "函", "怡": "宜",
    "王": "汪", "张": "章", "刘": "柳", "陈": "程", "付": "傅", "闫": "阎", "肖": "萧", "于": "余",
}  # fmt: skip


@dataclass
class Resident:
    """
    A human being of the county, as he is; what sources wrote may differ.

    `sex` is 1 or 2; `number` is a valid citizen number, empty for some newborns; `psn_no`
    the insurance person number, drawn without regard to the citizen number.
    """

    index: int
    id: str
    psn_no: str
    family: str
    given: str
    sex: str
    born: date
    number: str
    phone: str
    house: str
    settlement: Settlement
    household: int
    insutype: str
    minority: str = ""
    mother: str = ""
    ills: dict[str, date] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The full name as written."""
        if self.minority in ("维吾尔族", "藏族"):
            return f"{self.given}·{self.family}"
        return self.family + self.given

    def age(self, on: date) -> int:
        """Completed years."""
        return age_years(self.born, on)

    @property
    def address(self) -> str:
        """The address as one line."""
        return f"安徽省阜阳市太和县{self.settlement.township}{self.settlement.name}{self.house}"


class Namer:
    """Names by generation and sex."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        pairs = [(word.rstrip("0123456789"), word) for word in _SURNAMES.split()]
        self.surnames = [name for name, _ in pairs]
        total, self.weights = 0, []
        for name, word in pairs:
            total += int(word.removeprefix(name))
            self.weights.append(total)

    def surname(self) -> str:
        """A surname by its frequency."""
        return self.chance.choices(self.surnames, cum_weights=self.weights)[0]

    def given(self, sex: str, born: date) -> str:
        """A given name of the generation."""
        chance = self.chance
        if chance.random() < 0.006:
            return chance.choice(_RARE)
        if born.year < 1962:
            return chance.choice(_OLD_MEN if sex == "1" else _OLD_WOMEN)
        if born.year < 1992:
            name = chance.choice(_MIDDLE_MEN if sex == "1" else _MIDDLE_WOMEN)
            if len(name) == 1 and chance.random() < 0.35:
                name = chance.choice("晓小文永春新海志玉") + name
            return name
        if sex == "1":
            head, tail = chance.choice(_YOUNG_HEADS_M), chance.choice(_YOUNG_TAILS_M)
        else:
            head, tail = chance.choice(_YOUNG_HEADS_F), chance.choice(_YOUNG_TAILS_F)
        if chance.random() < 0.12:
            return tail
        return head + tail if head != tail else head


def psn_no_of(index: int, seed: int) -> str:
    """The insurance person number: a mixed serial, `P3412` and ten digits."""
    mixed = (index * 7_368_787 + seed * 104_729 + 5_915_587) % 9_999_999_967
    return f"P3412{mixed:010d}"


def make_residents(
    county: County,
    settlement: Settlement,
    first_index: int,
    seed: int,
    end: date,
    cast: Sequence[tuple[str, str, int, str, str]] = (),
) -> list[Resident]:
    """
    Fill a settlement with households; `end` is the day on which they are as old as drawn.

    `cast` (role, sex, age, surname, given name) is one household that comes first of all.
    """
    maker = _Maker(county, settlement, first_index, seed, end)
    if first_index == 0:
        maker.cast(cast)
    while len(maker.made) < settlement.size:
        maker.household()
    return maker.made[: settlement.size]


class _Maker:
    def __init__(
        self, county: County, settlement: Settlement, first_index: int, seed: int, end: date
    ) -> None:
        self.county, self.settlement, self.end, self.seed = county, settlement, end, seed
        self.chance = random.Random(f"{seed}:people:{settlement.number}")
        self.names = Namer(self.chance)
        self.first = first_index
        self.made: list[Resident] = []
        self.numbers: set[str] = set()
        self.homes = 0
        self.phones = 0

    def cast(self, members: Sequence[tuple[str, str, int, str, str]]) -> None:
        """The household of the demo."""
        self.homes += 1
        phone = self.phone()
        for _, sex, age, surname, given in members:
            member = self.person(surname, sex, age, 0, phone, False)
            member.given = given
            member.insutype = "310" if 18 < age < 60 else "390"
            phone = self.phone() if age > 50 else phone

    def household(self) -> None:
        """One household: elders, a family, elders with a grandchild, or one person."""
        chance = self.chance
        self.homes += 1
        phone = self.phone()
        shape = chance.random()
        guest = chance.random() < 0.015
        surname = chance.choice(_HUI) if chance.random() < 0.015 else self.names.surname()
        hui = surname in _HUI and chance.random() < 0.6
        if shape < 0.34:
            age = chance.randint(60, 88)
            sexes = "12" if chance.random() < 0.62 else chance.choice("12")
            for sex in sexes:
                wed = sex == "2" and len(sexes) == 2
                self.person(self.names.surname() if wed else surname, sex, age, 4, phone, hui)
        elif shape < 0.78:
            age = chance.randint(24, 54)
            self.person(surname, "1", age, 2, self.phone(), hui)
            wife = self.person(self.names.surname(), "2", age - 1, 3, phone, hui, guest=guest)
            for _ in range(chance.choices((0, 1, 2, 3), weights=(16, 38, 38, 8))[0]):
                child_age = age - chance.randint(22, 32)
                if child_age >= 0:
                    child = self.person(
                        surname,
                        chance.choice("112"),
                        min(child_age, 24),
                        0,
                        phone,
                        hui,
                        mother=wife.id,
                    )
                    if age_years(child.born, self.end) >= 16:
                        child.phone = self.phone()
            if chance.random() < 0.35:
                self.person(surname, chance.choice("12"), age + 25, 4, phone, hui)
        elif shape < 0.9:
            age = chance.randint(58, 72)
            self.person(surname, "1", age, 3, phone, hui)
            self.person(self.names.surname(), "2", age - 1, 3, phone, hui)
            for _ in range(chance.choice((1, 1, 2))):
                self.person(surname, chance.choice("12"), chance.randint(1, 15), 0, phone, hui)
        else:
            self.person(surname, chance.choice("12"), chance.randint(20, 58), 0, phone, hui)

    def person(
        self,
        surname: str,
        sex: str,
        age: int,
        spread: int,
        phone: str,
        hui: bool,
        *,
        guest: bool = False,
        mother: str = "",
    ) -> Resident:
        """Make one person about so old; `spread` years up or down."""
        chance = self.chance
        age = max(0, min(99, age + (chance.randint(-spread, spread) if spread else 0)))
        born = self.end - timedelta(days=age * 365 + age // 4 + chance.randint(0, 364))
        family, given, minority = surname, self.names.given(sex, born), "回族" if hui else ""
        if guest:
            families, givens, minority = _GUESTS[0 if chance.random() < 0.75 else 1]
            family, given = chance.choice(families), chance.choice(givens[sex])
        born, number = self.numbered(born, sex)
        if (self.end - born).days < 90 and chance.random() < 0.5:
            number = ""
        if age < 18 or age > 62:
            insutype = "390" if chance.random() < 0.9 or age < 18 else "310"
        else:
            insutype = (
                "310" if chance.random() < (0.45 if self.settlement.is_town else 0.16) else "390"
            )
        index = self.first + len(self.made)
        resident = Resident(
            index=index,
            id=f"p{index:07d}",
            psn_no=psn_no_of(index, self.seed),
            family=family,
            given=given,
            sex=sex,
            born=born,
            number=number,
            phone=phone,
            house=f"{self.homes}号"
            if self.settlement.is_town
            else f"{self.homes % 6 + 1}组{self.homes}号",
            settlement=self.settlement,
            household=self.homes,
            insutype=insutype,
            minority=minority,
            mother=mother,
        )
        self.made.append(resident)
        return resident

    def numbered(self, born: date, sex: str) -> tuple[date, str]:
        """
        A citizen number nobody else has.

        A settlement has its own pair of sequence numbers, as police stations have blocks;
        who would share one with a neighbour is born a day earlier.
        """
        sequence = self.settlement.number * 2 + (1 if sex == "1" else 0)
        while True:
            number = CitizenNumber.compose(self.county.division, born, sequence).value
            if number not in self.numbers:
                self.numbers.add(number)
                return born, number
            born -= timedelta(days=1)

    def phone(self) -> str:
        """A phone number from a block that no person has (140, data cards)."""
        self.phones += 1
        mixed = (self.settlement.number * 7919 + self.phones) * 48_271 % 99_999_989
        return f"140{mixed:08d}"


@dataclass(frozen=True)
class Entry:
    """One row of `people.csv`: a person as one source wrote him down."""

    id: str
    person: str
    name: str
    source: str
    sex: str
    birth_date: str
    id_type: str
    id_number: str
    phone: str
    address: str
    mother_id: str


# Each source numbers people its own way: the letter and the salt of its ids.
SOURCES = {"insurance": ("i", 31), "hospital": ("h", 57), "phis": ("w", 83)}


def entries(residents: list[Resident], settlement: Settlement, seed: int) -> list[Entry]:
    """
    The residents as the platform and, for about half of them, other sources have them.

    Other sources have slips: characters that look or sound alike, a missing or old number,
    another phone, a wrong day of birth, a shortened address.
    """
    chance = random.Random(f"{seed}:entries:{settlement.number}")
    rows: list[Entry] = []
    names = {resident.id: resident.name for resident in residents}
    for resident in residents:
        id_type = Oid.CITIZEN.value if resident.number else ""
        rows.append(
            Entry(
                resident.id, resident.id, resident.name, "platform", resident.sex,
                resident.born.isoformat(), id_type, resident.number, resident.phone,
                resident.address, resident.mother,
            )
        )  # fmt: skip
        for source in SOURCES:
            if chance.random() < 0.2:
                mother = names.get(resident.mother, "") if source == "hospital" else ""
                rows.append(_slip(resident, source, chance, mother))
    return rows + (_doubtful(residents) if settlement.number == 0 else [])


def _doubtful(residents: list[Resident]) -> list[Entry]:
    """
    A few residents of the first settlement whom a desk wrote down so badly that only people can
    tell: without a number, one with another given name, one born in another decade.
    """
    adults = [r for r in residents[5:] if r.number and len(r.name) == 3 and r.born.day > 12]
    rows = []
    for at, resident in enumerate(adults[:4]):
        name, born = resident.name, resident.born
        if at % 2:
            born = born.replace(year=born.year - 18, day=born.day - 11)
        else:
            name = name[:2] + ("美" if name[2] != "美" else "芬")
        rows.append(
            Entry(
                f"d{resident.index:07d}", resident.id, name, "hospital", resident.sex,
                born.isoformat(), "", "", resident.phone, resident.address, "",
            )
        )  # fmt: skip
    return rows


def _slip(resident: Resident, source: str, chance: random.Random, mother: str) -> Entry:
    name, born, number = resident.name, resident.born, resident.number
    phone, address, sex = resident.phone, resident.address, resident.sex
    if chance.random() < 0.06:
        places = [at for at, letter in enumerate(name) if letter in _LOOK_ALIKE]
        if places:
            at = chance.choice(places)
            name = name[:at] + _LOOK_ALIKE[name[at]] + name[at + 1 :]
    if chance.random() < 0.02:
        name = f"{name[:1]} {name[1:]}"
    if mother and not number:
        # A newborn is first written down under the mother's name.
        name = f"{mother}之{'子' if sex == '1' else '女'}"
    kind = chance.random()
    if kind < 0.22:
        number = ""
    elif kind < 0.24 and number and born.year < 1985:
        number = number[:6] + number[8:17]
    elif kind < 0.25 and number:
        number = number[:15] + str((int(number[15]) + 1) % 10) + number[16:]
    elif kind < 0.26 and number:
        number = number.lower()
    if chance.random() < 0.012:
        born = born.replace(day=born.day % 28 + 1)
    if chance.random() < 0.004:
        sex = "0"
    if chance.random() < 0.25:
        phone = "" if chance.random() < 0.5 else f"140{chance.randrange(10**8):08d}"
    if chance.random() < 0.5:
        address = address.removeprefix("安徽省阜阳市")
    letter, salt = SOURCES[source]
    mixed = (resident.index * 7_368_787 + salt * 15_485_863) % 99_999_989
    return Entry(
        f"{letter}{mixed:08d}", resident.id, name, source, sex, born.isoformat(),
        Oid.CITIZEN.value if number else "", number, phone, address, "",
    )  # fmt: skip


def registered_twice(rows: Sequence[Entry], residents: Sequence[Resident]) -> list[Entry]:
    """
    Which entries of the hospital also arrive as a Patient of their own: about three in a hundred
    residents, most of them without the citizen number that would join them on arrival.
    """
    of_id = {resident.id: resident for resident in residents}
    chosen = []
    for row in rows:
        if row.source == "hospital":
            resident = of_id[row.person]
            share = 24 if row.id_number == resident.number else 2
            if resident.index % share == 0 or row.id.startswith("d"):
                chosen.append(row)
    return chosen
