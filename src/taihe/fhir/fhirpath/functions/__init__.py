"""
The functions of FHIRPath whose arguments are values; those that take expressions are in the
compiler. Source: https://hl7.org/fhirpath/, R4 additions: https://hl7.org/fhir/R4/fhirpath.html.
"""

from taihe.fhir.fhirpath.functions import (  # noqa: F401  (each enters its functions)
    boundaries,
    conversion,
    dates,
    encoding,
    existence,
    fhir,
    mathematics,
    navigation,
    subsetting,
    text,
)
from taihe.fhir.fhirpath.functions.arguments import (
    FUNCTIONS,
    LONGEST_TEXT,
    Function,
    Items,
    answer,
    function,
    number_of,
    single,
    text_of,
    truth,
    whole_of,
)
from taihe.fhir.fhirpath.functions.conversion import to_text

__all__ = [
    "FUNCTIONS",
    "LONGEST_TEXT",
    "Function",
    "Items",
    "answer",
    "function",
    "number_of",
    "single",
    "text_of",
    "to_text",
    "truth",
    "whole_of",
]
