"""Under which spellings a Chinese name is found, and under which it is not."""

from __future__ import annotations

import pytest

from taihe.fhir.search.names import pinyin_spellings
from tests.spec.fhir.searches import finds


def person(id: str, **name) -> dict:
    return {"resourceType": "Patient", "id": id, "name": [name]}


PEOPLE = [
    person("zhang", text="张伟", family="张", given=["伟"]),
    person("zhang2", text="张 伟丽"),
    person("trad", text="張偉"),
    person("shan", family="单", given=["雄信"]),
    person("zeng", text="曾国藩"),
    person("lv", text="吕布", family="吕", given=["布"]),
    person("ouyang", text="欧阳修", family="欧阳", given=["修"]),
    person("yuchi", text="尉迟恭"),
    person("uighur", text="买买提·吐尔逊"),
    person("smith", family="Smith", given=["John", "Paul"]),
    person("wide", text="ＬＩ　Ｍｉｎｇ"),
]


def test_name_finds_text_parts_joined_parts_and_pinyin():
    table = """
        type    | query                 | found
        --------+-----------------------+---------------
        Patient | name=张伟             | zhang zhang2
        Patient | name=张               | zhang zhang2
        Patient | name=伟               | zhang
        Patient | name=张 伟            | zhang zhang2
        Patient | name=张伟丽           | zhang2
        Patient | name=伟丽             | -
        Patient | name:contains=伟丽    | zhang2
        Patient | name:exact=张伟       | zhang
        Patient | name=zhangwei         | zhang zhang2 trad
        Patient | name=ZhangWei         | zhang zhang2 trad
        Patient | name=zhang wei        | zhang zhang2 trad
        Patient | name=zhangweili       | zhang2
        Patient | name=zw               | zhang zhang2 trad
        Patient | name=zwl              | zhang2
        Patient | name=wei              | -
        Patient | name=張偉             | trad
        Patient | name=雄信             | shan
        Patient | name=单雄信           | shan
    """
    finds(PEOPLE, table)


def test_a_surname_is_read_as_a_surname_and_also_as_usual():
    table = """
        type    | query                 | found
        --------+-----------------------+--------
        Patient | name=shanxiongxin     | shan
        Patient | name=danxiong         | shan
        Patient | name=sxx              | shan
        Patient | name=chan             | -
        Patient | name=zengguofan       | zeng
        Patient | name=ceng             | zeng
        Patient | name=ouyangxiu        | ouyang
        Patient | name=ou yang xiu      | ouyang
        Patient | name=oyx              | ouyang
        Patient | name=欧阳             | ouyang
        Patient | name=阳修             | -
        Patient | name=yuchigong        | yuchi
        Patient | name=weichi           | -
    """
    finds(PEOPLE, table)


def test_a_name_with_ü_is_found_by_v_u_yu_and_ü():
    table = """
        type    | query         | found
        --------+---------------+------
        Patient | name=lvbu     | lv
        Patient | name=lubu     | lv
        Patient | name=lübu     | lv
        Patient | name=lyubu    | lv
        Patient | name=lb       | lv
        Patient | name=lou      | -
    """
    finds(PEOPLE, table)


def test_a_name_with_a_dot_is_found_with_any_dot_without_and_by_its_parts():
    table = """
        type    | query                    | found
        --------+--------------------------+--------
        Patient | name=买买提·吐尔逊       | uighur
        Patient | name=买买提•吐           | uighur
        Patient | name=买买提・吐尔逊      | uighur
        Patient | name=买买提吐尔逊        | uighur
        Patient | name=吐尔逊              | uighur
        Patient | name=尔逊                | -
        Patient | name=maimaitituerxun     | uighur
        Patient | name=tuerxun             | uighur
        Patient | name=mmttex              | uighur
    """
    finds(PEOPLE, table)


def test_letters_count_without_width_case_and_extra_spaces():
    table = """
        type    | query                    | found
        --------+--------------------------+-------
        Patient | name=li ming             | wide
        Patient | name=LI  MING            | wide
        Patient | name=ｌｉ ｍ             | wide
        Patient | name=liming              | -
        Patient | name=smith john paul     | smith
        Patient | name=paul                | smith
        Patient | name=johnpaul            | -
    """
    finds(PEOPLE, table)


def test_family_and_given_are_as_written_and_phonetic_is_as_name():
    table = """
        type    | query                    | found
        --------+--------------------------+-----------
        Patient | family=张                | zhang
        Patient | family=zhang             | -
        Patient | family=欧阳              | ouyang
        Patient | given=雄                 | shan
        Patient | given=wei                | -
        Patient | phonetic=zhangwei        | zhang zhang2 trad
        Patient | phonetic=shanx           | shan
        Patient | phonetic:exact=lv bu     | lv
    """
    finds(PEOPLE, table)


@pytest.mark.parametrize(
    ("surname", "reading"),
    [("单", "shan"), ("曾", "zeng"), ("解", "xie"), ("区", "ou"), ("仇", "qiu"), ("查", "zha"),
     ("尉迟", "yuchi"), ("翟", "zhai"), ("朴", "piao"), ("盖", "ge"), ("任", "ren"), ("万俟", "moqi"),
     ("長孫", "zhangsun"), ("鲜于", "xianyu"), ("上官", "shangguan"), ("诸葛", "zhuge")],
)  # fmt: skip
def test_surnames_that_are_read_in_their_own_way(surname, reading):
    assert pinyin_spellings(surname + "伟", surname)[0] == reading + "wei"
    assert pinyin_spellings(surname + "伟")[0] == reading + "wei"


def test_the_same_character_within_a_name_has_its_usual_reading():
    assert pinyin_spellings("王单", "王")[0] == "wangdan"
    assert pinyin_spellings("李乐") == ("lile", "li le", "ll")
    assert pinyin_spellings("乐嘉")[0] == "yuejia"


def test_what_is_not_chinese_has_no_pinyin():
    assert pinyin_spellings("Smith") == ()
    assert pinyin_spellings("ＬＩ") == ()
    assert pinyin_spellings("") == ()
