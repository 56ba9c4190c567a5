"""
Compile a tree to Python closures, once; each takes the environment and the focus.

The focus is the collection that a name without source is looked up in: the resource at the
start, one item inside `where()` and its like.
"""

from taihe.fhir.fhirpath.compiler import (  # noqa: F401  (each enters what it compiles)
    calls,
    control,
    instances,
    iteration,
    operations,
    sorting,
)
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, compile_node
from taihe.fhir.fhirpath.compiler.terms import CONSTANTS
from taihe.fhir.fhirpath.compiler.types import check_type

__all__ = ["CONSTANTS", "Items", "Run", "check_type", "compile_node"]
