"""
The FHIRPath language as tables: an expression and what it gives, section by section.

Sections are those of FHIRPath 3.0 (https://hl7.org/fhirpath/STU3) and of the R4 page
(https://hl7.org/fhir/R4/fhirpath.html). What follows ⇒ is a JSON list of values, or the kind
of error.
"""

from __future__ import annotations

import json
from decimal import Decimal

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "gender": "male",
    "birthDate": "1980-05-02",
    "_birthDate": {
        "extension": [{"url": "http://x/time", "valueDateTime": "1980-05-02T08:00:00+08:00"}]
    },
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "name": [
        {"use": "official", "text": "张伟", "family": "张", "given": ["伟", "大伟"]},
        {
            "use": "nickname",
            "given": ["小伟", None],
            "_given": [
                None,
                {"id": "g2", "extension": [{"url": "http://x/absent", "valueBoolean": True}]},
            ],
        },
    ],
    "telecom": [
        {"system": "phone", "value": "100", "rank": 2},
        {"system": "email", "value": "a@x", "rank": 1},
        {"system": "phone", "value": "200"},
    ],
    "maritalStatus": {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}
        ]
    },
    "contact": [{"name": {"family": "王"}, "relationship": [{"text": "妻"}]}],
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "县医院"}],
    "managingOrganization": {"reference": "#o1"},
    "modifierExtension": [{"url": "http://x/known", "valueBoolean": True}],
    "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"},
}

OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}], "text": "temp"},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2024-03-01T10:30:00+08:00",
    "valueQuantity": {
        "value": Decimal("37.50"),
        "unit": "度",
        "system": "http://unitsofmeasure.org",
        "code": "Cel",
    },
    "component": [
        {
            "code": {"text": "rest"},
            "valueQuantity": {
                "value": 2,
                "unit": "年",
                "system": "http://unitsofmeasure.org",
                "code": "a",
            },
        },
        {
            "code": {"text": "less"},
            "valueQuantity": {"value": 5, "comparator": "<", "unit": "mg"},
        },
    ],
    "referenceRange": [{"low": {"value": 36, "unit": "Cel"}}],
}

LITERALS = r"""
    true                                  ⇒ [true]
    false                                 ⇒ [false]
    {}                                    ⇒ []
    'it\'s'                               ⇒ ["it's"]
    'a\"b\`c\\d\/e'                       ⇒ ["a\"b`c\\d/e"]
    'a\r\n\t\fb'                          ⇒ ["a\r\n\t\fb"]
    '\u4f1f'                              ⇒ ["伟"]
    '\uD83D\uDD25'.length()               ⇒ [1]
    '\uD83D'                              ⇒ syntax
    '\p\3'                                ⇒ ["p3"]
    '\u005'                               ⇒ ["u005"]
    'a /* no comment */ b'                ⇒ ["a /* no comment */ b"]
    'no end                               ⇒ syntax
    45                                    ⇒ [45]
    007                                   ⇒ [7]
    -5                                    ⇒ [-5]
    2147483647.type().name                ⇒ ["Integer"]
    2147483648.type().name                ⇒ ["Long"]
    45L                                   ⇒ [45]
    45L.type().name                       ⇒ ["Long"]
    9223372036854775807L                  ⇒ [9223372036854775807]
    9223372036854775808L                  ⇒ syntax
    1.50                                  ⇒ [1.50]
    1.                                    ⇒ syntax
    .5                                    ⇒ syntax
    1e3                                   ⇒ syntax
    @2014                                 ⇒ ["2014"]
    @2014-01                              ⇒ ["2014-01"]
    @2014-01-25                           ⇒ ["2014-01-25"]
    @2014-13                              ⇒ syntax
    @2023-02-29                           ⇒ syntax
    @2024-02-29                           ⇒ ["2024-02-29"]
    @2014T.type().name                    ⇒ ["DateTime"]
    @2014-01-25.type().name               ⇒ ["Date"]
    @2014-01-25T14:30:14.559Z             ⇒ ["2014-01-25T14:30:14.559Z"]
    @2014-01-25T14:30+08:00               ⇒ ["2014-01-25T14:30+08:00"]
    @2014-01-25T14:30+18:00               ⇒ syntax
    @T14:30:14.559                        ⇒ ["14:30:14.559"]
    @T14                                  ⇒ ["14"]
    @T25:00                               ⇒ syntax
    10 'mg'                               ⇒ ["10 'mg'"]
    4.5 'mg'                              ⇒ ["4.5 'mg'"]
    4 days                                ⇒ ["4 days"]
    1 week                                ⇒ ["1 week"]
    4 days.type().name                    ⇒ ["Quantity"]
    2 + 2 // the rest is a comment        ⇒ [4]
    2 /* a comment */ + 2                 ⇒ [4]
    2 /* no end                           ⇒ syntax
"""

PATHS = r"""
    name.given                            ⇒ ["伟", "大伟", "小伟"]
    Patient.name.family                   ⇒ ["张"]
    DomainResource.name.family            ⇒ ["张"]
    Resource.id                           ⇒ ["p1"]
    Observation.status                    ⇒ []
    name.given.count()                    ⇒ [4]
    name.given[3].id                      ⇒ ["g2"]
    `name`.`given`[0]                     ⇒ ["伟"]
    Patient.`name`.`use`                  ⇒ ["official", "nickname"]
    text.`div`.exists()                   ⇒ [true]
    nosuch                                ⇒ []
    name.nosuch.given                     ⇒ []
    deceased                              ⇒ [false]
    multipleBirth                         ⇒ [2]
    Patient.multipleBirthInteger          ⇒ semantic
    birthDate.extension.value             ⇒ ["1980-05-02T08:00:00+08:00"]
    $this.id                              ⇒ ["p1"]
    name.given.where($index = 1)          ⇒ ["大伟"]
    $index                                ⇒ [0]
    $total                                ⇒ []
    $nothing                              ⇒ syntax
"""

EXISTENCE = r"""
    {}.empty()                            ⇒ [true]
    name.empty()                          ⇒ [false]
    name.exists()                         ⇒ [true]
    link.exists()                         ⇒ [false]
    telecom.exists(system = 'email')      ⇒ [true]
    telecom.exists(system = 'fax')        ⇒ [false]
    telecom.all(value.exists())           ⇒ [true]
    telecom.all(system = 'phone')         ⇒ [false]
    link.all(false)                       ⇒ [true]
    (true | true).allTrue()               ⇒ [true]
    (true | false).allTrue()              ⇒ [false]
    {}.allTrue()                          ⇒ [true]
    (false | true).anyTrue()              ⇒ [true]
    {}.anyTrue()                          ⇒ [false]
    false.combine(false).allFalse()       ⇒ [true]
    (true | false).allFalse()             ⇒ [false]
    (true | false).anyFalse()             ⇒ [true]
    true.anyFalse()                       ⇒ [false]
    (1 | 2).allTrue()                     ⇒ execution
    (1 | 2).subsetOf(1 | 2 | 3)           ⇒ [true]
    (1 | 4).subsetOf(1 | 2 | 3)           ⇒ [false]
    {}.subsetOf({})                       ⇒ [true]
    1.subsetOf({})                        ⇒ [false]
    @2012.subsetOf(@2012-01)              ⇒ [false]
    (1 | 2 | 3).supersetOf(2)             ⇒ [true]
    1.supersetOf(1 | 2)                   ⇒ [false]
    {}.supersetOf({})                     ⇒ [true]
    telecom.count()                       ⇒ [3]
    {}.count()                            ⇒ [0]
    telecom.system.distinct()             ⇒ ["phone", "email"]
    1.combine(1.0).distinct().count()     ⇒ [1]
    (@2012 | @2012-01).distinct().count() ⇒ [2]
    (1 'm' | 100 'cm').count()            ⇒ [1]
    (1 'm' | 100 'g').count()             ⇒ [2]
    (1 | true).count()                    ⇒ [2]
    telecom.system.isDistinct()           ⇒ [false]
    telecom.value.isDistinct()            ⇒ [true]
    {}.isDistinct()                       ⇒ [true]
"""

FILTERING = r"""
    telecom.where(system = 'phone').value ⇒ ["100", "200"]
    telecom.where(rank > 1).value         ⇒ ["100"]
    telecom.where({}).value               ⇒ []
    telecom.where(system).count()         ⇒ [3]
    telecom.where(true | false)           ⇒ execution
    name.select(given.first())            ⇒ ["伟", "小伟"]
    telecom.select(rank)                  ⇒ [2, 1]
    {}.select(1)                          ⇒ []
    (3 | 1 | 2).sort()                    ⇒ [1, 2, 3]
    (3 | 1 | 2).sort($this desc)          ⇒ [3, 2, 1]
    ('c' | 'a' | 'b').sort($this asc)     ⇒ ["a", "b", "c"]
    (3 | 1 | 2).sort(-$this)              ⇒ [3, 2, 1]
    (2.5 | 1 | 10).sort()                 ⇒ [1, 2.5, 10]
    telecom.sort(rank).value              ⇒ ["200", "a@x", "100"]
    telecom.sort(rank desc).value         ⇒ ["100", "a@x", "200"]
    telecom.sort(system, value desc).value ⇒ ["a@x", "200", "100"]
    (@2020 | @2019).sort()                ⇒ ["2019", "2020"]
    (1 | 'a').sort()                      ⇒ execution
    telecom.sort(system | value)          ⇒ execution
    {}.sort()                             ⇒ []
    Patient.repeat(contact).count()       ⇒ [1]
    1.repeat(iif($this < 4, $this + 1, {})) ⇒ [2, 3, 4]
    'abc'.repeat('x')                     ⇒ ["x"]
    name.repeatAll(given).count()         ⇒ [4]
    'abc'.repeatAll('x')                  ⇒ execution
    name.given.ofType(string).count()     ⇒ [4]
    gender.ofType(code)                   ⇒ ["male"]
    gender.ofType(FHIR.code)              ⇒ ["male"]
    gender.ofType(id)                     ⇒ []
    (1 | 'a' | 2.0).ofType(Integer)       ⇒ [1]
    (1 | 'a').ofType(System.String)       ⇒ ["a"]
    contained.ofType(Organization).name   ⇒ ["县医院"]
    name.ofType(nosuch)                   ⇒ execution
    coalesce({}, link, 'b', 'c')          ⇒ ["b"]
    coalesce({}, {})                      ⇒ []
    coalesce('a', 1 / 'x')                ⇒ ["a"]
    Coding { system: 'http://x', code: 'c' }.code ⇒ ["c"]
    FHIR.Period { start: @2001-05-06 }.start ⇒ ["2001-05-06"]
    Period {:}                            ⇒ [{}]
    Coding { code: {}, display: 'd' }     ⇒ [{"display": "d"}]
    code { value: 'final' } is code       ⇒ [true]
    name.select(HumanName { given: given.take(2) }).given ⇒ ["伟", "大伟", "小伟"]
    Coding { cod: 'x' }                   ⇒ semantic
    Nosuch { code: 'x' }                  ⇒ semantic
    Coding { code: 'a' | 'b' }            ⇒ execution
"""

SUBSETTING = r"""
    name[0].use                           ⇒ ["official"]
    name[9]                               ⇒ []
    name[-1]                              ⇒ []
    name['a']                             ⇒ execution
    name.single()                         ⇒ execution
    contact.single().name.family          ⇒ ["王"]
    {}.single()                           ⇒ []
    name.given.first()                    ⇒ ["伟"]
    telecom.last().value                  ⇒ ["200"]
    {}.first()                            ⇒ []
    (0 | 1 | 2).tail()                    ⇒ [1, 2]
    0.tail()                              ⇒ []
    (0 | 1 | 2).skip(1)                   ⇒ [1, 2]
    (0 | 1 | 2).skip(-1)                  ⇒ [0, 1, 2]
    (0 | 1 | 2).skip(5)                   ⇒ []
    (0 | 1 | 2).skip('a')                 ⇒ execution
    (0 | 1 | 2).take(2)                   ⇒ [0, 1]
    (0 | 1 | 2).take(0)                   ⇒ []
    (0 | 1 | 2).take(5)                   ⇒ [0, 1, 2]
    (1 | 2 | 3).intersect(2 | 4)          ⇒ [2]
    1.combine(1).intersect(1)             ⇒ [1]
    (1 | 2).intersect({})                 ⇒ []
    (1 | 2 | 3).exclude(2)                ⇒ [1, 3]
    1.combine(1).exclude(2)               ⇒ [1, 1]
    (1 | 2).exclude({})                   ⇒ [1, 2]
"""

COMBINING = r"""
    1.combine(1 | 2).union(2 | 3)         ⇒ [1, 2, 3]
    (1 | 2).union({})                     ⇒ [1, 2]
    name.select(use | given).count()      ⇒ [6]
    1.combine(1)                          ⇒ [1, 1]
    (1 | 2).combine(2, true)              ⇒ [1, 2, 2]
    (1 | 2).combine({})                   ⇒ [1, 2]
"""

CONVERSION = r"""
    iif(true, 'a', 'b')                   ⇒ ["a"]
    iif(false, 'a', 'b')                  ⇒ ["b"]
    iif({}, 'a', 'b')                     ⇒ ["b"]
    iif(false, 'a')                       ⇒ []
    iif(true, 'a', 1 / 'x')               ⇒ ["a"]
    iif('text', 'a', 'b')                 ⇒ ["a"]
    iif(0, 'a', 'b')                      ⇒ ["a"]
    {}.iif(true, 'a', 'b')                ⇒ ["a"]
    birthDate.iif(exists(), toString(), '?') ⇒ ["1980-05-02"]
    (1 | 2).iif(true, 'a')                ⇒ execution
    'True'.toBoolean()                    ⇒ [true]
    't'.toBoolean()                       ⇒ [true]
    'yes'.toBoolean()                     ⇒ [true]
    '1.0'.toBoolean()                     ⇒ [true]
    'n'.toBoolean()                       ⇒ [false]
    0.toBoolean()                         ⇒ [false]
    1.0.toBoolean()                       ⇒ [true]
    2.toBoolean()                         ⇒ []
    'hello'.toBoolean()                   ⇒ []
    'hello'.convertsToBoolean()           ⇒ [false]
    {}.convertsToBoolean()                ⇒ []
    (true | false).toBoolean()            ⇒ execution
    '+12'.toInteger()                     ⇒ [12]
    '1.0'.toInteger()                     ⇒ []
    true.toInteger()                      ⇒ [1]
    1.0.toInteger()                       ⇒ []
    '2147483648'.toInteger()              ⇒ []
    '1'.convertsToInteger()               ⇒ [true]
    '1.0'.convertsToInteger()             ⇒ [false]
    '2147483648'.toLong()                 ⇒ [2147483648]
    '9223372036854775808'.toLong()        ⇒ []
    42.toLong().type().name               ⇒ ["Long"]
    'abc'.convertsToLong()                ⇒ [false]
    '2015-02'.toDate()                    ⇒ ["2015-02"]
    '2015-02-30'.toDate()                 ⇒ []
    @2024-01-15T23:30:00-05:00.toDate()   ⇒ ["2024-01-15"]
    '15-01-2024'.toDate('dd-MM-yyyy')     ⇒ ["2024-01-15"]
    '150124'.toDate('ddMMyy')             ⇒ ["2024-01-15"]
    '12-27'.toDate('MM-yy')               ⇒ ["2027-12"]
    '3/1/1999'.toDate('d/M/yyyy')         ⇒ ["1999-01-03"]
    '5 Jun 2020'.toDate('d MMM yyyy')     ⇒ ["2020-06-05"]
    '2024-01-15'.toDate('dd-MM-yyyy')     ⇒ []
    'x'.convertsToDate()                  ⇒ [false]
    '2015-02-04'.convertsToDate()         ⇒ [true]
    '2015-02-04T14:34:28Z'.toDateTime()   ⇒ ["2015-02-04T14:34:28Z"]
    '2012-01-01T10:00'.toDateTime()       ⇒ ["2012-01-01T10:00"]
    @2012-01-01.toDateTime().type().name  ⇒ ["DateTime"]
    '01.02.2024 15:04'.toDateTime('dd.MM.yyyy HH:mm') ⇒ ["2024-02-01T15:04"]
    '01.02.2024 03:04 PM'.toDateTime('dd.MM.yyyy hh:mm a') ⇒ ["2024-02-01T15:04"]
    '20240201150405+0800'.toDateTime('yyyyMMddHHmmssZ') ⇒ ["2024-02-01T15:04:05+08:00"]
    'x'.convertsToDateTime()              ⇒ [false]
    '1.10'.toDecimal()                    ⇒ [1.10]
    1.toDecimal().type().name             ⇒ ["Decimal"]
    true.toDecimal()                      ⇒ [1.0]
    '1.'.toDecimal()                      ⇒ []
    '1e3'.convertsToDecimal()             ⇒ [false]
    '4 days'.toQuantity()                 ⇒ ["4 days"]
    '10 \'mm[Hg]\''.toQuantity()          ⇒ ["10 'mm[Hg]'"]
    '1.5'.toQuantity()                    ⇒ ["1.5 '1'"]
    true.toQuantity()                     ⇒ ["1.0 '1'"]
    '4 nonsense'.toQuantity()             ⇒ []
    52 'cm'.toQuantity('m')               ⇒ ["0.52 'm'"]
    45.toQuantity('m')                    ⇒ ["45 'm'"]
    24 'm'.toQuantity('kg')               ⇒ []
    1 'a'.toQuantity('d')                 ⇒ ["365.25 'd'"]
    7 days.toQuantity('wk')               ⇒ ["1 'wk'"]
    182.5 days.toQuantity('a')            ⇒ ["0.5 'a'"]
    1 year.toQuantity('months')           ⇒ ["12 months"]
    10 'mg'.convertsToQuantity('g')       ⇒ [true]
    10 'mg'.convertsToQuantity('m')       ⇒ [false]
    'a'.convertsToQuantity()              ⇒ [false]
    42.toString()                         ⇒ ["42"]
    3.140.toString()                      ⇒ ["3.140"]
    true.toString()                       ⇒ ["true"]
    (53 'km').toString()                  ⇒ ["53 'km'"]
    (4 days).toString()                   ⇒ ["4 days"]
    @T11:45.toString()                    ⇒ ["11:45"]
    @2020-01-01T10:00:00.000+10:00.toString() ⇒ ["2020-01-01T10:00:00.000+10:00"]
    name.first().toString()               ⇒ []
    name.first().convertsToString()       ⇒ [false]
    birthDate.convertsToString()          ⇒ [true]
    '14:34:28'.toTime()                   ⇒ ["14:34:28"]
    '10:00'.toTime()                      ⇒ ["10:00"]
    '25:00'.convertsToTime()              ⇒ [false]
    5 + 10.0                              ⇒ [15.0]
    5 = 5.0                               ⇒ [true]
    5 = 5 '1'                             ⇒ [true]
    @2012-01-01 = @2012-01-01T            ⇒ [true]
"""

STRINGS = r"""
    'abcdefg'.indexOf('bc')               ⇒ [1]
    'abcdefg'.indexOf('x')                ⇒ [-1]
    'a'.indexOf('')                       ⇒ [0]
    'a\uD83D\uDD25b'.indexOf('b')         ⇒ [2]
    {}.indexOf('a')                       ⇒ []
    'a'.indexOf({})                       ⇒ []
    name.given.indexOf('a')               ⇒ execution
    1.indexOf('a')                        ⇒ execution
    'abc abc'.lastIndexOf('a')            ⇒ [4]
    '0123'.lastIndexOf('')                ⇒ [4]
    'abc'.lastIndexOf('x')                ⇒ [-1]
    'abcdefg'.substring(3)                ⇒ ["defg"]
    'abcdefg'.substring(1, 2)             ⇒ ["bc"]
    'abcdefg'.substring(6, 2)             ⇒ ["g"]
    'abcdefg'.substring(7)                ⇒ []
    'abcdefg'.substring(-1, 1)            ⇒ []
    'abcdefg'.substring(3, 0)             ⇒ [""]
    'abcdefg'.substring(3, -1)            ⇒ [""]
    'abcdefg'.substring(3, {})            ⇒ ["defg"]
    'abcdefg'.substring({})               ⇒ []
    'abc'.startsWith('ab')                ⇒ [true]
    'abc'.startsWith('')                  ⇒ [true]
    'abc'.startsWith('bc')                ⇒ [false]
    'abc'.endsWith('bc')                  ⇒ [true]
    'abc'.endsWith('ab')                  ⇒ [false]
    'abc'.contains('b')                   ⇒ [true]
    'abc'.contains('d')                   ⇒ [false]
    'aBc'.upper()                         ⇒ ["ABC"]
    'AbC'.lower()                         ⇒ ["abc"]
    'abcdefg'.replace('cde', '123')       ⇒ ["ab123fg"]
    'abcdefg'.replace('cde', '')          ⇒ ["abfg"]
    'abc'.replace('', 'x')                ⇒ ["xaxbxcx"]
    'a\uD83D\uDD25'.replace('', '-')      ⇒ ["-a-🔥-"]
    'abc'.replace({}, 'x')                ⇒ []
    'a.c'.replace('.', 'b')               ⇒ ["abc"]
    'N8000123123'.matches('^N[0-9]{8}$')  ⇒ [false]
    'N8000123123'.matches('N[0-9]{8}')    ⇒ [true]
    'a\nb'.matches('a.b')                 ⇒ [true]
    'a\nb'.matches('^b')                  ⇒ [false]
    'a\nb'.matches('^b', 'm')             ⇒ [true]
    'ABC'.matches('b')                    ⇒ [false]
    'ABC'.matches('b', 'i')               ⇒ [true]
    'a\nB'.matches('^b', 'im')            ⇒ [true]
    'abc'.matches('b', 'x')               ⇒ execution
    'abc'.matches('(')                    ⇒ execution
    '张伟'.matches('^\\p{L}+$')           ⇒ [true]
    '张1'.matches('^\\p{L}+$')            ⇒ [false]
    'abab'.matches('(?<x>ab)\\k<x>')      ⇒ [true]
    'abc'.matchesFull('b')                ⇒ [false]
    'abc'.matchesFull('a.c')              ⇒ [true]
    'abc'.matchesFull('A.C', 'i')         ⇒ [true]
    'aaabaa'.replaceMatches('aa', '"aa"') ⇒ ["\"aa\"ab\"aa\""]
    '11/30/1972'.replaceMatches('(?<m>\\d+)/(?<d>\\d+)/(?<y>\\d+)', '${d}-${m}-${y}') ⇒ ["30-11-1972"]
    'ab'.replaceMatches('(a)(b)', '$2$1') ⇒ ["ba"]
    'a'.replaceMatches('a', '$5')         ⇒ execution
    'ABC'.replaceMatches('b', 'x', 'i')   ⇒ ["AxC"]
    'abc'.replaceMatches('b', {})         ⇒ []
    'abc'.length()                        ⇒ [3]
    ''.length()                           ⇒ [0]
    '\u0065\u0301'.length()               ⇒ [2]
    {}.length()                           ⇒ []
    'a🔥'.toChars()                       ⇒ ["a", "🔥"]
    ''.toChars()                          ⇒ []
    'test'.encode('base64')               ⇒ ["dGVzdA=="]
    'test'.encode('hex')                  ⇒ ["74657374"]
    'subjects?_d'.encode('urlbase64')     ⇒ ["c3ViamVjdHM_X2Q="]
    '张a'.encode('ascii')                 ⇒ ["?a"]
    'test'.encode({})                     ⇒ []
    'dGVzdA=='.decode('base64')           ⇒ ["test"]
    '74657374'.decode('hex')              ⇒ ["test"]
    'c3ViamVjdHM_X2Q='.decode('urlbase64') ⇒ ["subjects?_d"]
    'ff'.decode('hex')                    ⇒ []
    'zz'.decode('hex')                    ⇒ []
    'A&B<"\''.escape('html')              ⇒ ["A&amp;B&lt;&quot;&#39;"]
    'a"b\n\\'.escape('json')              ⇒ ["a\\\"b\\n\\\\"]
    '&quot;1&lt;2&quot;'.unescape('html') ⇒ ["\"1<2\""]
    'a\\u0041\\n\\\\n'.unescape('json')   ⇒ ["aA\n\\n"]
    ' \t 12 3\r\n'.trim()                 ⇒ ["12 3"]
    '\u3000a'.trim()                      ⇒ ["　a"]
    'A,,C'.split(',')                     ⇒ ["A", "", "C"]
    'ABC'.split(',')                      ⇒ ["ABC"]
    ('A' | 'B' | 'C').join()              ⇒ ["ABC"]
    ('A' | 'B' | 'C').join(', ')          ⇒ ["A, B, C"]
    (1 | 2).join()                        ⇒ execution
"""

MATH = r"""
    (-5).abs()                            ⇒ [5]
    (-5.5).abs()                          ⇒ [5.5]
    (-5.5 'mg').abs()                     ⇒ ["5.5 'mg'"]
    'a'.abs()                             ⇒ execution
    (-1.1).ceiling()                      ⇒ [-1]
    1.1.ceiling()                         ⇒ [2]
    1.1 'm'.ceiling()                     ⇒ ["2 'm'"]
    (-2.1).floor()                        ⇒ [-3]
    2.9 'kg'.floor()                      ⇒ ["2 'kg'"]
    (-1.56).truncate()                    ⇒ [-1]
    1.00000001.truncate()                 ⇒ [1]
    0.exp()                               ⇒ [1]
    1.ln()                                ⇒ [0]
    0.ln()                                ⇒ []
    16.log(2)                             ⇒ [4]
    1000.log(10)                          ⇒ [3]
    2.log(10).round(20)                   ⇒ [0.30102999566398119521]
    0.log(2)                              ⇒ execution
    16.log({})                            ⇒ []
    2.power(3)                            ⇒ [8]
    2.5.power(2)                          ⇒ [6.25]
    2.power(-1)                           ⇒ [0.5]
    (-1).power(0.5)                       ⇒ []
    0.power(-3)                           ⇒ []
    2.power(40)                           ⇒ [1099511627776]
    1.round()                             ⇒ [1]
    3.14159.round(3)                      ⇒ [3.142]
    2.5.round()                           ⇒ [3]
    (-0.5).round()                        ⇒ [-1]
    1.255 'mg'.round(2)                   ⇒ ["1.26 'mg'"]
    1.5.round(-1)                         ⇒ execution
    81.sqrt()                             ⇒ [9]
    (-1).sqrt()                           ⇒ []
    (1 | 2).sqrt()                        ⇒ execution
"""

TREE = r"""
    contact.children().count()            ⇒ [2]
    contact.descendants().count()         ⇒ [4]
    birthDate.children().url              ⇒ ["http://x/time"]
    gender.children()                     ⇒ []
    1.children()                          ⇒ []
"""

UTILITY = r"""
    name.given.trace('names').first()     ⇒ ["伟"]
    name.trace('uses', use).count()       ⇒ [2]
    name.given[1].pathname()              ⇒ ["Patient.name[0].given[1]"]
    contact.name.family.pathname()        ⇒ ["Patient.contact[0].name[0].family[0]"]
    contact.name.family.pathname(true)    ⇒ ["Patient.contact[0].name.family"]
    deceased.pathname(true)               ⇒ ["Patient.deceased"]
    ('a' + 'b').pathname()                ⇒ []
    Patient.pathname()                    ⇒ ["Patient"]
    now() = now()                         ⇒ [true]
    now().toString().length() > 19        ⇒ [true]
    timeOfDay() = timeOfDay()             ⇒ [true]
    today() = now().toDate()              ⇒ [true]
    defineVariable('n', name.count()).select(%n) ⇒ [2]
    name.defineVariable('me').select(%me.use).first() ⇒ ["official"]
    name.select(defineVariable('g', given.first()).use & %g) ⇒ ["official伟", "nickname小伟"]
    defineVariable('a', 1).defineVariable('a', 2) ⇒ execution
    defineVariable('context', 1)          ⇒ execution
    name.select(defineVariable('x', 1)) | %x ⇒ execution
    1.587.lowBoundary()                   ⇒ [1.58650000]
    1.587.lowBoundary(2)                  ⇒ [1.58]
    1.587.lowBoundary(0)                  ⇒ [1]
    (-1.587).lowBoundary()                ⇒ [-1.58750000]
    (-1.587).lowBoundary(2)               ⇒ [-1.59]
    (-1.587).lowBoundary(0)               ⇒ [-2]
    0.lowBoundary(0).toString()           ⇒ ["0"]
    0.0034.highBoundary(1)                ⇒ [0.0]
    1.587.lowBoundary(100)                ⇒ []
    @2014.lowBoundary(6)                  ⇒ ["2014-01"]
    @2014-01-01T08.lowBoundary(17)        ⇒ ["2014-01-01T08:00:00.000+14:00"]
    @2014-01-01T08:05Z.lowBoundary(17)    ⇒ ["2014-01-01T08:05:00.000Z"]
    @T10:30.lowBoundary(9)                ⇒ ["10:30:00.000"]
    1.5 'mg'.lowBoundary(2)               ⇒ ["1.45 'mg'"]
    1.587.highBoundary()                  ⇒ [1.58750000]
    1.587.highBoundary(6)                 ⇒ [1.587500]
    1.587.highBoundary(2)                 ⇒ [1.59]
    1.587.highBoundary(0)                 ⇒ [2]
    (-1.587).highBoundary()               ⇒ [-1.58650000]
    (-1.587).highBoundary(2)              ⇒ [-1.58]
    (-1.587).highBoundary(0)              ⇒ [-1]
    @2014.highBoundary(6)                 ⇒ ["2014-12"]
    @2024-02.highBoundary(8)              ⇒ ["2024-02-29"]
    @T10:30.highBoundary(9)               ⇒ ["10:30:59.999"]
    'a'.highBoundary()                    ⇒ []
    1.58700.precision()                   ⇒ [5]
    100.precision()                       ⇒ [0]
    @2014.precision()                     ⇒ [4]
    @2014-01-05T10:30:00.000.precision()  ⇒ [17]
    @T10:30.precision()                   ⇒ [4]
    @2014-01-05T10:30:00.000.yearOf()     ⇒ [2014]
    @2012.monthOf()                       ⇒ []
    @2012-03.monthOf()                    ⇒ [3]
    birthDate.dayOf()                     ⇒ [2]
    @2012-01-01T16:30:40.002-07:00.hourOf() ⇒ [16]
    @T16:30.minuteOf()                    ⇒ [30]
    @2012-01-01T12:30:40.002-07:00.secondOf() ⇒ [40]
    @2012-01-01T12:30:00.002-07:00.millisecondOf() ⇒ [2]
    @2012-01-01T12:30:00.millisecondOf()  ⇒ []
    @2012-01-01.hourOf()                  ⇒ []
    'x'.yearOf()                          ⇒ []
    @2012-01-01T12:30:00.000-07:00.timezoneOffsetOf() ⇒ [-7.0]
    @2012-01-01T12:30:00.000+08:45.timezoneOffsetOf() ⇒ [8.75]
    @2012-01-01T12:30:00.timezoneOffsetOf() ⇒ []
    @2012-01-01T12:30:00.000-07:00.dateOf() ⇒ ["2012-01-01"]
    @2012-01T.dateOf()                    ⇒ ["2012-01"]
    @2012-01-01T12:30:00.000-07:00.timeOf() ⇒ ["12:30:00.000"]
    @2012-01-01.timeOf()                  ⇒ []
    @2025-01-02.duration(@2025-01-07, 'week') ⇒ [0]
    @2024-12-01.duration(@2025-09-01, 'year') ⇒ [0]
    @2000-02-29.duration(@2001-02-28, 'year') ⇒ [0]
    @2000-02-29.duration(@2001-03-01, 'year') ⇒ [1]
    @2025-01-31.duration(@2025-02-28, 'month') ⇒ [0]
    @2025-03-01.duration(@2025-01-01, 'days') ⇒ [-59]
    @2025-01-01T10:00Z.duration(@2025-01-01T20:00+08:00, 'hour') ⇒ [2]
    @2025-01.duration(@2025-02-01, 'day') ⇒ []
    @2025-01-01.duration(@2025-01-02, 'hour') ⇒ execution
    @2025-01-02.difference(@2025-01-07, 'week') ⇒ [1]
    @2025-01-01.difference(@2025-09-01, 'year') ⇒ [0]
    @2024-12-01.difference(@2025-09-01, 'year') ⇒ [1]
    @2025-01-31.difference(@2025-02-01, 'month') ⇒ [1]
    @T10:59.difference(@T11:00, 'hour')   ⇒ [1]
    @2025-02-01.difference(@2024-02-01, 'day') ⇒ [-366]
    'a'.difference(@2025-02-01, 'day')    ⇒ execution
    1 'cm'.comparable(1 '[in_i]')         ⇒ [true]
    1 'cm'.comparable(1 's')              ⇒ [false]
    1.comparable(2)                       ⇒ [true]
    1 year.comparable(1 'a')              ⇒ [false]
    'a'.comparable('b')                   ⇒ []
"""

EQUALITY = r"""
    {} = {}                               ⇒ []
    {} != 'a'                             ⇒ []
    'a' = 'A'                             ⇒ [false]
    1.10 = 1.1                            ⇒ [true]
    1 = true                              ⇒ [false]
    1 = '1'                               ⇒ [false]
    (1 | 2) = (1 | 2)                     ⇒ [true]
    (1 | 2) = (2 | 1)                     ⇒ [false]
    (1 | 2) = 1                           ⇒ [false]
    (@2012 | 1) = (@2012-01 | 1)          ⇒ []
    (@2012 | 1) = (@2012-01 | 2)          ⇒ [false]
    name[0] = name[0]                     ⇒ [true]
    name[0] = name[1]                     ⇒ [false]
    @2012 = @2012                         ⇒ [true]
    @2012-01 = @2012                      ⇒ []
    @2013-01 = @2012                      ⇒ [false]
    @2012-01-01T10:30:31.0 = @2012-01-01T10:30:31 ⇒ [true]
    @2012-01-01T10:30:31.1 = @2012-01-01T10:30:31 ⇒ [false]
    @2012-01-01T10:30 = @2012-01-01T10:30:31 ⇒ []
    @2017-11-05T01:30:00.0-04:00 = @2017-11-05T00:30:00.0-05:00 ⇒ [true]
    @2017-11-05T01:30:00Z = @2017-11-05T01:30:00+00:00 ⇒ [true]
    @T10:30 = @T10:30:00                  ⇒ []
    @T10:30 = @2012-01-01T10:30           ⇒ [false]
    1 'cm' = 10.0 'mm'                    ⇒ [true]
    1 'cm' = 1 'm'                        ⇒ [false]
    1 'cm' = 1 's'                        ⇒ []
    1 'nounit' = 1 'cm'                   ⇒ []
    1 'nounit' = 1 'nounit'               ⇒ [true]
    1 hour = 3600 's'                     ⇒ [true]
    1 year = 1 'a'                        ⇒ []
    1 year = 12 months                    ⇒ [true]
    1 year = 365 days                     ⇒ [true]
    1 month = 30 days                     ⇒ [true]
    1 year = 12 'mo'                      ⇒ []
    1 week = 7 'd'                        ⇒ [true]
    1 year.toQuantity('a') = 1 'a'        ⇒ [true]
    {} ~ {}                               ⇒ [true]
    1 ~ {}                                ⇒ [false]
    'A  b' ~ 'a\tB'                       ⇒ [true]
    'ab' ~ 'a b'                          ⇒ [false]
    1.2 / 1.8 ~ 0.67                      ⇒ [true]
    1.2 / 1.8 ~ 0.66                      ⇒ [false]
    4.0 ~ 4.04                            ⇒ [true]
    100 ~ 101                             ⇒ [false]
    (1 | 2 | 3) ~ (3 | 2 | 1)             ⇒ [true]
    (1 | 2) ~ (1 | 3)                     ⇒ [false]
    @2012-01 ~ @2012                      ⇒ [false]
    @2012-01-01T10:30:31.0 ~ @2012-01-01T10:30:31 ⇒ [true]
    2.1 'cm' ~ 21 'mm'                    ⇒ [true]
    21 'mm' ~ 2 'cm'                      ⇒ [true]
    4 'g' ~ 4040 'mg'                     ⇒ [true]
    4 'g' ~ 4640 'mg'                     ⇒ [false]
    1 year ~ 1 'a'                        ⇒ [true]
    1 year ~ 11 months                    ⇒ [true]
    1 'cm' ~ 1 's'                        ⇒ [false]
    1 != 2                                ⇒ [true]
    @2012-01 != @2012                     ⇒ []
    'a' !~ 'A'                            ⇒ [false]
"""

COMPARISON = r"""
    10 > 5.0                              ⇒ [true]
    5L < 5.5                              ⇒ [true]
    'abc' > 'ABC'                         ⇒ [true]
    {} > 1                                ⇒ []
    'a' > 1                               ⇒ execution
    true > false                          ⇒ execution
    (1 | 2) > 1                           ⇒ execution
    4 'm' > 4 'cm'                        ⇒ [true]
    4 'm' > 4 's'                         ⇒ []
    6 months > 1 year                     ⇒ [false]
    1 year > 1 'a'                        ⇒ []
    10 seconds > 1 's'                    ⇒ [true]
    @2018-03-01 > @2018-01-01             ⇒ [true]
    @2018-03 > @2018-03-01                ⇒ []
    @2018-04 > @2018-03-01                ⇒ [true]
    @2018-03-01T10:30:00 > @2018-03-01T10:30:00.0 ⇒ [false]
    @2018-01-01T16:00:00+12:00 < @2018-01-01T15:00:00.0+10:00 ⇒ [true]
    @2018-01-01T16:00:00+11:00 <= @2018-01-01T15:00:00.0+10:00 ⇒ [true]
    @T10 > @T10:30                        ⇒ []
    @T10:30:00 >= @T10:00:00              ⇒ [true]
    @T10:30 > @2018-03-01                 ⇒ execution
    birthDate < today()                   ⇒ [true]
    name < name                           ⇒ execution
"""

TYPES = r"""
    gender is code                        ⇒ [true]
    gender is string                      ⇒ [true]
    gender is FHIR.string                 ⇒ [true]
    gender is System.String               ⇒ [false]
    'a' is System.String                  ⇒ [true]
    'a' is String                         ⇒ [true]
    1 is Integer                          ⇒ [true]
    1 is Decimal                          ⇒ [false]
    1L is Long                            ⇒ [true]
    1 is System.Any                       ⇒ [true]
    {} is Integer                         ⇒ []
    name is HumanName                     ⇒ execution
    Patient is DomainResource             ⇒ [true]
    contact is BackboneElement            ⇒ [true]
    Patient is System.Patient             ⇒ [false]
    1.ofType(FHIR.Integer)                ⇒ []
    1 is Nosuch                           ⇒ execution
    1 is Some.Other                       ⇒ execution
    gender.is(code)                       ⇒ [true]
    deceased as boolean                   ⇒ [false]
    deceased as dateTime                  ⇒ []
    multipleBirth.as(integer)             ⇒ [2]
    name.as(HumanName)                    ⇒ execution
    1.type().namespace & '.' & 1.type().name ⇒ ["System.Integer"]
    gender.type().namespace               ⇒ ["FHIR"]
    maritalStatus.type().baseType         ⇒ ["FHIR.Element"]
    'a'.type().baseType                   ⇒ ["System.Any"]
    {}.type()                             ⇒ []
"""

COLLECTIONS = r"""
    (1 | 1 | 2 | 1.0)                     ⇒ [1, 2]
    '张' in name.family                   ⇒ [true]
    'x' in name.family                    ⇒ [false]
    {} in (1 | 2)                         ⇒ []
    1 in {}                               ⇒ [false]
    (1 | 2) in (1 | 2)                    ⇒ execution
    name.given contains '伟'              ⇒ [true]
    {} contains 1                         ⇒ [false]
    (1 | 2) contains {}                   ⇒ []
    @2012 in (@2012-01 | @2013)           ⇒ [false]
"""

LOGIC = r"""
    true and {}                           ⇒ []
    false and {}                          ⇒ [false]
    {} and {}                             ⇒ []
    active and gender                     ⇒ [true]
    active and telecom                    ⇒ execution
    true or {}                            ⇒ [true]
    false or {}                           ⇒ []
    true xor true                         ⇒ [false]
    true xor false                        ⇒ [true]
    true xor {}                           ⇒ []
    true implies {}                       ⇒ []
    false implies {}                      ⇒ [true]
    {} implies true                       ⇒ [true]
    {} implies false                      ⇒ []
    true implies false                    ⇒ [false]
    true.not()                            ⇒ [false]
    {}.not()                              ⇒ []
    0.not()                               ⇒ [false]
    (true | false).not()                  ⇒ execution
"""

ARITHMETIC = r"""
    2147483647 + 1                        ⇒ []
    2147483647L + 1                       ⇒ [2147483648]
    9223372036854775807L + 1              ⇒ []
    1234567890123456789012345678.9 + 0.01 ⇒ [1234567890123456789012345678.91]
    5L + 4.5                              ⇒ [9.5]
    'a' + 'b'                             ⇒ ["ab"]
    'a' + {}                              ⇒ []
    'a' + 1                               ⇒ execution
    'a' & 1                               ⇒ ["a1"]
    'ABC' & {} & 'DEF'                    ⇒ ["ABCDEF"]
    name.given & 'a'                      ⇒ execution
    1 - 2                                 ⇒ [-1]
    'a' - 'b'                             ⇒ execution
    2 * 2.5                               ⇒ [5.0]
    12 'cm' * 3 'cm'                      ⇒ ["36 'cm2'"]
    3 'cm' * 12 'cm2'                     ⇒ ["36 'cm3'"]
    10 'm/s' * 10 's'                     ⇒ ["100 'm'"]
    3 * 2 'cm'                            ⇒ ["6 'cm'"]
    12 days * 45 'm'                      ⇒ []
    2 * 3 days                            ⇒ ["6 days"]
    4 / 2                                 ⇒ [2]
    2 / 4                                 ⇒ [0.5]
    1 / 3                                 ⇒ [0.33333333]
    1 / 1000000000                        ⇒ [0.000000001]
    12 / 0                                ⇒ []
    12 'cm2' / 3 'cm'                     ⇒ ["4 'cm'"]
    120 'm' / 60 's'                      ⇒ ["2 'm/s'"]
    60 / 1 's'                            ⇒ ["60 '/s'"]
    1 'm' / 1 'cm'                        ⇒ ["100 '1'"]
    5 div 2                               ⇒ [2]
    -5 div 2                              ⇒ [-2]
    5.5 div 0.7                           ⇒ [7]
    5 div 0                               ⇒ []
    5 mod 2                               ⇒ [1]
    -5 mod 2                              ⇒ [-1]
    5.5 mod 0.7                           ⇒ [0.6]
    5 mod 0                               ⇒ []
    3 'm' + 3 'cm'                        ⇒ ["3.03 'm'"]
    3 'cm' - 3 'm'                        ⇒ ["-297 'cm'"]
    1 + 2 'cm'                            ⇒ ["3 'cm'"]
    1 'm' + 1 's'                         ⇒ []
    2 minutes + 60 seconds                ⇒ ["3 minutes"]
    1 minute - 30 's'                     ⇒ ["0.5 minutes"]
    1 year + 12 months                    ⇒ []
    1 week + 14 days                      ⇒ ["3 weeks"]
    37 'Cel' + 1 'K'                      ⇒ []
    -(1 'mg')                             ⇒ ["-1 'mg'"]
    (-0.0).toString()                     ⇒ ["0.0"]
    -'a'                                  ⇒ execution
    -7.combine(3)                         ⇒ execution
    (-7).combine(3)                       ⇒ [-7, 3]
    +5                                    ⇒ [5]
"""

DATES = r"""
    @1973-12-25 + 7 days                  ⇒ ["1974-01-01"]
    @1973-12-25 + 7.9 days                ⇒ ["1974-01-01"]
    @1973-12-25 + 1 week                  ⇒ ["1974-01-01"]
    @1973-12-25 + 1 'wk'                  ⇒ ["1974-01-01"]
    @1973-12-25 + 1 'd'                   ⇒ ["1973-12-26"]
    @2019-03-01 + 24 months               ⇒ ["2021-03-01"]
    @2026-01-31 + 1 month                 ⇒ ["2026-02-28"]
    @2024-02-29 + 1 year                  ⇒ ["2025-02-28"]
    @1973-12-25 + 1 'mo'                  ⇒ execution
    @1973-12-25 + 1 'a'                   ⇒ execution
    @1973-12-25 + 1 hour                  ⇒ execution
    @1973-12-25 + 1 'cm'                  ⇒ execution
    @1973-12-25 + 1                       ⇒ execution
    @9999-12-31 + 1 day                   ⇒ execution
    @0001-01-01 - 1 day                   ⇒ execution
    @2026-01-01T13:00:00 + 30 minutes     ⇒ ["2026-01-01T13:30:00"]
    @1973-12-25T00:00:00.000+10:00 + 42.53 seconds ⇒ ["1973-12-25T00:00:42.530+10:00"]
    @1973-12-25T00:00:00.000+10:00 - 1 's' ⇒ ["1973-12-24T23:59:59.000+10:00"]
    @2026-12-31T23:59:59 + 10 'ms'        ⇒ ["2026-12-31T23:59:59.010"]
    @T23:30:00 + 1 hour                   ⇒ ["00:30:00"]
    @T00:30:00 - 1 hour                   ⇒ ["23:30:00"]
    @T01:00:00 + 48 hours                 ⇒ ["01:00:00"]
    @T10:00 + 1 day                       ⇒ execution
    @2014 + 24 months                     ⇒ ["2016"]
    @2014 + 23 months                     ⇒ ["2015"]
    @2014 - 1 month                       ⇒ ["2014"]
    @2016 + 365 days                      ⇒ ["2017"]
    @2026-02 + 5 weeks                    ⇒ ["2026-03"]
    @2026-02 + 4 weeks                    ⇒ ["2026-02"]
    @2026-02 - 1 day                      ⇒ ["2026-02"]
    @2014 - @2013                         ⇒ execution
    birthDate + 1 month                   ⇒ ["1980-06-02"]
    @2014 + {}                            ⇒ []
"""

PRECEDENCE = r"""
    1 + 2 * 3                             ⇒ [7]
    -2.power(2)                           ⇒ [-4]
    1 | 2 + 1                             ⇒ [1, 3]
    1 + 1 is Integer                      ⇒ [true]
    1 | 2 is Integer                      ⇒ [1, true]
    1 < 2 = true                          ⇒ [true]
    1 = 1 in (true | false)               ⇒ [true]
    true or false and false               ⇒ [true]
    false implies false or true           ⇒ [true]
    true implies true implies false       ⇒ [false]
    10 - 3 - 2                            ⇒ [5]
    name.given[0] + 'x'                   ⇒ ["伟x"]
"""

AGGREGATES = r"""
    (1 | 2 | 3).aggregate($this + $total, 0) ⇒ [6]
    (1 | 2 | 3).aggregate($this)          ⇒ [3]
    {}.aggregate($this + $total, 0)       ⇒ [0]
    (3 | 1 | 2).aggregate(iif($total.empty(), $this, iif($this < $total, $this, $total))) ⇒ [1]
    (5 | 7).aggregate($total + $index, 0) ⇒ [1]
    (1.0 | 2.0 | 3.5).sum()               ⇒ [6.5]
    (1 'mg' | 2 'g').sum()                ⇒ ["2001 'mg'"]
    {}.sum()                              ⇒ []
    (1 | 'a').sum()                       ⇒ execution
    (2 | 8 | 4).min()                     ⇒ [2]
    (@2012-12-31 | @2013-01-01).max()     ⇒ ["2013-01-01"]
    ('b' | 'a').min()                     ⇒ ["a"]
    (1 | 'a').max()                       ⇒ execution
    (5.5 | 4.7 | 4.8).avg()               ⇒ [5.0]
    (1 | 2).avg()                         ⇒ [1.5]
    (5.5 'cm' | 4.5 'cm').avg()           ⇒ ["5.0 'cm'"]
"""

VARIABLES = r"""
    %ucum                                 ⇒ ["http://unitsofmeasure.org"]
    %sct                                  ⇒ ["http://snomed.info/sct"]
    %loinc                                ⇒ ["http://loinc.org"]
    %context.id                           ⇒ ["p1"]
    %resource.id                          ⇒ ["p1"]
    %rootResource.id                      ⇒ ["p1"]
    %`vs-observation-status`              ⇒ ["http://hl7.org/fhir/ValueSet/observation-status"]
    %'vs-observation-status'              ⇒ ["http://hl7.org/fhir/ValueSet/observation-status"]
    %"ext-patient-birthTime"              ⇒ ["http://hl7.org/fhir/StructureDefinition/patient-birthTime"]
    %given                                ⇒ ["a", "b"]
    %none                                 ⇒ []
    %nobody                               ⇒ execution
    name.where(use = %resource.name.use.first()).use ⇒ ["official"]
"""

FHIR = r"""
    birthDate.extension('http://x/time').value ⇒ ["1980-05-02T08:00:00+08:00"]
    birthDate.extension('http://x/other') ⇒ []
    birthDate.hasExtension('http://x/time') ⇒ [true]
    birthDate.hasValue()                  ⇒ [true]
    name.given[3].hasValue()              ⇒ [false]
    name.hasValue()                       ⇒ [false]
    name[0].hasValue()                    ⇒ [false]
    1 'mg'.hasValue()                     ⇒ [false]
    birthDate.getValue()                  ⇒ ["1980-05-02"]
    name[0].getValue()                    ⇒ []
    managingOrganization.resolve().name   ⇒ ["县医院"]
    managingOrganization.resolve() is Organization ⇒ [true]
    '#nobody'.resolve()                   ⇒ []
    maritalStatus.memberOf('http://hl7.org/fhir/ValueSet/nosuch') ⇒ []
    gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender') ⇒ [true]
    'x'.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender') ⇒ [false]
    telecom.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender') ⇒ []
    maritalStatus.subsumes(maritalStatus) ⇒ [true]
    maritalStatus.coding.subsumedBy(maritalStatus.coding) ⇒ [true]
    maritalStatus.subsumes(Coding { system: 'http://x', code: 'y' }) ⇒ execution
    conformsTo('http://hl7.org/fhir/StructureDefinition/Patient') ⇒ [true]
    conformsTo('http://hl7.org/fhir/StructureDefinition/Observation') ⇒ [false]
    conformsTo('http://x/nosuch')         ⇒ execution
    text.`div`.htmlChecks()               ⇒ [true]
    name.elementDefinition().max          ⇒ ["*", "*"]
    birthDate.elementDefinition().type.code ⇒ ["date"]
    name.slice('http://x', 'official')    ⇒ []
    checkModifiers('http://x/known').id   ⇒ ["p1"]
    checkModifiers('http://x/other')      ⇒ execution
"""

QUANTITIES = r"""
    Observation.value > 37 'Cel'          ⇒ [true]
    value = 99.5 '[degF]'                 ⇒ [true]
    value.toString()                      ⇒ ["37.50 'Cel'"]
    value.value                           ⇒ [37.50]
    value.unit                            ⇒ ["度"]
    component[0].value = 2 years          ⇒ [true]
    component[0].value = 2 'a'            ⇒ [true]
    @2020-01-01 + component[0].value      ⇒ ["2022-01-01"]
    component[1].value < 10 'mg'          ⇒ execution
    component[1].value = 5 'mg'           ⇒ [false]
    referenceRange.low < value            ⇒ [true]
    effective.timezoneOffsetOf()          ⇒ [8.0]
    effective > @2024-03-01T02:00:00Z     ⇒ [true]
    effective.toDate() = @2024-03-01      ⇒ [true]
    value is Quantity                     ⇒ [true]
    value.ofType(Quantity).code           ⇒ ["Cel"]
    value.ofType(string)                  ⇒ []
    code.coding.code = '8310-5'           ⇒ [true]
"""


def cases(table: str) -> list[tuple[str, str, object]]:
    """Each row as (expression, "" or kind of error, values)."""
    found: list[tuple[str, str, object]] = []
    for line in table.strip().splitlines():
        expression, _, expected = line.rpartition("⇒")
        expected = expected.strip()
        values = json.loads(expected, parse_float=Decimal) if expected.startswith("[") else None
        found.append((expression.strip(), "" if values is not None else expected, values))
    return found
