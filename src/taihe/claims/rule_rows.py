"""
Readers of rule rows: the shipped ones, a folder of official tables, or a folder of our own.

A folder given with `--rules` may have the official tables (`param_drug_sex.csv`, `kp.csv`,
...), our own `rules.csv[.gz]`, or both; a file that is not there falls back to the shipped rows
of its class.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from taihe.claims.domain.rules import ALWAYS_FROM, ALWAYS_TO, Kind, Rule, RuleClass, Word
from taihe.kernel.errors import Incorrect, NotFound, Problem
from taihe.kernel.knowledge import BadCell, Cells, decode, parse_table, read_table
from taihe.kernel.periods import day_number

KNOWLEDGE = Path(__file__).parent / "knowledge"

# Official list classes, which have no param file: kind -> class name in kp.csv.
LISTS = {
    "TCM_NEVER_PAID": "中药饮片单复方均不予支付",
    "TCM_SINGLE_ONLY": "中药饮片单方使用不予支付",
    "INTERNET_DRUG": "超互联网医院药品支付范围",
}
PAIR_WINDOWS = {"单日": "REPEAT_PAIR_DAY", "单次就诊": "REPEAT_PAIR_VISIT"}


@dataclass(frozen=True)
class _Form:
    """Columns of one official param file."""

    code: str
    name: str
    value: str
    classes: tuple[str, ...]
    days: str = ""


_DRUG = ("drug_code", "drug_name")
_ITEM = ("item_code", "item_name")
FORMS = {
    "param_drug_sex": _Form(*_DRUG, "sex_allowed", ("药品区分性别使用",)),
    "param_item_sex": _Form(*_ITEM, "sex_allowed", ("医疗服务项目区分性别使用",)),
    "param_drug_age": _Form(*_DRUG, "age_group", ("药品儿童专用", "药品限儿童使用")),
    "param_drug_insurance": _Form(*_DRUG, "insurance", ("药品限工伤保险", "药品限生育保险")),
    "param_drug_visit_type": _Form(*_DRUG, "visit_type", ("药品限就医方式",)),
    "param_drug_facility_level": _Form(*_DRUG, "min_level", ("药品限医疗机构级别",)),
    "param_drug_course_days": _Form(*_DRUG, "max_days", ("药品限支付疗程",)),
    "param_item_daily_max": _Form(*_ITEM, "max_qty", ("医疗服务项目限定频次",)),
    "param_item_period": _Form(*_ITEM, "max_count", ("医疗服务项目周期超频次",), "period_days"),
}
OWN_COLUMNS = ("rule_row", "kind", "code", "value", "status")


@dataclass(frozen=True)
class RuleSet:
    """
    Rules to run, what fell back to the shipped rows, and rows that could not be read.

    `fallback` holds short codes of classes, `fallback_files` the files that were not there.
    """

    rules: tuple[Rule, ...]
    fallback: tuple[str, ...] = ()
    fallback_files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@lru_cache
def kinds() -> dict[str, Kind]:
    """The executable classes by short code, in the order in which they run and print."""

    def make(cells: Cells) -> Kind:
        return Kind(
            code=cells.text("kind"),
            template=cells.text("template"),
            title=cells.text("title"),
            severity=cells.choice("severity", ("V", "S", "M")),
            file=cells.text("file"),
            rule_key=cells.text("rule_key"),
            key_encounter=cells.optional("key_encounter") == "1",
            key_date=cells.optional("key_date") == "1",
            remedy=cells.text("remedy"),
            definition=cells.text("definition"),
        )

    table = read_table(KNOWLEDGE / "kinds.csv", make, required=("kind", "template", "file"))
    return {kind.code: kind for kind in table.checked()}


@lru_cache
def classes() -> dict[int, RuleClass]:
    """The 88 official classes by number."""

    def make(cells: Cells) -> RuleClass:
        return RuleClass(
            seq=cells.whole("seq"),
            name=cells.text("name_zh"),
            tier1=cells.text("tier1"),
            tier2=cells.text("tier2"),
            gz_code=cells.optional("gz_code"),
            short_codes=tuple(cells.text("short_code").split("|")),
            template=cells.text("template"),
            severity=cells.choice("severity", ("V", "S", "M")),
            has_points=cells.optional("has_points") == "1",
            new_in_2025=cells.optional("new_in_2025") == "1",
            source=cells.text("source"),
            definition=cells.optional("definition"),
        )

    table = read_table(KNOWLEDGE / "classes.csv", make, required=("seq", "name_zh", "short_code"))
    return {row.seq: row for row in table.checked()}


@lru_cache
def words() -> dict[str, Word]:
    """Chinese words of rule rows: attribute and value."""

    def make(cells: Cells) -> tuple[str, Word]:
        return cells.text("word"), (cells.text("attribute"), cells.whole("value"))

    table = read_table(KNOWLEDGE / "words.csv", make, required=("word", "attribute", "value"))
    return dict(table.checked())


@lru_cache
def class_names() -> dict[str, int]:
    """The number of each class by its official name."""
    return {row.name: row.seq for row in classes().values()}


def class_of(kind: str) -> RuleClass:
    """The first official class with this short code."""
    return next(row for row in classes().values() if kind in row.short_codes)


def severity(rule: Rule) -> str:
    """V violation or S suspicion: from the rule's official class."""
    found = classes().get(rule.class_seq)
    return found.severity if found else kinds()[rule.kind].severity


@dataclass(frozen=True)
class Point:
    """A published knowledge point: batch, dates and where it was announced."""

    kp: str
    class_seq: int
    item: str
    clause: str
    batch: str
    published: str
    supersedes: str
    url: str


@lru_cache
def points() -> dict[str, Point]:
    """The shipped knowledge points by id."""
    found = {}
    with gzip.open(
        KNOWLEDGE / "knowledge_points.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        for row in csv.DictReader(file):
            found[row["kp_id"]] = Point(
                kp=row["kp_id"],
                class_seq=int(row["class"] or 0),
                item=row["item_name"],
                clause=row["clause_text"],
                batch=row["batch"],
                published=row["published_at"],
                supersedes=row["supersedes"],
                url=row["announcement_url"],
            )
    return found


@lru_cache
def shipped() -> tuple[Rule, ...]:
    """Every shipped row that runs: live and example, without superseded ones."""
    rows = [
        *_own_rules(KNOWLEDGE / "rules.csv.gz", []),
        *_own_rules(KNOWLEDGE / "encounter_rules.csv", []),
    ]
    return tuple(rule for rule in rows if rule.status in ("live", "example"))


def read_rules(folder: Path | None, wanted: Collection[str]) -> RuleSet:
    """The rules of these short codes: from a folder where it has them, else the shipped ones."""
    if folder is None:
        return RuleSet(tuple(rule for rule in shipped() if rule.kind in wanted))
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder.", "Name the folder of the rule files.")
    reader = _Folder(folder, wanted)
    return reader.read()


@dataclass
class _Folder:
    folder: Path
    wanted: Collection[str]
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> RuleSet:
        rules: list[Rule] = []
        own = self._find("rules")
        if own:
            rules += [
                rule
                for rule in _own_rules(own, self.problems)
                if rule.kind in self.wanted and rule.status in ("live", "example")
            ]
        encounter = self._find("encounter_rules")
        if encounter:
            rules += [
                rule
                for rule in _own_rules(encounter, self.problems)
                if rule.kind in self.wanted and rule.status in ("live", "example")
            ]
        have = {rule.kind for rule in rules}
        todo = [kind for kind in kinds().values() if kind.code in self.wanted - have]
        fallback, files = [], []
        for kind in todo:
            path = self._find("kp" if kind.file == "kp_code" else kind.file)
            if kind.file == "kp_code" and path and not self._find("kp_code"):
                path = None
            if path is None:
                rules += [rule for rule in shipped() if rule.kind == kind.code]
                if kind.file != "encounter_rules":
                    fallback.append(kind.code)
                    files.append(f"{kind.file}.csv")
                continue
            rules += self._official(kind, path)
        return RuleSet(
            tuple(rules), tuple(fallback), tuple(dict.fromkeys(files)), tuple(self.problems)
        )

    def _find(self, name: str) -> Path | None:
        for suffix in (".csv", ".csv.gz"):
            path = self.folder / f"{name}{suffix}"
            if path.is_file():
                return path
        return None

    def _official(self, kind: Kind, path: Path) -> Iterator[Rule]:
        if kind.code in LISTS:
            yield from self._list(kind)
        elif kind.file == "param_repeat_charge_pair":
            yield from self._pairs(kind, path)
        else:
            yield from self._codes(kind, path)

    def _codes(self, kind: Kind, path: Path) -> Iterator[Rule]:
        form = FORMS[kind.file]

        def make(cells: Cells) -> Rule:
            code, value = cells.text(form.code), cells.text(form.value)
            names = form.classes
            if kind.code == "DRUG_INSURANCE":
                names = (names[0] if value == "工伤" else names[1],)
            return self._rule(
                kind,
                f"{kind.file}:{code}",
                self.newest(code, names),
                names[0],
                code=code,
                name=cells.optional(form.name),
                value=value,
                days=cells.text(form.days) if form.days else "",
                clause=cells.optional("clause"),
            )

        rows = self._table(path, make, (form.code, form.value))
        yield from {rule.row: rule for rule in rows}.values()  # of a repeated code the last counts

    def _pairs(self, kind: Kind, path: Path) -> Iterator[Rule]:
        def make(cells: Cells) -> Rule | None:
            window = cells.text("window")
            if PAIR_WINDOWS.get(window) != kind.code:
                return None
            main, sub = cells.text("main_code"), cells.text("sub_code")
            return self._rule(
                kind,
                f"{kind.file}:{main}>{sub}",
                self._knowledge.pair(main, sub),
                "医疗服务项目重复收费",
                code=main,
                code2=sub,
                name=cells.optional("main_name"),
                name2=cells.optional("sub_name"),
                value=window,
                clause=cells.optional("clause"),
            )

        rows = self._table(path, make, ("window", "main_code", "sub_code"))
        yield from {rule.row: rule for rule in rows if rule is not None}.values()

    def _list(self, kind: Kind) -> Iterator[Rule]:
        for code in sorted(self._knowledge.codes_of(LISTS[kind.code])):
            point = self.newest(code, (LISTS[kind.code],))
            yield self._rule(
                kind,
                f"kp_code:{code}",
                point,
                LISTS[kind.code],
                code=code,
                name=point.item if point else "",
            )

    def _table(self, path: Path, make, required):  # type: ignore[no-untyped-def]
        raw = _bytes(path)
        table = parse_table(decode(raw, file=path.name), make, required=required, name=path.name)
        self.problems += table.problems
        return table.rows

    def newest(self, code: str, names: tuple[str, ...]) -> Point | None:
        return self._knowledge.newest(code, names)

    @property
    def _knowledge(self) -> _Knowledge:
        found = self.__dict__.get("_known")
        if found is None:
            kp, codes = self._find("kp"), self._find("kp_code")
            found = _Knowledge.read(kp, codes) if kp and codes else _Knowledge.empty()
            self.__dict__["_known"] = found
        return found  # type: ignore[no-any-return]

    def _rule(
        self,
        kind: Kind,
        row: str,
        point: Point | None,
        class_name: str,
        *,
        code: str,
        code2: str = "",
        name: str = "",
        name2: str = "",
        value: str = "",
        days: str = "",
        clause: str = "",
    ) -> Rule:
        return Rule(
            row=row,
            kind=kind.code,
            class_seq=point.class_seq if point else class_names()[class_name],
            code=code,
            code2=code2,
            name=name,
            name2=name2,
            value=value,
            days=days,
            status="live",
            point=point.kp if point else "",
            version=point.published if point else "",
            source=source_of(point) if point else "国家医保局知识点明细，首次公布",
            clause=clause or (point.clause if point else ""),
        )


def source_of(point: Point) -> str:
    """Where a knowledge point was published, as a sentence."""
    batch = f"第{point.batch}批" if point.batch else "修订"
    return f"国家医保局《智能监管规则和知识点》{batch}，{point.published} 公布"


@dataclass
class _Knowledge:
    """Knowledge points of a folder: which lists a code, newest first."""

    by_code: dict[str, list[tuple[str, int, Point]]]
    by_class: dict[str, set[str]]
    pairs: dict[frozenset[str], Point]
    names: dict[str, str]

    @classmethod
    def empty(cls) -> _Knowledge:
        return cls({}, {}, {}, {})

    @classmethod
    def read(cls, kp: Path, kp_code: Path) -> _Knowledge:
        found: dict[str, tuple[int, str, Point]] = {}
        names = class_names()
        for order, row in enumerate(_dicts(kp)):
            name = row["rule_class"]
            found[row["kp_id"]] = (
                order,
                name,
                Point(
                    kp=row["kp_id"],
                    class_seq=names.get(name, 0),
                    item=row["item_name"],
                    clause=row["clause_text"],
                    batch=row["batch"],
                    published=row["published_at"],
                    supersedes=row.get("supersedes", ""),
                    url=row.get("announcement_url", ""),
                ),
            )
        by_code: dict[str, list[tuple[str, int, Point]]] = defaultdict(list)
        by_class: dict[str, set[str]] = defaultdict(set)
        members: dict[str, set[str]] = defaultdict(set)
        reader = csv.reader(io.StringIO(decode(_bytes(kp_code), file=kp_code.name)))
        header = next(reader, [])
        try:
            at_kp, at_code = header.index("kp_id"), header.index("code")
        except ValueError:
            raise Incorrect(
                f"{kp_code.name}: the column kp_id or code is missing.", "Name both in line 1."
            ) from None
        for cells in reader:
            known = found.get(cells[at_kp])
            if known is None:
                continue
            order, name, point = known
            by_code[cells[at_code]].append((name, order, point))
            by_class[name].add(cells[at_code])
            if name == "医疗服务项目重复收费":
                members[point.kp].add(cells[at_code])
        pairs = {frozenset(codes): found[kp_id][2] for kp_id, codes in members.items()}
        return cls(by_code, by_class, pairs, {})

    def newest(self, code: str, names: tuple[str, ...]) -> Point | None:
        mine = [
            (point.published, order, point)
            for name, order, point in self.by_code.get(code, ())
            if name in names
        ]
        return max(mine, key=lambda row: row[:2])[2] if mine else None

    def pair(self, main: str, sub: str) -> Point | None:
        return self.pairs.get(frozenset((main, sub)))

    def codes_of(self, name: str) -> set[str]:
        return self.by_class.get(name, set())


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            return gzip.decompress(raw)
        except (EOFError, OSError):
            raise Incorrect(f"{path.name}: the gzip file is cut short.", "Copy it again.") from None
    return raw


def _dicts(path: Path) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(decode(_bytes(path), file=path.name), newline=""))


def _own_rules(path: Path, problems: list[Problem]) -> list[Rule]:
    def make(cells: Cells) -> Rule:
        valid = cells.validity()
        kind = cells.choice("kind", kinds())
        return Rule(
            row=cells.text("rule_row"),
            kind=kind,
            class_seq=int(cells.optional("class") or class_of(kind).seq),
            code=cells.optional("code"),
            code2=cells.optional("code2"),
            name=cells.optional("name"),
            name2=cells.optional("name2"),
            value=cells.optional("value"),
            days=cells.optional("days"),
            status=cells.choice("status", ("live", "example", "superseded", "off")),
            point=cells.optional("kp"),
            version=cells.optional("version"),
            source=_needed(cells, "source"),
            clause=cells.optional("clause"),
            first_day=day_number(valid.valid_from) if valid.valid_from else ALWAYS_FROM,
            last_day=day_number(valid.valid_to) if valid.valid_to else ALWAYS_TO,
        )

    table = parse_table(
        decode(_bytes(path), file=path.name), make, required=OWN_COLUMNS, name=path.name
    )
    problems += table.problems
    return list(table.rows)


def _needed(cells: Cells, column: str) -> str:
    value = cells.optional(column)
    if not value:
        raise BadCell(column, f"{column} is empty.", "A rule without a source does not run.")
    return value
