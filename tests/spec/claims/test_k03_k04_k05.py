"""K3 pairs, K4 quantities, K5 days."""

PAIR = """
    code | code2 | value
    a    | b     | {}
"""


def test_an_included_item_on_the_same_day_is_found(spec):
    spec(
        kind="REPEAT_PAIR_DAY",
        rules=PAIR.format("单日"),
        mdtrt="""
            mdtrt_id | fixmedins_code
            m1       | H1
            m2       | H1
            m3       | H2
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code | fee_ocur_date
            f1         | m1       | a           | 2025-03-01
            f2         | m1       | b           | 2025-03-01
            f3         | m2       | b           | 2025-03-01
            f4         | m1       | a           | 2025-03-02
            f5         | m1       | b           | 2025-03-03
            f6         | m3       | b           | 2025-03-02
        """,
        finds=["f2|f3 beside f1"],
    )


def test_an_included_item_in_the_same_visit_is_found_whatever_the_day(spec):
    spec(
        kind="REPEAT_PAIR_VISIT",
        rules=PAIR.format("单次就诊"),
        mdtrt="""
            mdtrt_id
            m1
            m2
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code | fee_ocur_date
            f1         | m1       | a           | 2025-03-01
            f2         | m1       | b           | 2025-03-05
            f3         | m2       | b           | 2025-03-01
        """,
        finds=["f2 beside f1"],
    )


def test_a_refunded_item_does_not_repeat(spec):
    spec(
        kind="REPEAT_PAIR_DAY",
        rules=PAIR.format("单日"),
        fee="""
            feedetl_sn | hilist_code | cnt | det_item_fee_sumamt | init_feedetl_sn
            f1         | a           | 1   | 10                  | -
            f2         | b           | 1   | 5                   | -
            f3         | b           | -1  | -5                  | f2
        """,
        finds=[],
    )


def test_more_than_the_daily_quantity_is_found(spec):
    spec(
        kind="ITEM_DAY_MAX",
        rules="""
            code | value
            c1   | 24
        """,
        mdtrt="""
            mdtrt_id | fixmedins_code
            m1       | H1
            m2       | H2
        """,
        fee="""
            feedetl_sn | mdtrt_id | fee_ocur_date | cnt
            f1         | m1       | 2025-03-01    | 20
            f2         | m1       | 2025-03-01    | 4.5
            f3         | m1       | 2025-03-02    | 24.0
            f4         | m1       | 2025-03-03    | 20
            f5         | m2       | 2025-03-03    | 20
        """,
        finds=["f1|f2"],
    )


def test_a_refund_brings_the_sum_down_to_the_limit(spec):
    spec(
        kind="ITEM_DAY_MAX",
        rules="""
            code | value
            c1   | 1
        """,
        fee="""
            feedetl_sn | cnt | det_item_fee_sumamt | init_feedetl_sn
            f1         | 2   | 4                   | -
            f2         | -1  | -2                  | f1
        """,
        finds=[],
    )


def test_a_second_charge_within_the_period_is_found_and_one_after_is_not(spec):
    spec(
        kind="ITEM_PERIOD_MAX",
        rules="""
            code | value | days
            c1   | 1     | 7
        """,
        mdtrt="""
            mdtrt_id | fixmedins_code
            m1       | H1
            m2       | H2
        """,
        fee="""
            feedetl_sn | mdtrt_id | fee_ocur_date
            f1         | m1       | 2025-03-01
            f2         | m2       | 2025-03-07
            f3         | m1       | 2025-03-14
        """,
        finds=["f2 beside f1"],
    )


def test_days_beyond_the_course_are_found(spec):
    spec(
        kind="DRUG_COURSE_DAYS",
        rules="""
            code | name | value
            c1   | 某药 | 3天
            c2   | 某药 | 3天
        """,
        mdtrt="""
            mdtrt_id
            m1
            m2
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code | fee_ocur_date
            f1         | m1       | c1          | 2025-03-01
            f2         | m1       | c1          | 2025-03-01
            f3         | m1       | c2          | 2025-03-02
            f4         | m1       | c1          | 2025-03-05
            f5         | m1       | c2          | 2025-03-06
            f6         | m2       | c1          | 2025-03-01
            f7         | m2       | c1          | 2025-03-02
            f8         | m2       | c1          | 2025-03-03
        """,
        finds=["f5 beside f1|f2|f3|f4"],
    )
