"""
A slow plain FHIRPath: walks the tree, item by item, for the part of the language without dates
and quantities. It shares the parser and the published tables with the library, nothing else.

An item is (value, type, place, extra); System values have a type with a capital letter. What
it does not cover raises NotCovered.
"""

from __future__ import annotations

from decimal import Decimal

from taihe.fhir import definitions
from taihe.fhir.fhirpath import tree


class NotCovered(Exception):
    pass


class Wrong(Exception):
    pass


NUMBERS = {"integer", "positiveInt", "unsignedInt", "decimal"}


def kind_of(name):
    row = definitions.types().get(name)
    return row.kind if row else ""


def line_of(name):
    while name:
        yield name
        row = definitions.types().get(name)
        name = row.base if row else ""


def system(value):
    name = {bool: "Boolean", int: "Integer", Decimal: "Decimal", str: "String"}[type(value)]
    return (value, name, "", None)


def fields_of(item):
    """(name, child item) of everything below an item."""
    value, _type, place, extra = item
    if not isinstance(value, dict):
        value, place = extra or {}, "Element"
    for key, raw in list(value.items()) + [
        (k[1:], None) for k in value if k[0] == "_" and k[1:] not in value
    ]:
        for element in definitions.children(place).values():
            base = element.name.removesuffix("[x]")
            for type in element.types or ("BackboneElement",):
                name = base + type[0].upper() + type[1:] if element.name.endswith("[x]") else base
                if name != key:
                    continue
                own = f"{place}.{element.name}"
                inner = type
                if element.content_reference:
                    inner = element.content_reference
                elif type in ("BackboneElement", "Element") and definitions.children(own):
                    inner = own
                beside = value.get("_" + key)
                many = isinstance(raw, list) or isinstance(beside, list)
                values = (raw or []) if many else [raw]
                extras = (beside or []) if many else [beside]
                for at in range(max(len(values), len(extras))):
                    one = values[at] if at < len(values) else None
                    more = extras[at] if at < len(extras) else None
                    if one is None and more is None:
                        continue
                    if isinstance(one, dict) and "resourceType" in one:
                        yield base, (one, one["resourceType"], one["resourceType"], None)
                    else:
                        yield base, (one, type, inner, more)


def atom(item):
    value, type, _place, _extra = item
    if type in ("date", "dateTime", "instant", "time") or "Quantity" in line_of(type):
        raise NotCovered
    if value is None:
        raise NotCovered
    if type in NUMBERS:
        return value if type != "decimal" else Decimal(str(value))
    return value


def same(a, b):
    one, two = atom(a), atom(b)
    if isinstance(one, bool) != isinstance(two, bool):
        return False
    return one == two


def only(items):
    if len(items) > 1:
        raise Wrong
    return items[0] if items else None


def truth(items):
    item = only(items)
    if item is None:
        return None
    value = atom(item)
    return value if isinstance(value, bool) else True


def answer(value):
    return [] if value is None else [system(value)]


class Walk:
    def __init__(self, resource):
        kind = resource["resourceType"]
        self.root = (resource, kind, kind, None)

    def __call__(self, node, focus, env=None):
        env = env or {"this": focus, "index": None, "total": []}
        return getattr(self, type(node).__name__.lower())(node, focus, env)

    def literal(self, node, focus, env):
        if node.kind not in ("Boolean", "String", "Integer", "Decimal"):
            raise NotCovered
        return [system(node.value)]

    def empty(self, node, focus, env):
        return []

    def variable(self, node, focus, env):
        if node.name not in ("resource", "context", "rootResource"):
            raise NotCovered
        return [self.root]

    def special(self, node, focus, env):
        if node.name == "$index":
            return answer(env["index"])
        return env[node.name[1:]]

    def member(self, node, focus, env):
        items = focus if node.source is None else self(node.source, focus, env)
        found = []
        for item in items:
            if node.source is None and kind_of(node.name) and node.name in line_of(item[1]):
                found.append(item)
            else:
                found += [child for name, child in fields_of(item) if name == node.name]
        return found

    def index(self, node, focus, env):
        at = only(self(node.index, focus, env))
        items = self(node.source, focus, env)
        return [] if at is None or not 0 <= at[0] < len(items) else [items[at[0]]]

    def unary(self, node, focus, env):
        item = only(self(node.operand, focus, env))
        if item is None:
            return []
        value = atom(item)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise Wrong
        return [system(-value if node.operator == "-" else value)]

    def typetest(self, node, focus, env):
        return self.typed(node.operator, self(node.operand, focus, env), node.type)

    def typed(self, operator, items, name):
        space, _, name = name.rpartition(".")

        def fits(item, cast):
            own = item[1]
            if own[0].isupper() and not kind_of(own):  # a System value
                return own == name and space != "FHIR"
            if space == "System":
                return False
            return own == name if cast and kind_of(own) == "primitive" else name in line_of(own)

        if operator == "ofType":
            return [i for i in items if fits(i, True)]
        item = only(items)
        if item is None:
            return []
        if operator == "is":
            return [system(fits(item, False))]
        return [item] if fits(item, True) else []

    def binary(self, node, focus, env):
        operator = node.operator
        if operator in ("~", "!~"):
            raise NotCovered
        left = self(node.left, focus, env)
        if operator in ("and", "or", "implies", "xor"):
            a = truth(left)
            if (operator, a) in (("and", False), ("or", True), ("implies", False)):
                return answer(operator != "and")
            b = truth(self(node.right, focus, env))
            table = {
                "and": False if b is False else (True if a and b else None),
                "or": True if b else (False if a is False and b is False else None),
                "xor": None if a is None or b is None else a != b,
                "implies": True if b else (b if a else None),
            }
            return answer(table[operator])
        right = self(node.right, focus, env)
        if operator in ("=", "!="):
            if not left or not right:
                return []
            equal = len(left) == len(right) and all(map(same, left, right))
            return answer(equal == (operator == "="))
        if operator == "|":
            return self.unique(left + right)
        if operator in ("in", "contains"):
            one, many = (left, right) if operator == "in" else (right, left)
            item = only(one)
            return [] if item is None else answer(any(same(item, other) for other in many))
        a, b = only(left), only(right)
        if operator == "&":
            return answer("".join(self.text(i) for i in (a, b) if i is not None))
        if a is None or b is None:
            return []
        return self.compute(operator, atom(a), atom(b))

    def compute(self, operator, a, b):
        numbers = all(isinstance(v, int | Decimal) and not isinstance(v, bool) for v in (a, b))
        texts = isinstance(a, str) and isinstance(b, str)
        if operator in ("<", "<=", ">", ">="):
            if not numbers and not texts:
                raise Wrong
            return answer({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])
        if operator == "+" and texts:
            return answer(a + b)
        if not numbers:
            raise Wrong
        if operator in ("div", "mod", "/"):
            raise NotCovered
        return answer({"+": a + b, "-": a - b, "*": a * b}[operator] if operator in "+-*" else None)

    def text(self, item):
        value = atom(item)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, dict):
            raise NotCovered
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def unique(self, items):
        found = []
        for item in items:
            if not any(same(item, other) for other in found):
                found.append(item)
        return found

    def each(self, node, items):
        return [
            self(node, [item], {"this": [item], "index": at, "total": []})
            for at, item in enumerate(items)
        ]

    def call(self, node, focus, env):
        items = focus if node.source is None else self(node.source, focus, env)
        name, arguments = node.name, node.arguments
        if name in ("is", "as", "ofType"):
            return self.typed(name, items, arguments[0].name)
        if name in ("where", "exists", "all") and arguments:
            held = [truth(found) is True for found in self.each(arguments[0], items)]
            if name == "where":
                return [item for item, kept in zip(items, held, strict=True) if kept]
            return answer(any(held) if name == "exists" else all(held))
        if name == "select":
            return [item for found in self.each(arguments[0], items) for item in found]
        if name == "aggregate":
            total = self(arguments[1], focus, env) if len(arguments) > 1 else []
            for at, item in enumerate(items):
                total = self(arguments[0], [item], {"this": [item], "index": at, "total": total})
            return total
        if name == "descendants":
            below = [child for item in items for _, child in fields_of(item)]
            return below + (self.call(node_on(node), below, {"this": below}) if below else [])
        simple = getattr(self, "f_" + name.lower(), None)
        if simple is None:
            raise NotCovered
        given = [self(argument, focus, env) for argument in arguments]
        return simple(items, *given)

    def f_exists(self, items):
        return answer(bool(items))

    def f_empty(self, items):
        return answer(not items)

    def f_not(self, items):
        value = truth(items)
        return answer(None if value is None else not value)

    def f_count(self, items):
        return answer(len(items))

    def f_first(self, items):
        return items[:1]

    def f_last(self, items):
        return items[-1:]

    def f_tail(self, items):
        return items[1:]

    def f_skip(self, items, number):
        return items[max(0, only(number)[0]) :]

    def f_take(self, items, number):
        return items[: max(0, only(number)[0])]

    def f_distinct(self, items):
        return self.unique(items)

    def f_isdistinct(self, items):
        return answer(len(self.unique(items)) == len(items))

    def f_union(self, items, other):
        return self.unique(items + other)

    def f_combine(self, items, other):
        return items + other

    def f_intersect(self, items, other):
        return [i for i in self.unique(items) if any(same(i, o) for o in other)]

    def f_exclude(self, items, other):
        return [i for i in items if not any(same(i, o) for o in other)]

    def f_children(self, items):
        return [child for item in items for _, child in fields_of(item)]

    def f_extension(self, items, url):
        return [
            child
            for item in items
            for name, child in fields_of(item)
            if name == "extension" and child[0].get("url") == only(url)[0]
        ]

    def words(self, *collections):
        found = [only(items) for items in collections]
        if any(item is None for item in found):
            return None
        values = [atom(item) for item in found]
        if not isinstance(values[0], str):
            raise Wrong
        return values

    def worded(self, compute, *collections):
        values = self.words(*collections)
        return [] if values is None else answer(compute(*values))

    def f_startswith(self, items, part):
        return self.worded(str.startswith, items, part)

    def f_endswith(self, items, part):
        return self.worded(str.endswith, items, part)

    def f_contains(self, items, part):
        return self.worded(str.__contains__, items, part)

    def f_upper(self, items):
        return self.worded(str.upper, items)

    def f_lower(self, items):
        return self.worded(str.lower, items)

    def f_length(self, items):
        return self.worded(len, items)

    def f_indexof(self, items, part):
        return self.worded(str.find, items, part)

    def f_tostring(self, items):
        item = only(items)
        return [] if item is None else answer(self.text(item))


def node_on(node):
    return tree.Call(node.position, None, node.name, node.arguments)


def evaluate(expression, resource):
    """The values as JSON has them, without those that are missing."""
    from taihe.fhir.fhirpath.parser import parse

    walk = Walk(resource)
    items = walk(parse(expression), [walk.root])
    return [item[0] for item in items if item[0] is not None]
