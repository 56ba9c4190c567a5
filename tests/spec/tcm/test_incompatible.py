"""
Incompatible herbs: 十八反 and 十九畏, in 105 pairs, however they are written.

半蒌贝蔹及攻乌，藻戟遂芫俱战草，诸参辛芍叛藜芦.
"""

from __future__ import annotations

from typing import Any

import pytest

from taihe.tcm import rules
from taihe.tcm.public import resolve_name, review_prescription

PAIRS = [(row.herb_a, row.herb_b, row.id) for row in rules.review_rules().pairs]

SPELLINGS = """
    附子     | 附片 黑附片 黑顺片 白附片 淡附片 炮附子 炮附片 制附子 熟附片 盐附子 附子(先煎) 生附子 川附片 附片15g
    川乌     | 生川乌 川乌头 川烏
    制川乌   | 炙川乌 川乌(制) 制川烏 製川乌
    草乌     | 生草乌 草乌头 草烏 北草乌
    制草乌   | 炙草乌 草乌（制） 熟草乌
    半夏     | 生半夏 制半夏 旱半夏 半夏曲 竹沥半夏 京半夏
    法半夏   | 法夏 半夏(法) 法制半夏
    姜半夏   | 姜夏 薑半夏 姜制半夏 半夏[姜]
    清半夏   | 清夏 半夏(清)
    瓜蒌     | 全瓜蒌 栝楼 栝蒌 瓜萎 瓜蔞 糖瓜蒌 炒瓜蒌
    瓜蒌子   | 瓜蒌仁 栝楼仁 蒌仁 瓜蒌霜 炒瓜蒌子 炒蒌仁
    瓜蒌皮   | 蒌皮 栝楼皮 瓜蒌壳 炒瓜蒌皮
    天花粉   | 瓜蒌根 栝楼根 花粉 栝蒌根 天花粉片
    川贝母   | 川贝 松贝 青贝 炉贝 川贝粉 尖贝 川貝母
    浙贝母   | 浙贝 象贝 象贝母 大贝 珠贝 浙贝片 浙貝
    平贝母   | 平贝 平贝片
    伊贝母   | 伊贝 伊犁贝母 新疆贝母
    湖北贝母 | 板贝 鄂贝母 窑贝
    白蔹     | 白敛 白蘞 炒白蔹
    白及     | 白芨 白及粉 白芨片
    甘草     | 炙甘草 生甘草 蜜甘草 粉甘草 国老 甘草梢 蜜炙甘草 炙草 甘草片 甘草（炙） 炒甘草
    海藻     | 淡海藻 大叶海藻 小叶海藻 海藻(洗)
    京大戟   | 醋京大戟 煮京大戟 京大戟（醋）
    红大戟   | 红芽大戟 广大戟 醋红大戟 紅大戟
    甘遂     | 醋甘遂 生甘遂 煨甘遂 制甘遂 甘遂末
    芫花     | 醋芫花 炙芫花 陈芫花 生芫花
    藜芦     | 黑藜芦 山葱 藜蘆
    人参     | 红参 生晒参 野山参 高丽参 别直参 人參 白参 红参片 园参 吉林参 移山参 人参(另煎)
    西洋参   | 洋参 花旗参 西洋参片 西洋參
    党参     | 潞党参 台党参 炒党参 米炒党参 蜜党参 党參 纹党参 潞党
    南沙参   | 泡参 南沙 空沙参 南沙參
    北沙参   | 莱阳参 辽沙参 北沙 沙参(北)
    丹参     | 紫丹参 酒丹参 赤参 丹參 炒丹参
    玄参     | 元参 黑参 乌元参 黑玄参 玄參
    苦参     | 苦骨 地槐 苦參 炒苦参
    细辛     | 北细辛 辽细辛 华细辛 炙细辛 細辛
    白芍     | 杭白芍 炒白芍 酒白芍 白芍药 杭芍 芍药(白) 生白芍 麸炒白芍
    赤芍     | 赤芍药 炒赤芍 京赤芍 川赤芍 芍药(赤)
    硫黄     | 硫磺 石硫黄 制硫黄 倭硫黄 硫磺粉
    芒硝     | 朴硝 皮硝 牙硝 马牙硝 净芒硝
    玄明粉   | 元明粉 风化硝 玄明粉(冲服)
    水银     | 汞 灵液
    砒霜     | 白砒霜 信石 人言 砒石 红砒
    狼毒     | 白狼毒 醋狼毒 生狼毒
    密陀僧   | 陀僧 蜜陀僧 没多僧
    巴豆     | 江子 生巴豆 巴豆仁 刚子 巴豆炭
    巴豆霜   | 巴霜 江子霜
    牵牛子   | 黑丑 白丑 二丑 牵牛 黑白丑 炒牵牛子 丑牛子 牽牛子
    丁香     | 公丁香 丁子香 紫丁香
    母丁香   | 鸡舌香 母丁
    郁金     | 广郁金 川郁金 温郁金 黄郁金 醋郁金 玉金 鬱金 桂郁金
    三棱     | 荆三棱 京三棱 醋三棱 三稜 炒三棱
    犀角     | 犀牛角 乌犀角 广角 犀角粉
    五灵脂   | 灵脂 醋五灵脂 五靈脂 灵脂米 炒灵脂
    肉桂     | 官桂 上桂 桂心 油桂 玉桂 肉桂粉 紫桂
    赤石脂   | 红石脂 煅赤石脂 赤石脂粉 醋煅赤石脂
"""


def spellings() -> dict[str, list[str]]:
    table = {}
    for line in SPELLINGS.strip().splitlines():
        herb, words = line.split("|")
        table[herb.strip()] = words.split()
    return table


def review(*names: str, **more: Any) -> dict[str, Any]:
    items = [{"name": name, "dose": 1, "unit": "g"} for name in names]
    return review_prescription({"items": items, **more})


def incompatible(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in found["findings"] if finding["type"] == "incompatible"]


def test_there_are_105_pairs() -> None:
    assert len(PAIRS) == len({frozenset(pair[:2]) for pair in PAIRS}) == 105


@pytest.mark.parametrize(("a", "b", "rule"), PAIRS)
def test_every_pair_is_found_however_its_herbs_are_written(a: str, b: str, rule: str) -> None:
    table = spellings()
    for left in [a, *table[a]]:
        for right in [b, *table[b]]:
            (finding,) = incompatible(review(right, "茯苓", left))
            assert finding["rule_id"] == rule, (left, right)
            assert finding["items"] == [0, 2]
            assert finding["names"] == [a, b]
            assert finding["source"]
            assert finding["clause"]
            assert finding["rule"] in ("十八反", "十九畏")


def test_more_than_150_other_spellings_were_tried() -> None:
    words = {word for each in spellings().values() for word in each}
    assert len(words) >= 150
    assert set(spellings()) == {herb for a, b, _ in PAIRS for herb in (a, b)}


SILENT = [
    ("水牛角 is no 犀角", "川乌", "水牛角"),
    ("水牛角粉 neither", "草乌", "水牛角粉"),
    ("白附子 is no 附子", "白附子", "半夏"),
    ("白附子 with 瓜蒌", "白附子", "瓜蒌"),
    ("白附子 with 川贝母", "制白附子", "川贝母"),
    ("土贝母 is no 贝母", "附子", "土贝母"),
    ("大枣 is no 大戟", "甘草", "大枣"),
    ("水半夏 is another plant", "附子", "水半夏"),
    ("明党参 is no 党参", "藜芦", "明党参"),
    ("太子参 is not named by the verse", "藜芦", "太子参"),
    ("桂枝 is no 肉桂", "桂枝", "赤石脂"),
    ("片姜黄 is no 郁金", "丁香", "片姜黄"),
    ("白石脂 is no 赤石脂", "肉桂", "白石脂"),
    ("昆布 is no 海藻", "甘草", "昆布"),
    ("土细辛 is no 细辛", "藜芦", "土细辛"),
    ("香附 is no 附子", "香附", "半夏"),
    ("乌药 is no 川乌", "乌药", "半夏"),
    ("何首乌 is no 川乌", "制何首乌", "浙贝母"),
    ("浮海石 is no 海藻", "甘草", "海浮石"),
    ("山慈菇 with 附子", "附子", "山慈菇"),
]


@pytest.mark.parametrize(("why", "a", "b"), SILENT, ids=[row[0] for row in SILENT])
def test_near_misses_stay_silent(why: str, a: str, b: str) -> None:
    found = review(a, b)
    assert incompatible(found) == []
    assert found["unknown"] == []
    assert all(name["sure"] for name in found["names"])


ASKED = """
    贝母     | 川贝母 浙贝母 平贝母 伊贝母 湖北贝母 土贝母
    芍药     | 白芍 赤芍
    大戟     | 京大戟 红大戟
    醋大戟   | 京大戟 红大戟
    沙参     | 南沙参 北沙参
    乌头     | 川乌 制川乌 草乌 制草乌
    川草乌   | 川乌 草乌
    赤白芍   | 白芍 赤芍
    南北沙参 | 南沙参 北沙参
"""


@pytest.mark.parametrize("line", ASKED.strip().splitlines())
def test_a_name_that_several_herbs_share_is_asked_back(line: str) -> None:
    written, candidates = (part.strip() for part in line.split("|"))
    found = review(written, "茯苓")
    name = found["names"][0]
    assert (name["herb"], name["sure"]) == ("", False)
    assert name["candidates"] == candidates.split()
    assert found["unknown"] == [written]
    assert found["result"] == "sign"
    assert incompatible(found) == []


def test_asked_back_blocks_where_one_reading_would_be_incompatible() -> None:
    found = review("贝母", "附子")
    assert found["result"] == "block"
    assert [finding["rule_id"] for finding in found["findings"]] == ["ask_back_danger"]
    assert review("芍药", "藜芦")["result"] == "block"
    assert review("乌头", "半夏")["result"] == "block"
    assert review("大戟", "甘草")["result"] == "block"


def test_an_unknown_name_is_listed_and_never_passed_silently() -> None:
    found = review("神仙草", "茯苓")
    assert found["unknown"] == ["神仙草"]
    assert found["result"] == "warn"


def test_the_processing_may_stand_in_its_own_field() -> None:
    items = [
        {"name": "川乌", "processing": "制", "dose": 1, "unit": "g"},
        {"name": "半夏", "processing": "法", "dose": 1, "unit": "g"},
    ]
    found = review_prescription({"items": items})
    assert [name["herb"] for name in found["names"]] == ["制川乌", "法半夏"]
    assert incompatible(found)[0]["names"] == ["制川乌", "法半夏"]


def test_a_pair_split_over_two_prescriptions_of_one_day_is_found() -> None:
    found = review("附子", same_day=[[{"name": "半夏", "dose": 6}]])
    (finding,) = incompatible(found)
    assert finding["items"] == [0]
    assert "同日" in finding["message"]
    only_there = [[{"name": "半夏", "dose": 6}, {"name": "川乌", "dose": 6}]]
    assert incompatible(review("茯苓", same_day=only_there)) == []


def test_each_basis_has_its_severity() -> None:
    assert incompatible(review("附子", "半夏"))[0]["severity"] == "block"
    processed = incompatible(review("附子", "法半夏"))[0]
    assert processed["severity"] == "sign"
    assert "炮制品" in processed["source"]
    assert review("附子", "法半夏")["result"] == "sign"


FORMULAS_WITH_A_PAIR = """
    附子粳米汤 | 炮附子 半夏 甘草 大枣 粳米
    甘遂半夏汤 | 甘遂 半夏 白芍 炙甘草
    海藻玉壶汤 | 海藻 浙贝母 陈皮 昆布 青皮 川芎 当归 半夏 连翘 甘草 独活
    赤丸       | 川乌 半夏 细辛 茯苓
"""


@pytest.mark.parametrize("line", FORMULAS_WITH_A_PAIR.strip().splitlines())
def test_a_classical_formula_that_holds_a_pair_asks_for_a_signature(line: str) -> None:
    name, herbs = (part.strip() for part in line.split("|"))
    found = review(*herbs.split())
    (finding,) = incompatible(found)
    assert finding["severity"] == "sign"
    assert name in finding["message"]


def test_the_pair_alone_is_not_the_formula() -> None:
    assert incompatible(review("附子", "半夏", "甘草"))[0]["severity"] == "block"


FORMULAS = """
    麻黄汤     | 麻黄 桂枝 杏仁 炙甘草
    桂枝汤     | 桂枝 白芍 炙甘草 生姜 大枣
    小青龙汤   | 麻黄 白芍 细辛 干姜 炙甘草 桂枝 五味子 半夏
    九味羌活汤 | 羌活 防风 苍术 细辛 川芎 白芷 生地 黄芩 甘草
    银翘散     | 连翘 银花 苦桔梗 薄荷 竹叶 生甘草 荆芥穗 淡豆豉 牛蒡子 芦根
    桑菊饮     | 桑叶 菊花 杏仁 连翘 薄荷 桔梗 生甘草 芦根
    麻杏石甘汤 | 麻黄 杏仁 炙甘草 生石膏
    败毒散     | 柴胡 前胡 川芎 枳壳 羌活 独活 茯苓 桔梗 人参 甘草 生姜 薄荷
    大承气汤   | 大黄 厚朴 枳实 芒硝
    麻子仁丸   | 麻子仁 白芍 枳实 大黄 厚朴 杏仁
    小柴胡汤   | 柴胡 黄芩 人参 炙甘草 半夏 生姜 大枣
    逍遥散     | 柴胡 当归 白芍 白术 茯苓 炙甘草 薄荷 煨姜
    半夏泻心汤 | 半夏 黄芩 干姜 人参 炙甘草 黄连 大枣
    白虎汤     | 石膏 知母 炙甘草 粳米
    清营汤     | 水牛角 生地 元参 竹叶 麦冬 丹参 黄连 银花 连翘
    黄连解毒汤 | 黄连 黄芩 黄柏 栀子
    龙胆泻肝汤 | 龙胆草 黄芩 栀子 泽泻 木通 车前子 当归 生地 柴胡 甘草
    白头翁汤   | 白头翁 黄柏 黄连 秦皮
    六一散     | 滑石 甘草
    理中丸     | 人参 干姜 炙甘草 白术
    四逆汤     | 附子 干姜 炙甘草
    真武汤     | 茯苓 白芍 白术 生姜 炮附子
    当归四逆汤 | 当归 桂枝 白芍 细辛 炙甘草 通草 大枣
    四君子汤   | 人参 白术 茯苓 炙甘草
    参苓白术散 | 莲子肉 薏苡仁 砂仁 桔梗 白扁豆 茯苓 人参 甘草 白术 山药
    补中益气汤 | 黄芪 炙甘草 人参 当归 陈皮 升麻 柴胡 白术
    玉屏风散   | 防风 黄芪 白术
    四物汤     | 当归 川芎 白芍 熟地
    归脾汤     | 白术 当归 茯神 黄芪 远志 龙眼肉 酸枣仁 人参 木香 炙甘草
    六味地黄丸 | 熟地 山萸肉 山药 泽泻 丹皮 茯苓
    肾气丸     | 干地黄 山药 山茱萸 泽泻 茯苓 丹皮 桂枝 附子
    酸枣仁汤   | 酸枣仁 甘草 知母 茯苓 川芎
    天王补心丹 | 生地 人参 丹参 元参 茯苓 五味子 远志 桔梗 当归 天冬 麦冬 柏子仁 酸枣仁
    血府逐瘀汤 | 桃仁 红花 当归 生地 川芎 赤芍 牛膝 桔梗 柴胡 枳壳 甘草
    补阳还五汤 | 黄芪 当归尾 赤芍 地龙 川芎 红花 桃仁
    天麻钩藤饮 | 天麻 钩藤 石决明 栀子 黄芩 川牛膝 杜仲 益母草 桑寄生 夜交藤 茯神
    杏苏散     | 苏叶 半夏 茯苓 前胡 桔梗 枳壳 甘草 生姜 大枣 杏仁 陈皮
    百合固金汤 | 熟地 生地 当归 白芍 甘草 桔梗 元参 川贝母 麦冬 百合
    二陈汤     | 半夏 橘红 茯苓 炙甘草 生姜 乌梅
    独活寄生汤 | 独活 桑寄生 杜仲 牛膝 细辛 秦艽 茯苓 肉桂 防风 川芎 人参 甘草 当归 白芍 干地黄
"""


@pytest.mark.parametrize("line", FORMULAS.strip().splitlines())
def test_classical_formulas_without_a_pair_are_silent(line: str) -> None:
    _, herbs = line.split("|")
    found = review(*herbs.split())
    assert incompatible(found) == []
    assert found["unknown"] == []


TRAPS = """
    白附片   | 附子
    白附子   | 白附子
    附片     | 附子
    黑顺片   | 附子
    淡附片   | 附子
    广郁金   | 郁金
    元明粉   | 玄明粉
    犀牛角   | 犀角
    水牛角   | 水牛角
    水半夏   | 水半夏
    瓜蒌根   | 天花粉
    黑附片   | 附子
    炮附子   | 附子
    全瓜蒌   | 瓜蒌
    法夏     | 法半夏
    二丑     | 牵牛子
    黑丑     | 牵牛子
    浙贝     | 浙贝母
    牙硝     | 芒硝
    川牛膝   | 川牛膝
    怀牛膝   | 牛膝
    蜜陀僧   | 密陀僧
    胆南星   | 胆南星
    土贝母   | 土贝母
    关白附   | 关白附
"""


@pytest.mark.parametrize("line", TRAPS.strip().splitlines())
def test_names_that_a_public_table_gets_wrong(line: str) -> None:
    written, herb = (part.strip() for part in line.split("|"))
    assert resolve_name(written)["herb"] == herb
