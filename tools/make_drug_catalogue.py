"""
Make `medicine/knowledge/catalogue.csv.gz`: names, codes and pinyin of drugs and slices.

Three sources: codes that occur in the published insurance rules, the made-up drugs of the
synthetic county (neutral codes), and slice names of the pharmacopoeia (without a code).
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from taihe.county.catalogue import Catalogue
from taihe.county.rules import Rules

ROOT = Path(__file__).parents[1] / "src" / "taihe"
OUT = ROOT / "medicine" / "knowledge" / "catalogue.csv.gz"
KINDS = {"X": "western", "Z": "patent", "T": "slice"}
COLUMNS = ("code", "name", "kind", "unit", "usage", "initials", "pinyin", "source")


def main() -> None:
    """Write the table; the same rows give the same bytes."""
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in _table(ROOT / "claims" / "knowledge" / "rules.csv.gz"):
        kind = KINDS.get(row["code"][:1])
        if kind and row["status"] == "live":
            rows.setdefault(
                (row["code"], ""), (row["code"], row["name"], kind, "", "", row["source"])
            )
    county = Catalogue(Rules())
    for drug in county.drugs.values():
        if not drug.code.startswith("XZ99ZZZ"):
            rows[drug.code, ""] = (
                drug.code, drug.name, "western", drug.unit, drug.sig, "太和演示县，编码与用法为示例",
            )  # fmt: skip
    usual = {drug.name: drug for drug in county.drugs.values()}
    for key, row in list(rows.items()):
        drug = usual.get(row[1])
        if drug and not row[3]:
            rows[key] = (*row[:3], drug.unit, drug.sig, row[5])
    for herb in county.herbs:
        rows[herb.code, ""] = (
            herb.code, herb.name, "slice", "g", "", "太和演示县，编码为示例",
        )  # fmt: skip
    coded = {row[1] for row in rows.values()}
    for row in _table(ROOT / "tcm" / "knowledge" / "herbs.csv"):
        if row["key"] not in coded:
            rows["", row["key"]] = ("", row["key"], "slice", "g", "", row["source"])
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows.values(), key=lambda row: (row[2], row[1], row[0])):
        sounds = lazy_pinyin(row[1], errors=_plain)
        firsts = lazy_pinyin(row[1], style=Style.FIRST_LETTER, errors=_plain)
        writer.writerow((*row[:5], "".join(firsts).casefold(), "".join(sounds).casefold(), row[5]))
    with OUT.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as z:
        z.write(text.getvalue().encode())


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isalnum())


def _table(path: Path) -> list[dict[str, str]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


if __name__ == "__main__":
    main()
