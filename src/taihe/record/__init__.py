"""
The record: FHIR resources of every person, their versions, who may read them, and who did.

Owns resources, versions, index rows, persons, relations, the change feed and tokens.
It does not know what upper contexts do with them: they follow the feed and write relations
through `public`.
"""
