"""
From the bytes of a resource to what is stored: checked, cut for splicing, with its index rows.

Needs no database and no Django, so that a second process can do it for a load.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson

from taihe.fhir.compartments import patient_references
from taihe.fhir.search import (
    IndexRow,
    extract,
    is_address,
    normalise,
    only_system,
    parameter_by_number,
    parameters,
)
from taihe.fhir.validate import check
from taihe.kernel.codes import System
from taihe.kernel.errors import Incorrect
from taihe.kernel.identifiers import CitizenNumber, NotACitizenNumber, Oid
from taihe.record import types
from taihe.record.domain.impossible import future_date
from taihe.record.domain.likeness import is_borrowed
from taihe.record.keys import Keys
from taihe.record.splice import Stripped, strip

LARGEST_RESOURCE_BYTES = 16 * 1024 * 1024
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
LONGEST_TEXT = 200

SEALED_TYPES = frozenset({"Patient", "RelatedPerson", "Person", "Coverage"})
CITIZEN_SYSTEMS = frozenset({Oid.CITIZEN.value, Oid.CITIZEN_HL7_CHINA.value})
STRONG_SYSTEMS = CITIZEN_SYSTEMS | {System.INSURANCE_PERSON.value}
# Any other body is sealed when it holds telecom, a citizen number's system, or digits of the
# form of a citizen number or a mobile number, wherever they stand.
_REVEALING_TEXTS = (
    b'"telecom"',
    b"ontactPoint",
    b'2.16.156.10011.1.3"',
    b'2.16.840.1.113883.2.23.1.19.1"',
)
_MANY_DIGITS = re.compile(rb"\d{11,}")
_MOBILE = re.compile(rb"(?:86)?1[3-9]\d{9}")
_PERSON_TYPES = frozenset({"Patient", "RelatedPerson", "Person", "Practitioner"})
# `_id` and `_lastUpdated` are columns of the resource and its version.
_NOT_INDEXED = frozenset(parameters("Patient")[code].number for code in ("_id", "_lastUpdated"))
_TELEPHONES = frozenset(
    known[code].number
    for known in (parameters(kind) for kind in sorted(_PERSON_TYPES))
    for code in ("phone", "telecom")
    if code in known
)
# A unit is looked for in these systems when a search names none.
UNIT_SYSTEMS = ("http://unitsofmeasure.org", "", "urn:iso:std:iso:4217")
# Composites of Observation that are the union of two others by their expression: not stored.
UNIONS: dict[int, tuple[int, ...]] = {
    parameters("Observation")[f"combo-code-value-{kind}"].number: tuple(
        parameters("Observation")[f"{before}code-value-{kind}"].number
        for before in ("", "component-")
    )
    for kind in ("quantity", "concept")
}
_UNSEEN = re.compile(r"[\s\-()+]")

Token = tuple[int, int]
Text = tuple[int, str]
Span = tuple[int, float, float, int]


class Prepared(NamedTuple):
    """
    A resource ready to be written.

    `patients` are the ids of the patients it refers to, the first of them its person;
    `strong` are keyed hashes of strong identifiers (Patient only).
    """

    type: str
    id: str
    stripped: Stripped
    digest: bytes
    seals: bool
    patients: tuple[str, ...]
    strong: tuple[int, ...]
    tokens: tuple[Token, ...]
    texts: tuple[Text, ...]
    spans: tuple[Span, ...]


class Invalid(Incorrect):
    """The resource breaks rules of FHIR; `issues` say which and where."""

    def __init__(self, problem: str, do: str, issues: Sequence[Any]) -> None:
        super().__init__(problem, do)
        self.issues = issues


def parse(raw: bytes) -> dict[str, Any]:
    """
    The JSON object in these bytes.

    Refused are what is no JSON, what is no object, and an object that has a key twice: one
    reader would take the first, another the last.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Incorrect(
            f"This is not valid JSON: {_where(error)}.", "Correct it and send it again."
        ) from None
    if not isinstance(value, dict):
        raise Incorrect("A resource is a JSON object.", "Send one object with resourceType.")
    try:
        plain = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise too_deep() from None
    if plain != raw:
        _refuse_double_keys(raw)
    return value


def _where(error: orjson.JSONDecodeError) -> str:
    """The problem with its place, without the text around it."""
    return f"{error.msg.split(':')[0]} at line {error.lineno}, column {error.colno}"


def _refuse_double_keys(raw: bytes) -> None:
    def pairs(found: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in found}) != len(found):
            raise Incorrect(
                "An object has the same key twice.", "Keep one of them: which is meant?"
            )

    try:
        json.loads(raw, object_pairs_hook=pairs)
    except RecursionError:
        raise too_deep() from None


def too_deep() -> Incorrect:
    """The error for a body that is nested too deeply."""
    return Incorrect("The resource is nested too deeply.", "FHIR needs far fewer levels.")


class Preparer:
    """Prepares resources with the keys of one installation, on one day."""

    def __init__(self, keys: Keys, *, today: date) -> None:
        self.keys = keys
        self.tomorrow = today + timedelta(days=1)
        self._hash = keys.hash

    def from_bytes(self, raw: bytes, *, id: str | None = None, type: str | None = None) -> Prepared:
        """Prepare a resource as it was sent; `id` overrides the one inside."""
        resource = parse(raw)
        return self.prepare(raw, resource, id=id, type=type)

    def prepare(
        self,
        raw: bytes,
        resource: dict[str, Any],
        *,
        id: str | None = None,
        type: str | None = None,
    ) -> Prepared:
        """Check, cut and index a resource; `resource` is `raw`, parsed."""
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or kind not in types.NUMBER:
            raise Incorrect(
                "resourceType is missing or no resource type of FHIR R4.",
                "Name the type, for example Observation.",
            )
        if type is not None and kind != type:
            raise Incorrect(
                f"The body is a {kind}, the address says {type}.", f"Send it to /fhir/{kind}."
            )
        own = id if id is not None else resource.get("id")
        if not isinstance(own, str) or not ID.fullmatch(own):
            raise Incorrect(
                "The id is missing or has characters that an id may not have.",
                "An id has 1 to 64 letters, digits, hyphens and full stops.",
            )
        if names_a_person(own):
            raise Incorrect(
                "The id is a citizen number or a telephone number.",
                "Give another id: ids stand in addresses and logs.",
            )
        try:
            return self._prepare(raw, resource, kind, own)
        except RecursionError:
            raise too_deep() from None

    def _prepare(self, raw: bytes, resource: dict[str, Any], kind: str, own: str) -> Prepared:
        errors = [issue for issue in check(resource) if issue.severity in ("error", "fatal")]
        if errors:
            first = errors[0]
            raise Invalid(f"{first.location}: {first.problem}", first.do, errors)
        wrong = future_date(kind, resource, tomorrow=self.tomorrow)
        if wrong is not None:
            raise Incorrect(
                f"{kind}.{wrong.element} lies in the future. {wrong.reason}", "Correct the date."
            )
        stripped = strip(raw, resource)
        found = extract(resource)
        patients = (own,) if kind == "Patient" else _patient_ids(resource, kind, found)
        tokens, texts, spans = self.rows(found, kind)
        return Prepared(
            type=kind,
            id=own,
            stripped=stripped,
            digest=stripped.digest(),
            seals=kind in SEALED_TYPES or is_revealing(raw),
            patients=patients,
            strong=self.strong_keys(resource) if kind == "Patient" else (),
            tokens=tokens,
            texts=texts,
            spans=spans,
        )

    def rows(
        self, found: Sequence[IndexRow], kind: str
    ) -> tuple[tuple[Token, ...], tuple[Text, ...], tuple[Span, ...]]:
        """What is stored of the index rows of a resource, without doubles."""
        tokens: dict[Token, None] = {}
        texts: dict[Text, None] = {}
        spans: dict[Span, None] = {}
        hashed = self._hash
        for row in found:
            form, param, code = row.kind, row.param, row.code
            if param in _NOT_INDEXED:
                continue
            if form == "token":
                for text in token_texts(row):
                    tokens[param, hashed(text)] = None
                if row.system and row.system != only_system(param):
                    tokens[param, hashed(f"{row.system}|")] = None
            elif form == "reference":
                for text in reference_texts(row):
                    tokens[param, hashed(text)] = None
            elif form == "date":
                if row.low is not None and row.high is not None:
                    spans[param, row.low, row.high, 0] = None
            elif form == "string":
                self._add_string(param, kind, code, tokens, texts)
            elif form == "uri":
                tokens[param, hashed(f"u{code}")] = None
                if not _MANY_DIGITS.search(code.encode()):
                    texts[param, code[:LONGEST_TEXT]] = None
            elif form == "composite":
                if param not in UNIONS:
                    self._add_composite(row, tokens, texts, spans)
            elif form in ("quantity", "number") and row.low is not None and row.high is not None:
                for unit in [hashed(t) for t in unit_texts(row)] if form == "quantity" else (0,):
                    spans[param, row.low, row.high, unit] = None
        return tuple(tokens), tuple(texts), tuple(spans)

    def _add_composite(
        self,
        row: IndexRow,
        tokens: dict[Token, None],
        texts: dict[Text, None],
        spans: dict[Span, None],
    ) -> None:
        """The rows of a pair: its first part, a token or reference, is hashed into each."""
        if len(row.parts) != 2:
            return
        param, hashed = row.param, self._hash
        first, second = row.parts
        firsts = reference_texts(first) if first.kind == "reference" else token_texts(first)
        for before in firsts:
            if second.kind == "token":
                for after in token_texts(second):
                    tokens[param, hashed(f"{before}${after}")] = None
            elif second.kind == "string":
                plain = normalise(second.code)[:LONGEST_TEXT]
                if plain and not is_revealing(plain.encode(), escaped=False):
                    texts[param, pair_text(hashed(before), plain)] = None
            elif second.low is not None and second.high is not None:
                units = ["", *unit_texts(second)] if second.kind == "quantity" else [""]
                for unit in units:
                    spans[param, second.low, second.high, hashed(f"{before}${unit}")] = None

    def _add_string(
        self,
        param: int,
        kind: str,
        text: str,
        tokens: dict[Token, None],
        texts: dict[Text, None],
    ) -> None:
        plain = normalise(text)[:LONGEST_TEXT]
        if not plain:
            return
        tokens[param, self._hash(f"x{text}")] = None
        if _MANY_DIGITS.search(plain.encode()) and is_revealing(plain.encode(), escaped=False):
            return
        if is_hidden_string(kind, param):
            for length in range(1, len(plain) + 1):
                tokens[param, self._hash(f"p{plain[:length]}")] = None
        else:
            texts[param, plain] = None

    def strong_keys(self, patient: dict[str, Any]) -> tuple[int, ...]:
        """
        Keyed hashes of the identifiers that tell which person a patient is.

        A parent's citizen number on a child's registration tells of the parent, not of the child.
        """
        found: dict[int, None] = {}
        for identifier in patient.get("identifier") or ():
            if not isinstance(identifier, dict) or identifier.get("use") == "old":
                continue
            system, value = identifier.get("system") or "", identifier.get("value") or ""
            if system in CITIZEN_SYSTEMS and is_borrowed(value, patient.get("birthDate")):
                continue
            key = self.strong_key(system, value)
            if key is not None:
                found[key] = None
        return tuple(found)

    def strong_key(self, system: str, value: str) -> int | None:
        """The keyed hash of a strong identifier, None when it is not strong or not valid."""
        return strong_key(self.keys, system, value)


def strong_key(keys: Keys, system: str, value: str) -> int | None:
    """
    The keyed hash of a strong identifier.

    Strong are the citizen number, under either of its systems and in any form, and the
    insurance person number. A citizen number whose check fails names nobody.
    """
    if system in CITIZEN_SYSTEMS:
        try:
            return keys.hash(f"citizen:{CitizenNumber.parse(value).value}")
        except NotACitizenNumber:
            return None
    if system == System.INSURANCE_PERSON.value and value.strip():
        return keys.hash(f"psn:{value.strip()}")
    return None


def comparable(param: int, system: str, code: str) -> str:
    """
    A token as it is compared: a citizen number in its 18 characters, a telephone number
    without spaces and hyphens, everything else as it is.
    """
    if system in CITIZEN_SYSTEMS:
        try:
            return CitizenNumber.parse(code).value
        except NotACitizenNumber:
            return code.strip().upper()
    if param in _TELEPHONES:
        return _UNSEEN.sub("", code)
    return code


def reference_text(type: str, id: str) -> str:
    """What is hashed for a reference; a whole address has no type."""
    return f"r{id}" if not type or is_address(id) else f"r{type}/{id}"


def token_texts(row: IndexRow) -> tuple[str, str]:
    """What is hashed for a token: its code alone, and with its system."""
    plain = comparable(row.param, row.system, row.code)
    return f"={plain}", f"{row.system}|{plain}"


def reference_texts(row: IndexRow) -> list[str]:
    """What is hashed for a reference; a canonical is found without its version, too."""
    if not row.code:
        return []
    found = [reference_text(row.system, row.code)]
    if not row.system and "|" in row.code:
        found.append(reference_text("", row.code.partition("|")[0]))
    return found


def unit_texts(row: IndexRow) -> list[str]:
    """What is hashed for a unit: with its system, and alone where that is an unusual one."""
    found = [f"{row.system}|{row.code}"]
    return found if row.system in UNIT_SYSTEMS else [*found, f"={row.code}"]


def pair_text(first: int, plain: str) -> str:
    """The text of a composite of a token and a string: the token's hash, then the text."""
    return f"{first & 0xFFFFFFFFFFFFFFFF:016x}{plain}"


_hidden_parameters: dict[tuple[str, int], bool] = {}


def is_hidden_string(kind: str, param: int) -> bool:
    """Whether strings of this parameter are kept as hashes only: addresses of human beings."""
    known = _hidden_parameters.get((kind, param))
    if known is None:
        code = parameter_by_number(param).code
        known = kind in _PERSON_TYPES and code.startswith(("address", "phone", "email", "telecom"))
        _hidden_parameters[kind, param] = known
    return known


def _patient_ids(resource: dict[str, Any], kind: str, rows: Sequence[IndexRow]) -> tuple[str, ...]:
    if kind not in types.PERSONAL:
        return ()
    found = [reference.partition("/")[2] for reference in patient_references(resource, rows)]
    return tuple(dict.fromkeys(id for id in found if ID.fullmatch(id) and not names_a_person(id)))


def names_a_person(id: str) -> bool:
    """Whether an id is a citizen number or a mobile number, which may stand in no address."""
    if not id.isascii() or not id[:11].isdigit():
        return False
    if _MOBILE.fullmatch(id.encode()):
        return True
    try:
        CitizenNumber.parse(id)
    except NotACitizenNumber:
        return False
    return True


def is_revealing(raw: bytes, *, escaped: bool = True) -> bool:
    """
    Whether a body may name a person by telecom, a citizen number or a mobile number.

    Looks at bytes: any run of digits of the right form counts, wherever it stands. A body
    with escapes for plain letters or digits is looked at without them.
    """
    if any(text in raw for text in _REVEALING_TEXTS):
        return True
    for run in _MANY_DIGITS.finditer(raw):
        start, end = run.span()
        length = end - start
        if length == 17 and raw[end : end + 1] in (b"X", b"x"):
            return True
        if length in (15, 18):
            # The digits of a decimal are a citizen number only if every part fits.
            is_fraction = raw[start - 1 : start] == b"." and raw[start - 2 : start - 1].isdigit()
            if (length == 18 and not is_fraction) or names_a_person(run.group().decode()):
                return True
        if _MOBILE.fullmatch(raw, start, end):
            return True
    if escaped and b"\\u00" in raw:
        plain = json.dumps(orjson.loads(raw), ensure_ascii=False)
        return is_revealing(plain.encode("utf-8", "surrogatepass"), escaped=False)
    return False
