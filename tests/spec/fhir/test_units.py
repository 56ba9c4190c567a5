"""UCUM: what converts into what, exactly, and what does not."""

from decimal import Decimal
from fractions import Fraction

import pytest

from taihe.fhir.fhirpath.unit_table import (
    ARBITRARY,
    ARBITRARY_METRIC,
    BASE,
    METRIC,
    PLAIN,
    PREFIXES,
    SPECIAL,
)
from taihe.fhir.fhirpath.units import convert, in_base, multiply, read_unit

CONVERSIONS = """
    value  | unit               | wanted        | gives
    -------+--------------------+---------------+----------------
    1      | [in_i]             | cm            | 2.54
    6      | [ft_i]             | m             | 1.8288
    150    | [lb_av]            | kg            | 68.0388555
    8      | [oz_av]            | g             | 226.796185
    120    | mm[Hg]             | kPa           | 15.99864
    5      | cm[H2O]            | Pa            | 490.3325
    37     | Cel                | [degF]        | 98.6
    98.6   | [degF]             | Cel           | 37
    310.15 | K                  | Cel           | 37
    60     | /min               | /s            | 1
    60     | {beats}/min        | Hz            | 1
    5      | 10*9/L             | 10*3/uL       | 5
    4.5    | 10*12/L            | 10*6/uL       | 4.5
    1      | {rbc}/uL           | 10*6/L        | 1
    5.5    | mmol/L             | mol/m3        | 5.5
    5.5    | mmol/L             | umol/mL       | 5.5
    1      | meq/L              | mmol/L        | 1
    90     | mg/dL              | g/L           | 0.9
    7      | %                  | 1             | 0.07
    90     | mL/min/{1.73_m2}   | mL/s          | 1.5
    1      | ug/kg/min          | ug/(kg.min)   | 1
    1      | k[iU]/L            | m[IU]/mL      | 1000
    40     | U/L                | nkat/L        | 666.6666666666666666666666666666667
    1      | [foz_us]           | mL            | 29.5735295625
    1      | [tsp_us]           | mL            | 4.92892159375
    2      | h                  | min           | 120
    1      | wk                 | d             | 7
    1      | a                  | d             | 365.25
    1      | a                  | mo            | 12
    1      | cm2                | mm2           | 100
    1      | m/s2               | Gal           | 100
    1      | kcal               | kJ            | 4.184
    1      | [Cal]              | cal           | 1000
    25     | kg/m2              | g/cm2         | 2.5
    1      | KiBy               | bit           | 8192
    1      | dag                | g             | 10
    1      | mg/dL              | mmol/L        |
    1      | m                  | kg            |
    1      | [iU]/L             | U/L           |
    1      | [pH]               | 1             |
    1      | mg//L              | g             |
    1      | MG                 | g             |
    1      | degF               | Cel           |
    1      | m(g                | g             |
"""


def rows(table):
    for line in table.strip().splitlines()[2:]:
        yield [cell.strip() for cell in line.split("|")]


@pytest.mark.parametrize(("value", "unit", "wanted", "gives"), list(rows(CONVERSIONS)))
def test_a_value_in_one_unit_is_so_much_in_another(value, unit, wanted, gives):
    found = convert(Decimal(value), unit, wanted)
    assert found == (Decimal(gives) if gives else None)
    if found is not None and "666" not in gives:
        assert convert(found, wanted, unit) == Decimal(value)


def test_every_unit_of_the_table_can_be_read_and_every_metric_one_with_every_prefix():
    for code in (*BASE, *METRIC, *PLAIN, *SPECIAL, *ARBITRARY, *ARBITRARY_METRIC):
        assert read_unit(code) is not None, code
    for code in (*BASE, *METRIC, *ARBITRARY_METRIC):
        plain = read_unit(code)
        for prefix, power in PREFIXES.items():
            if prefix + code in (*BASE, *METRIC, *PLAIN, *SPECIAL, *ARBITRARY):
                continue  # a unit of its own, such as cd or min
            found = read_unit(prefix + code)
            if found is not None and found.powers == plain.powers:
                assert found.factor == plain.factor * Fraction(10) ** power, prefix + code


def test_factors_are_exact():
    assert in_base(Decimal("0.1"), "[in_i]") == (Fraction(254, 100_000), (("m", 1),))
    assert convert(Decimal("1E-30"), "kg", "g") == Decimal("1E-27")
    assert convert(Decimal("1E+999999"), "kg", "g") is None


def test_a_product_brings_equal_units_together():
    assert multiply("cm", "cm") == "cm2"
    assert multiply("m/s", "s") == "m"
    assert multiply("1", "s", divide=True) == "/s"
    assert multiply("cm2", "cm", divide=True) == "cm"
    assert multiply("10*3/uL", "uL") == "10*3"
    assert multiply("mg", "mg", divide=True) == "1"
