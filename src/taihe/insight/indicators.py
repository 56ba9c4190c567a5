"""
The indicators as SQL over the lake, and the tables a page or another system may see.

Each query gives rows (parent, leaf, person, numerator, denominator); one roll-up over them
gives every level at once. `home` indicators roll up from the signed clinic to the township,
`care` indicators from the institution to its tier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from threading import Lock
from time import monotonic

from taihe.base import public as base
from taihe.insight import rules
from taihe.insight.domain.cells import Cell, Counts, Group, protect
from taihe.insight.following import the_lake
from taihe.insight.rules import Indicator
from taihe.insight.sets import Lake
from taihe.kernel.errors import NotFound
from taihe.lake.duck import connect

COUNTY = "county"
UNKNOWN = "?"
FRESH_SECONDS = 60.0
PRIMARY = ("township_hospital", "village_clinic", "clinic")
TIERS = {
    "tier-3": "三级医院",
    "tier-2": "二级医院",
    "tier-1": "一级医院",
    "primary": "基层机构",
    "pharmacy": "药店",
    UNKNOWN: "机构未登记",
}

_CURRENT = """
CREATE TEMP TABLE {name} AS
SELECT r.resource, coalesce(i.current, r.person) AS person, {columns}
FROM (SELECT * FROM all_{name} QUALIFY row_number() OVER (PARTITION BY resource ORDER BY feed DESC) = 1) r
LEFT JOIN identity i ON i.number = r.person
WHERE NOT r.gone"""

# Who is registered as a resident: a Patient that names the clinic which keeps the record. Desks
# that register the same person a second time without one add nobody.
_RESIDENT = """
CREATE TEMP TABLE resident AS
SELECT person,
       arg_max(born, resource) FILTER (team IS NOT NULL) AS born,
       coalesce(arg_max(centre, resource) FILTER (team IS NOT NULL), '?') AS centre,
       arg_max(team, resource) AS team
FROM patient WHERE person IS NOT NULL
GROUP BY person HAVING NOT bool_or(dead) AND count(team) > 0"""

_ADULT = "date_sub('year', r.born, $as_of) >= 35"
_HYPERTENSION = "left(code, 3) IN ('I10', 'I11', 'I12', 'I13')"
_PRIMARY = "coalesce(u.tier = 'primary', false)"
_OUTPATIENT = "e.class IN ('AMB', 'VR')"
_IN_WINDOW = "e.begin_on > $since AND e.begin_on <= $as_of"


def _diagnosed(condition: str) -> str:
    return f"""
SELECT r.centre AS parent, r.team AS leaf, r.person,
       (r.person IN (SELECT person FROM condition
                     WHERE {condition} AND (known_on IS NULL OR known_on <= $as_of)))::BIGINT AS numerator,
       1 AS denominator
FROM resident r WHERE {_ADULT}"""


QUERIES: dict[str, str] = {
    "insight-hypertension-known": _diagnosed(_HYPERTENSION),
    "insight-diabetes-known": _diagnosed("left(code, 3) = 'E11'"),
    "insight-hypertension-control": f"""
WITH last AS (
  SELECT person, arg_max(value, (measured_at, resource)) AS high,
         arg_max(second_value, (measured_at, resource)) AS low
  FROM observation
  WHERE code = '85354-9' AND NOT home AND value IS NOT NULL AND second_value IS NOT NULL
    AND measured_at >= date_trunc('year', $as_of) AND measured_at < $as_of + 1
  GROUP BY person)
SELECT r.centre AS parent, r.team AS leaf, r.person,
       coalesce(l.high < CASE WHEN date_sub('year', r.born, $as_of) >= 65 THEN 150 ELSE 140 END
                AND l.low < 90, false)::BIGINT AS numerator,
       1 AS denominator
FROM resident r LEFT JOIN last l ON l.person = r.person
WHERE {_ADULT} AND r.person IN (
  SELECT person FROM condition WHERE {_HYPERTENSION} AND (known_on IS NULL OR known_on <= $as_of))""",
    "insight-visits-per-resident": f"""
SELECT r.centre AS parent, r.team AS leaf, r.person, count(e.resource) AS numerator, 1 AS denominator
FROM resident r LEFT JOIN encounter e ON e.person = r.person AND {_IN_WINDOW}
GROUP BY ALL""",
    "insight-primary-share": f"""
SELECT r.centre AS parent, r.team AS leaf, r.person, {_PRIMARY}::BIGINT AS numerator, 1 AS denominator
FROM encounter e JOIN resident r ON r.person = e.person LEFT JOIN unit u ON u.org = e.provider
WHERE {_OUTPATIENT} AND {_IN_WINDOW}""",
    "insight-county-stay-share": f"""
SELECT r.centre AS parent, r.team AS leaf, r.person,
       coalesce(substr(u.code, 2, 6) = $division, false)::BIGINT AS numerator, 1 AS denominator
FROM encounter e JOIN resident r ON r.person = e.person LEFT JOIN unit u ON u.org = e.provider
WHERE e.class = 'IMP' AND {_IN_WINDOW}""",
    "insight-readmission-31": """
SELECT coalesce(u.tier, '?') AS parent, coalesce(e.provider, '?') AS leaf, e.person,
       EXISTS (SELECT 1 FROM encounter n WHERE n.person = e.person AND n.class = 'IMP'
               AND n.begin_on > e.end_on AND n.begin_on <= e.end_on + 31)::BIGINT AS numerator,
       1 AS denominator
FROM encounter e LEFT JOIN unit u ON u.org = e.provider
WHERE e.class = 'IMP' AND e.end_on <= $as_of - 31 AND e.end_on > $since - 31""",
    "insight-mean-stay": """
SELECT coalesce(u.tier, '?') AS parent, coalesce(e.provider, '?') AS leaf, e.person,
       greatest(e.end_on - e.begin_on, 1) AS numerator, 1 AS denominator
FROM encounter e LEFT JOIN unit u ON u.org = e.provider
WHERE e.class = 'IMP' AND e.end_on > $since AND e.end_on <= $as_of AND e.begin_on <= e.end_on""",
    "insight-outpatient-cost": """
SELECT coalesce(u.tier, '?') AS parent, coalesce(u.org, v.code) AS leaf, v.person,
       v.fen AS numerator, 1 AS denominator
FROM charged_visit v LEFT JOIN unit u ON u.code = v.code
WHERE NOT v.inpatient AND v.lines > 0 AND v.begin_on > $since AND v.begin_on <= $as_of""",
    "insight-antibiotic-share": f"""
WITH prescribed AS (
  SELECT encounter, bool_or(starts_with(code, 'XJ01')) AS antibiotic
  FROM medicationrequest WHERE encounter IS NOT NULL AND code IS NOT NULL GROUP BY encounter)
SELECT coalesce(u.tier, '?') AS parent, coalesce(e.provider, '?') AS leaf, e.person,
       p.antibiotic::BIGINT AS numerator, 1 AS denominator
FROM encounter e JOIN prescribed p ON p.encounter = e.resource
LEFT JOIN unit u ON u.org = e.provider
WHERE {_OUTPATIENT} AND {_IN_WINDOW}""",
}

_ROLL_UP = """
SELECT parent, leaf, coalesce(sum(numerator), 0)::BIGINT, coalesce(sum(denominator), 0)::BIGINT,
       count(DISTINCT coalesce(person, -1)), GROUPING(parent, leaf)
FROM ({rows}) GROUP BY ROLLUP (parent, leaf) ORDER BY ALL"""


@dataclass(frozen=True)
class Place:
    """An institution of the tables: its words, and the tier and township it belongs to."""

    org: str
    code: str
    name: str
    township: str
    tier: str


@dataclass(frozen=True)
class Figure:
    """An indicator on a day: the whole table before the small-cell rule. Never leaves as it is."""

    indicator: Indicator
    as_of: date
    table: Group


@dataclass(frozen=True)
class Quality:
    """One source in the window: visits, complete ones, median days until they came, the last day."""

    org: str
    visits: int
    complete: int
    people: int
    delay_days: float | None
    last_received: date | None


class Reading:
    """One DuckDB session over the lake as it is now, for several indicators."""

    def __init__(self, lake: Lake | None = None) -> None:
        self.duck = connect()
        lake = lake or the_lake()
        for name, one in lake.every.items():
            try:
                one.snapshot().relation(self.duck).create_view(f"all_{name}")
            except NotFound:
                nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{c}"' for c, kind in one.columns)
                self.duck.execute(f"CREATE VIEW all_{name} AS SELECT {nothing} WHERE false")
        self.duck.execute("CREATE TEMP TABLE identity AS SELECT number, current FROM all_identity")
        for name, one in lake.sets.items():
            columns = ", ".join(f'r."{column}"' for column, _ in one.columns[4:])
            self.duck.execute(_CURRENT.format(name=name.lower(), columns=columns))
        self.duck.execute(
            "CREATE TEMP TABLE charged_visit AS SELECT v.* REPLACE (coalesce(i.current, v.person)"
            " AS person) FROM all_charged_visit v LEFT JOIN identity i ON i.number = v.person"
        )
        self.duck.execute(_RESIDENT)
        self.places = self._places()

    def figure(self, indicator: Indicator, as_of: date) -> Figure:
        """The whole table of an indicator on a day."""
        chosen = rules.settings()
        given = {
            "as_of": as_of,
            "since": as_of - timedelta(days=chosen.window_days),
            "division": chosen.division,
        }
        query = QUERIES[indicator.key]
        found = self.duck.execute(
            _ROLL_UP.format(rows=query),
            {name: value for name, value in given.items() if f"${name}" in query},
        ).fetchall()
        total, parents, leaves = Counts(0, 0, 0), {}, {}
        for parent, leaf, numerator, denominator, people, level in found:
            counts = Counts(numerator, denominator, people)
            if level == 3:
                total = counts
            elif level == 1:
                parents[parent] = counts
            else:
                leaves.setdefault(parent, []).append(Group(f"{parent}/{leaf}", counts))
        groups = [Group(key, counts, tuple(leaves.get(key, ()))) for key, counts in parents.items()]
        return Figure(indicator, as_of, Group(COUNTY, total, tuple(groups)))

    def quality(self, as_of: date) -> list[Quality]:
        """Completeness and timeliness by the institution that sent the visits."""
        since = as_of - timedelta(days=rules.settings().quality_days)
        found = self.duck.execute(
            "SELECT coalesce(provider, '?'), count(*),"
            " count(*) FILTER (has_reason AND end_on IS NOT NULL AND provider IS NOT NULL),"
            " count(DISTINCT person), median(date_diff('day', end_on, received_at::DATE)),"
            " max(received_at)::DATE"
            " FROM encounter WHERE begin_on > $since AND begin_on <= $as_of"
            " GROUP BY 1 ORDER BY 2 DESC, 1",
            {"since": since, "as_of": as_of},
        ).fetchall()
        return [Quality(*row) for row in found]

    def visits_by_week(self, as_of: date, weeks: int) -> list[tuple[date, int, int]]:
        """(last day of the week, visits, people) for the weeks up to a day, oldest first."""
        found = {
            week: (visits, people)
            for week, visits, people in self.duck.execute(
                "SELECT date_diff('day', begin_on, $as_of) // 7, count(*), count(DISTINCT person)"
                " FROM encounter WHERE begin_on > $since AND begin_on <= $as_of GROUP BY 1",
                {"since": as_of - timedelta(days=7 * weeks), "as_of": as_of},
            ).fetchall()
        }
        return [
            (as_of - timedelta(days=7 * week), *found.get(week, (0, 0)))
            for week in range(weeks - 1, -1, -1)
        ]

    def last_day(self) -> date | None:
        """The last day on which a visit began."""
        row = self.duck.execute("SELECT max(begin_on) FROM encounter").fetchone()
        return row[0] if row else None

    def _places(self) -> dict[str, Place]:
        kinds = {one.code: one for one in base.organisations()}
        places = {}
        for org, code, name, township in self.duck.execute(
            "SELECT resource, code, name, place FROM organization ORDER BY resource"
        ).fetchall():
            known = kinds.get(code or "")
            places[org] = Place(
                org,
                code or "",
                name or (known.name if known else "") or code or org,
                township or "",
                _tier(known),
            )
        self.duck.execute("CREATE TEMP TABLE unit (org VARCHAR, code VARCHAR, tier VARCHAR)")
        if places:
            self.duck.executemany(
                "INSERT INTO unit VALUES (?, ?, ?)",
                [(one.org, one.code, one.tier) for one in places.values()],
            )
        return places


def _tier(known: base.Organisation | None) -> str:
    if known is None:
        return UNKNOWN
    if known.kind in PRIMARY:
        return "primary"
    if known.kind == "pharmacy":
        return "pharmacy"
    return f"tier-{known.level}" if known.level else UNKNOWN


def shown(figure: Figure, minimum: int | None = None) -> list[Cell]:
    """What may be shown of a figure: the total, its groups and their parts."""
    least = minimum or rules.settings().minimum_cell
    return protect(figure.table, least, share=figure.indicator.is_share)


# --- what pages share ----------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """Everything the pages show for a day, computed once: figures then and before, quality."""

    as_of: date
    before: date
    figures: dict[str, Figure]
    earlier: dict[str, Figure]
    quality: list[Quality]
    weeks: list[tuple[date, int, int]]
    places: dict[str, Place]
    last_day: date | None


_lock = Lock()
_kept: dict[date, tuple[float, tuple[int, ...], Sheet]] = {}


def sheet(as_of: date) -> Sheet:
    """
    The sheet of a day.

    It is kept in memory while the lake stays the same, and for a minute at least while it
    changes: figures over a county need not follow each visit.
    """
    with _lock:
        kept = _kept.get(as_of)
        if kept and monotonic() - kept[0] < FRESH_SECONDS:
            return kept[2]
        versions = the_lake().versions()
        if kept and kept[1] == versions:
            _kept[as_of] = (monotonic(), versions, kept[2])
            return kept[2]
        made = _sheet(as_of)
        _kept.clear()
        _kept[as_of] = (monotonic(), versions, made)
        return made


def forget() -> None:
    """Compute the next sheet anew; for tests and after a rebuild."""
    with _lock:
        _kept.clear()


def _sheet(as_of: date) -> Sheet:
    chosen = rules.settings()
    before = as_of - timedelta(days=chosen.brief_days)
    reading = Reading()
    every = rules.indicators().values()
    return Sheet(
        as_of=as_of,
        before=before,
        figures={one.key: reading.figure(one, as_of) for one in every},
        earlier={one.key: reading.figure(one, before) for one in every},
        quality=reading.quality(as_of),
        weeks=reading.visits_by_week(as_of, 12),
        places=reading.places,
        last_day=reading.last_day(),
    )


def words_of(key: str, places: dict[str, Place]) -> str:
    """The name of a cell: the county, a township or tier, an institution."""
    if key == COUNTY:
        return "全县"
    leaf = key.split("/")[-1]
    if "/" not in key:
        if key in TIERS:
            return TIERS[key]
        place = places.get(leaf)
        return (place.township or place.name) if place else "住地未登记"
    place = places.get(leaf)
    return place.name if place else ("未登记" if leaf == UNKNOWN else leaf)


@lru_cache
def unit_of(key: str) -> str:
    """The unit of an indicator, from its definition."""
    from taihe.base import definitions

    return definitions.get(key).unit
