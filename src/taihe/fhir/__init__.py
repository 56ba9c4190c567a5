"""
FHIR R4 (4.0.1) as a pure library: definitions, FHIRPath, search, validation, bundles, views.

It has no database and no network, and knows nothing above it but the kernel. Resources are
parsed JSON: dicts, lists, str, bool, int, float or Decimal.
"""
