"""Which method writes a function, and what functions of values take and give."""

from __future__ import annotations

# The methods that write a function as a collection, or as one value, by its name.
COLLECTION_CALLS = {
    "where": "where",
    "select": "select",
    "ofType": "as_type",
    "as": "as_type",
    "extension": "extension",
    "coalesce": "coalesce",
    "iif": "iif",
    "aggregate": "aggregate",
    "repeat": "repeat",
    "repeatAll": "repeat",
    "first": "end",
    "last": "end",
    "tail": "part",
    "skip": "part",
    "take": "part",
    "single": "single",
    "distinct": "distinct",
    "union": "two",
    "combine": "two",
    "intersect": "filtered",
    "exclude": "filtered",
    "split": "split",
    "trace": "trace",
    "children": "below",
    "descendants": "below",
}
SCALAR_CALLS = {
    "not": "negated",
    "exists": "existence",
    "empty": "existence",
    "all": "existence",
    "hasExtension": "has_extension",
    "is": "is_call",
    "count": "count_of",
    "sum": "total_of",
    "now": "time",
    "today": "time",
    "timeOfDay": "time",
    "isDistinct": "sets",
    "subsetOf": "sets",
    "supersetOf": "sets",
    "toString": "spelled_out",
    "join": "join",
    "getResourceKey": "resource_key",
}

# Functions of one text and values, and the type of what they give.
TEXTUAL = {
    "upper": "String", "lower": "String", "trim": "String", "length": "Integer",
    "startsWith": "Boolean", "endsWith": "Boolean", "contains": "Boolean", "indexOf": "Integer",
    "lastIndexOf": "Integer", "substring": "String", "replace": "String", "matches": "Boolean",
    "matchesFull": "Boolean", "replaceMatches": "String", "encode": "String", "decode": "String",
    "escape": "String", "unescape": "String",
}  # fmt: skip

# Functions of one value and others, and the type of what they give; "" for what only data says.
ATOMIC = {
    "abs": "", "ceiling": "Number", "floor": "Number", "truncate": "Number", "round": "Number",
    "sqrt": "Number", "ln": "Number", "exp": "Number", "log": "Number", "power": "Number",
    "precision": "Integer", "lowBoundary": "", "highBoundary": "", "toBoolean": "Boolean",
    "toInteger": "Integer", "toLong": "", "toDecimal": "Number", "toDate": "",
    "toDateTime": "", "toTime": "", "toQuantity": "", "convertsToBoolean": "Boolean",
    "convertsToInteger": "Boolean", "convertsToLong": "Boolean", "convertsToDecimal": "Boolean",
    "convertsToDate": "Boolean", "convertsToDateTime": "Boolean", "convertsToTime": "Boolean",
    "convertsToQuantity": "Boolean", "convertsToString": "Boolean",
}  # fmt: skip

# Functions of whole collections whose results have one type.
LISTED = {
    "allTrue": "Boolean", "anyTrue": "Boolean", "allFalse": "Boolean", "anyFalse": "Boolean",
    "hasValue": "Boolean", "htmlChecks": "Boolean", "memberOf": "Boolean", "subsumes": "Boolean",
    "subsumedBy": "Boolean", "conformsTo": "Boolean", "subsetOf": "Boolean",
    "supersetOf": "Boolean", "isDistinct": "Boolean", "toChars": "String",
}  # fmt: skip
