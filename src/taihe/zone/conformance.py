"""
`taihe conformance zone DIR`: the placed expected values of the zone data, case by case.

Numbers are compared to 1e-6 of the larger of 1 and the expected value, ranks exactly. DIR has
the form of the placed `zone` folder.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from taihe.kernel.conformance import Case, Status
from taihe.kernel.errors import TaiheError
from taihe.kernel.index_engine import flat
from taihe.kernel.index_engine.build import Options, Result, options_of
from taihe.zone import assessing, instances
from taihe.zone.domain import complexity, concentration

TOLERANCE = 1e-6


def run(directory: Path, **_: object) -> Iterator[Case]:
    """The cases of every part that is there."""
    parts = (
        ("asem_imeta.csv", _asem),
        ("mcdm_input.csv", _mcdm),
        ("ahp_public.json", _ahp),
        ("lq_public_4_regions.csv", _location_quotients),
    )
    for name, function in parts:
        for path in sorted(directory.rglob(name)):
            yield from function(path.parent)
    for path in sorted(directory.rglob("matching/*.json")):
        yield from _matching(path)
    for path in sorted(directory.rglob("*trade*.csv.gz")):
        yield from _complexity(path)
    for path in sorted(directory.rglob("eg_firms.csv")):
        yield from _ellison_glaeser(path)


def _table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(assessing.text_of(path), newline="")))


def _number(text: str) -> float | None:
    return None if text.strip() in assessing.EMPTY else float(text)


def differs(expected: float | None, got: float | None) -> bool:
    """Whether two numbers are not the same to 1e-6; missing equals missing only."""
    if expected is None or got is None:
        return expected is not got
    return not math.isclose(expected, got, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _case(ident: str, pairs: Mapping[str, tuple[Any, Any]], *, exact: bool = False) -> Case:
    """One case of several numbers; the message names the first that differs."""
    wrong = [
        (name, expected, got)
        for name, (expected, got) in pairs.items()
        if (expected != got if exact else differs(expected, got))
    ]
    if not pairs:
        return Case(ident, Status.FAILED, "nothing was compared")
    if not wrong:
        return Case(ident, Status.PASSED)
    name, expected, got = wrong[0]
    return Case(
        ident, Status.FAILED,
        f"{len(wrong)} of {len(pairs)} differ; {name}: expected {expected}, got {got}",
    )  # fmt: skip


# --- ASEM ----------------------------------------------------------------------------------


def _asem(folder: Path) -> Iterator[Case]:
    scheme = assessing.read_scheme(folder / "asem_imeta.csv", beside=folder / "asem_idata.csv")
    data = assessing.read_data(folder / "asem_idata.csv", scheme.tree)
    options = assessing.nominal(scheme.tree, data)
    result, _ = assessing.run(scheme.tree, data, options)
    place = {unit: number for number, unit in enumerate(result.units)}
    yield from _steps(folder, result, place)
    yield from _treatment(folder, result)
    weights = scheme.tree.effective_weights()
    if (path := folder / "nominal_effective_weights.csv").exists():
        rows = _table(path)
        pairs = {r["iCode"]: (_number(r["EffWeight"]), weights.get(r["iCode"])) for r in rows}
        yield _case("asem/nominal_effective_weights", pairs)
    if (path := folder / "nominal_results.csv").exists():
        yield from _scores("asem/nominal_results", _table(path), result, place)
    for path in sorted(folder.glob("cases*.json")):
        for build in json.loads(assessing.text_of(path)):
            yield from _build(folder, scheme, data, options, build)


def _steps(folder: Path, result: Result, place: Mapping[str, int]) -> Iterator[Case]:
    steps = {
        "denominated": result.denominated,
        "imputed": result.imputed,
        "treated": {code: one.values for code, one in result.treated.items()},
        "normalised": result.normalised,
    }
    for word, columns in steps.items():
        path = folder / f"nominal_{word}.csv"
        if not path.exists():
            continue
        rows = _table(path)
        for code, column in columns.items():
            pairs = {r["uCode"]: (_number(r[code]), column[place[r["uCode"]]]) for r in rows}
            yield _case(f"asem/nominal_{word}/{code}", pairs)


def _treatment(folder: Path, result: Result) -> Iterator[Case]:
    if not (path := folder / "nominal_treat_details.csv").exists():
        return
    pairs = {}
    for row in _table(path):
        one = result.treated[row["iCode"]]
        pairs[row["iCode"]] = (int(_number(row["winsorise.nwin"]) or 0), one.winsorised)
    yield _case("asem/nominal_treat_details", pairs, exact=True)


def _scores(
    ident: str, rows: list[dict[str, Any]], result: Result, place: Mapping[str, int]
) -> Iterator[Case]:
    for code in rows[0]:
        if code == "Rank":
            ranked = {r["uCode"]: (int(r["Rank"]), result.ranks[place[r["uCode"]]]) for r in rows}
            yield _case(f"{ident}/Rank", ranked, exact=True)
        elif code != "uCode":
            scores = result.scores[code]
            pairs = {r["uCode"]: (_number(str(r[code])), scores[place[r["uCode"]]]) for r in rows}
            yield _case(f"{ident}/{code}", pairs)


def _build(
    folder: Path,
    scheme: assessing.Scheme,
    data: assessing.Data,
    nominal: Options,
    build: dict[str, Any],
) -> Iterator[Case]:
    ident = f"asem/{build.get('id', 'build')}"
    try:
        tree = assessing.tree_of(scheme, build, folder / "cases.json")
        result, _ = assessing.run(tree, data, options_of(build, group=nominal.impute_group))
    except TaiheError as error:
        yield Case(ident, Status.FAILED, str(error))
        return
    place = {unit: number for number, unit in enumerate(result.units)}
    yield from _scores(ident, build["results"], result, place)


# --- flat methods --------------------------------------------------------------------------


def _mcdm(folder: Path) -> Iterator[Case]:
    rows = _table(folder / "mcdm_input.csv")
    for path in sorted(folder.glob("expected*.json")):
        expected = json.loads(assessing.text_of(path))
        criteria = expected["criteria"]
        matrix = [[float(row[name]) for name in criteria] for row in rows]
        entropy = dict(zip(criteria, flat.entropy_weights(matrix), strict=True))
        if "entropy" in expected["weights"]:
            known = expected["weights"]["entropy"]
            yield _case("mcdm/entropy", {c: (known[c], entropy[c]) for c in criteria})
        for name, scores in expected["scores"].items():
            method, _, weighting = name.partition("|")
            if not method.startswith("topsis_") or weighting not in ("equal", "entropy"):
                reason = f"the method {name} is not there yet"
                yield Case(f"mcdm/{name}", Status.SKIPPED, reason)
                continue
            weights = (
                flat.equal_weights(len(criteria))
                if weighting == "equal"
                else list(entropy.values())
            )
            got = flat.topsis(matrix, weights, normalise=method.removeprefix("topsis_"))
            units = [row["uCode"] for row in rows]
            by_unit = dict(zip(units, got, strict=True))
            yield _case(f"mcdm/{name}", {u: (scores[u], by_unit[u]) for u in units})


def _ahp(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("ahp*.json")):
        for number, row in enumerate(json.loads(assessing.text_of(path))):
            ident = f"mcdm/ahp-{number}"
            try:
                got = flat.ahp(row["matrix"])
            except flat.Inconsistent as refused:
                right = row["CR"] > flat.MOST_INCONSISTENT
                yield Case(ident, Status.PASSED if right else Status.FAILED, refused.problem)
                continue
            pairs: dict[str, tuple[Any, Any]] = {
                "lambda_max": (row["lambda_max"], got.lambda_max),
                "CI": (row["CI"], got.consistency_index),
                "CR": (row["CR"], got.consistency_ratio),
            }
            for place, weight in enumerate(got.weights):
                pairs[f"w_eigen {place}"] = (row["w_eigen"][place], weight)
                pairs[f"w_geomean {place}"] = (
                    row["w_geomean"][place], got.geometric_weights[place],
                )  # fmt: skip
            yield _case(ident, pairs)
    try:
        flat.ahp([[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]])
    except flat.Inconsistent:
        yield Case("mcdm/ahp-inconsistent-refused", Status.PASSED)
    else:
        yield Case("mcdm/ahp-inconsistent-refused", Status.FAILED, "it was accepted")


# --- matching ------------------------------------------------------------------------------


def _matching(path: Path) -> Iterator[Case]:
    document = instances.parse(assessing.text_of(path), name=path.name)
    expected = {row["id"]: row for row in document.get("expected", [])}
    for row in document["instances"]:
        where = f"{path.stem}/{row['id']}"
        try:
            got = instances.answer(instances.instance_of(row, where=where))
        except TaiheError as error:
            yield Case(f"matching/{where}", Status.FAILED, str(error))
            continue
        for key, value in expected.get(row["id"], {}).items():
            if key == "id":
                continue
            ident = f"matching/{where}/{key}"
            if isinstance(value, dict):
                zones = value.keys() | got[key].keys()
                pairs = {z: (sorted(value.get(z, [])), got[key].get(z, [])) for z in zones}
                yield _case(ident, pairs, exact=True)
            elif isinstance(value, int):
                yield _case(ident, {key: (value, got[key])}, exact=True)
            else:
                yield _case(ident, {key: (float(value), got[key])})


# --- region × industry ---------------------------------------------------------------------


def _location_quotients(folder: Path) -> Iterator[Case]:
    employed: dict[str, dict[str, float]] = {}
    for row in _table(folder / "de_regions_industries.csv"):
        by_industry = employed.setdefault(row["region_code"], {})
        by_industry[row["ind_code"]] = float(row["emp_all"])
    got = concentration.location_quotients(employed)
    for path in sorted(folder.glob("lq*.csv")):
        for row in _table(path):
            region = row[""]
            pairs = {code: (float(value), got[region][code]) for code, value in row.items() if code}
            yield _case(f"region_industry/lq/{region}", pairs)


def _ellison_glaeser(path: Path) -> Iterator[Case]:
    """Compared with a table industry, gamma beside it (`eg_expected*.csv`), where there is one."""
    firms: dict[str, dict[str, list[float]]] = {}
    regions: dict[str, float] = {}
    for row in _table(path):
        firms.setdefault(row["industry"], {}).setdefault(row["region"], []).append(
            float(row["emp_firm"])
        )
        regions[row["region"]] = float(row["emp_region"])
    got = {name: concentration.ellison_glaeser(one, regions) for name, one in firms.items()}
    beside = sorted(path.parent.glob("eg_expected*.csv"))
    for one in beside:
        for row in _table(one):
            pairs = {"gamma": (float(row["gamma"]), got[row["industry"]])}
            yield _case(f"region_industry/{one.stem}/{row['industry']}", pairs)
    if not beside:
        told = ", ".join(f"{name} {value:.6f}" for name, value in sorted(got.items()))
        yield Case(
            f"region_industry/{path.stem}", Status.SKIPPED,
            f"there are no expected values beside it; computed: {told}",
        )  # fmt: skip


def _complexity(path: Path) -> Iterator[Case]:
    """Indices of the whole matrix, compared with each placed table beside it."""
    values: dict[str, dict[str, float]] = {}
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        values.setdefault(row["country"], {})[row["product"]] = float(row["value"])
    try:
        got = complexity.complexity(values)
    except ImportError:
        yield Case("complexity", Status.SKIPPED, "numpy is not installed (extra lake)")
        return
    tables: tuple[tuple[str, str, Mapping[str, float], Mapping[str, int], str], ...] = (
        ("eci", "country", got.regions, got.diversity, "diversity"),
        ("pci", "product", got.products, got.ubiquity, "ubiquity"),
    )
    for name, key, index, counts, count in tables:
        for one in sorted(path.parent.glob(f"{name}*.csv")):
            rows = _table(one)
            close = {r[key]: (float(r[name]), index.get(r[key])) for r in rows}
            yield _case(f"complexity/{one.stem}/{name}", close)
            whole = {r[key]: (int(float(r[count])), counts.get(r[key])) for r in rows}
            yield _case(f"complexity/{one.stem}/{count}", whole, exact=True)
