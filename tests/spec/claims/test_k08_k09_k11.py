"""K8 prescriptions, K9 stays, K11 dates."""


def test_slices_that_are_paid_only_in_company_stand_alone(spec):
    spec(
        kind="TCM_SINGLE_ONLY",
        rules="""
            code
            T1
            T2
        """,
        mdtrt="""
            mdtrt_id | fixmedins_code
            m1       | H1
            m2       | H2
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code | fee_ocur_date
            f1         | m1       | T1          | 2025-03-01
            f2         | m1       | T2          | 2025-03-01
            f3         | m1       | X9          | 2025-03-01
            f4         | m1       | T1          | 2025-03-02
            f5         | m1       | T9          | 2025-03-02
            f6         | m2       | T1          | 2025-03-02
        """,
        finds=["f1|f2", "f6"],
    )


STAYS = """
    mdtrt_id | psn_no | fixmedins_code | med_mdtrt_type | begndate   | enddate
    ---------+--------+----------------+----------------+------------+-----------
    s1       | p1     | A              | 2              | 2025-03-01 | 2025-03-09
    s2       | p1     | A              | 2              | 2025-03-24 | 2025-03-28
    s3       | p1     | A              | 2              | 2025-04-13 | 2025-04-20
    s4       | p1     | B              | 2              | 2025-04-21 | 2025-04-22
    s5       | p1     | A              | 2              | 2025-04-20 | 2025-04-25
    s6       | p1     | A              | 2              | 2025-04-24 | 2025-05-25
    s7       | p1     | A              | 1              | 2025-05-26 | 2025-05-26
"""


def test_a_stay_within_fifteen_days_is_found_and_one_after_is_not(spec):
    spec(
        kind="READMIT_15D",
        rules="""
            value | days | status
            住院  | 15   | example
        """,
        mdtrt=STAYS,
        finds=["s2 after s1", "s5 after s3"],
    )


def test_a_fee_outside_its_stay_is_found(spec):
    spec(
        kind="FEE_OUT_OF_STAY",
        rules="""
            value
            住院
        """,
        mdtrt="""
            mdtrt_id | med_mdtrt_type | begndate   | enddate
            m1       | 2              | 2025-03-02 | 2025-03-04
            m2       | 1              | 2025-03-02 | 2025-03-02
            m3       | 2              | 2025-03-02 | -
        """,
        fee="""
            feedetl_sn | mdtrt_id | fee_ocur_date
            f1         | m1       | 2025-03-01
            f2         | m1       | 2025-03-02
            f3         | m1       | 2025-03-04
            f4         | m1       | 2025-03-05
            f5         | m2       | 2025-03-09
            f6         | m3       | 2025-03-09
            f7         | m3       | 2025-03-01
        """,
        finds=["f1", "f4", "f7"],
    )
