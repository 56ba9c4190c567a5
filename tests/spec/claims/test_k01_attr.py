"""K1: a code that asks for an attribute of the person, the insurance, the visit, the place."""


def test_a_drug_for_women_given_to_a_man_is_found(spec):
    spec(
        kind="DRUG_SEX",
        rules="""
            code | value
            c1   | 女
        """,
        person="""
            psn_no | gend
            p1     | 1
            p2     | 2
            p3     | 9
        """,
        mdtrt="""
            mdtrt_id | psn_no
            m1       | p1
            m2       | p2
            m3       | p3
        """,
        fee="""
            feedetl_sn | mdtrt_id | psn_no | hilist_code
            f1         | m1       | p1     | c1
            f2         | m2       | p2     | c1
            f3         | m3       | p3     | c1
            f4         | m1       | p1     | c2
        """,
        finds=["f1"],
    )


def test_an_item_for_men_spares_people_of_unclear_sex(spec):
    spec(
        kind="ITEM_SEX",
        rules="""
            code | value
            c1   | 男
        """,
        person="""
            psn_no | gend
            p1     | 2
            p2     | 0
        """,
        mdtrt="""
            mdtrt_id | psn_no
            m1       | p1
            m2       | p2
        """,
        fee="""
            feedetl_sn | mdtrt_id | psn_no
            f1         | m1       | p1
            f2         | m2       | p2
        """,
        finds=["f1"],
    )


def test_a_childs_drug_is_found_from_the_eighteenth_birthday(spec):
    spec(
        kind="DRUG_CHILD",
        rules="""
            code | value
            c1   | 儿童
        """,
        person="""
            psn_no | brdy
            p1     | 2007-03-02
            p2     | 2004-02-29
        """,
        mdtrt="""
            mdtrt_id | psn_no
            m1       | p1
            m2       | p2
        """,
        fee="""
            feedetl_sn | mdtrt_id | psn_no | fee_ocur_date
            f1         | m1       | p1     | 2025-03-01
            f2         | m1       | p1     | 2025-03-02
            f3         | m2       | p2     | 2022-02-28
            f4         | m2       | p2     | 2022-03-01
        """,
        finds=["f2", "f4"],
    )


def test_a_work_injury_drug_is_paid_by_that_fund_alone(spec):
    spec(
        kind="DRUG_INSURANCE",
        rules="""
            code | value
            c1   | 工伤
            c2   | 生育
        """,
        mdtrt="""
            mdtrt_id | insutype
            m1       | 390
            m2       | 410
            m3       | 510
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code
            f1         | m1       | c1
            f2         | m2       | c1
            f3         | m2       | c2
            f4         | m3       | c2
        """,
        finds=["f1", "f3"],
    )


def test_an_inpatient_drug_in_an_outpatient_visit_is_found(spec):
    spec(
        kind="DRUG_INPATIENT_ONLY",
        rules="""
            code | value
            c1   | 住院
        """,
        mdtrt="""
            mdtrt_id | med_mdtrt_type
            m1       | 1
            m2       | 2
        """,
        fee="""
            feedetl_sn | mdtrt_id
            f1         | m1
            f2         | m2
        """,
        finds=["f1"],
    )


def test_a_drug_of_secondary_hospitals_at_a_lower_level_is_found(spec):
    spec(
        kind="DRUG_FACILITY_LEVEL",
        rules="""
            code | value
            c2   | 二级
            c3   | 三级
        """,
        mdtrt="""
            mdtrt_id | hosp_level
            m1       | 1
            m2       | 2
            m3       | 3
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code
            f1         | m1       | c2
            f2         | m2       | c2
            f3         | m2       | c3
            f4         | m3       | c3
        """,
        finds=["f1", "f3"],
    )


def test_a_narcotic_in_an_internet_visit_is_found(spec):
    spec(
        kind="INTERNET_DRUG",
        rules="""
            code
            c1
        """,
        mdtrt="""
            mdtrt_id | internet_flag
            m1       | 1
            m2       | 0
        """,
        fee="""
            feedetl_sn | mdtrt_id | hilist_code
            f1         | m1       | c1
            f2         | m2       | c1
            f3         | m1       | c2
        """,
        finds=["f1"],
    )


def test_a_slice_that_is_never_paid_is_found(spec):
    spec(
        kind="TCM_NEVER_PAID",
        rules="""
            code
            T01
        """,
        fee="""
            feedetl_sn | hilist_code
            f1         | T01
            f2         | T02
        """,
        finds=["f1"],
    )


def test_a_rule_holds_on_its_days_only(spec):
    spec(
        kind="DRUG_SEX",
        rules="""
            code | value | valid_from | valid_to
            c1   | 女    | 2025-03-01 | 2025-03-02
        """,
        fee="""
            feedetl_sn | fee_ocur_date
            f1         | 2025-02-28
            f2         | 2025-03-01
            f3         | 2025-03-02
            f4         | 2025-03-03
        """,
        finds=["f2", "f3"],
    )
