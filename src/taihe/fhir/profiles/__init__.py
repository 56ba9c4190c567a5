"""
Validation against profiles: StructureDefinitions that are read at run time.

A profile narrows R4: how often an element occurs, its types and targets, fixed and pattern
values, lengths and limits, value sets, slices of what repeats, extensions, rules of its own.
`validate.check` has the base; what is said here is only what the profile adds. A profile with
a differential alone gets its snapshot from its base (`snapshot`).
Source: https://hl7.org/fhir/R4/profiling.html.
"""

from taihe.fhir.profiles.equality import holds_pattern, same
from taihe.fhir.profiles.given import Profiles
from taihe.fhir.profiles.reading import read_profiles

__all__ = ["Profiles", "holds_pattern", "read_profiles", "same"]
