"""SQL-on-FHIR views, beyond the published suite: repeat, row index, refusals."""

import pytest

from taihe.fhir.views import read_view, run
from taihe.kernel.errors import Incorrect

QUESTIONNAIRE = {
    "resourceType": "Questionnaire",
    "id": "q",
    "item": [
        {
            "linkId": "1",
            "item": [{"linkId": "1.1"}, {"linkId": "1.2", "item": [{"linkId": "1.2.1"}]}],
        },
        {"linkId": "2"},
    ],
}


def rows(raw, *resources):
    return list(run(read_view(raw), resources))


def test_repeat_follows_a_path_to_every_depth():
    raw = {
        "resource": "Questionnaire",
        "select": [
            {"column": [{"name": "id", "path": "id"}]},
            {"repeat": ["item"], "column": [{"name": "link", "path": "linkId"},
                                            {"name": "at", "path": "%rowIndex"}]},
        ],
    }  # fmt: skip
    assert [(r["link"], r["at"]) for r in rows(raw, QUESTIONNAIRE)] == [
        ("1", 0),
        ("1.1", 1),
        ("1.2", 2),
        ("1.2.1", 3),
        ("2", 4),
    ]


WRONG = [
    ({"resource": "Patent", "select": [{"column": [{"name": "id", "path": "id"}]}]}, "R4 type"),
    ({"resource": "Patient"}, "selects nothing"),
    (
        {"resource": "Patient", "select": [{"column": [{"name": "a b", "path": "id"}]}]},
        "usable name",
    ),
    (
        {"resource": "Patient", "select": [{"column": [{"name": "a", "path": "id"}] * 2}]},
        "two columns",
    ),
    (
        {"resource": "Patient", "select": [{"column": [{"name": "a", "path": "%x"}]}]},
        "%x is not defined",
    ),
    (
        {
            "resource": "Patient",
            "select": [
                {
                    "unionAll": [
                        {"column": [{"name": "a", "path": "id"}]},
                        {"column": [{"name": "b", "path": "id"}]},
                    ]
                }
            ],
        },
        "different columns",
    ),
    ({"resource": "Patient", "select": [{"forEach": "a", "forEachOrNull": "b"}]}, "Keep one"),
]


@pytest.mark.parametrize(("raw", "words"), WRONG)
def test_a_wrong_view_is_refused_with_a_reason(raw, words):
    with pytest.raises(Incorrect) as caught:
        read_view(raw)
    assert words in str(caught.value)


def test_several_values_in_one_cell_are_refused():
    raw = {
        "resource": "Questionnaire",
        "select": [{"column": [{"name": "a", "path": "item.linkId"}]}],
    }
    with pytest.raises(Incorrect):
        rows(raw, QUESTIONNAIRE)
