"""
The tables of the record as Django sees them.

Hot paths write plain SQL (`store.py`, `queries.py`); the models serve migrations, desks and
contexts' tests. What must hold is a constraint of the table first.
"""

from __future__ import annotations

from django.db import models


class Counter(models.Model):
    """
    The next numbers: resources, feed, persons, and the last time given.

    Taking one locks its row until the commit, so that numbers become visible in order.
    """

    name = models.TextField(primary_key=True)
    value = models.BigIntegerField()

    class Meta:
        db_table = "record_counter"


class Resource(models.Model):
    """
    One FHIR resource: which version is current, and whose it is.

    `type` is the number of the resource type (`types.py`), `person` the person it belongs
    to: NULL for what is not personal (an Organization), 0 for what is personal and belongs to
    nobody known. `refhash` is the keyed hash of "Type/id", the same as in reference rows.
    """

    rid = models.BigIntegerField(primary_key=True)
    type = models.BigIntegerField()
    id = models.TextField()
    version = models.BigIntegerField()
    feed = models.BigIntegerField()
    deleted = models.BigIntegerField()
    person = models.BigIntegerField(null=True)
    refhash = models.BigIntegerField()

    class Meta:
        db_table = "record_resource"
        constraints = [
            models.UniqueConstraint(fields=["type", "id"], name="record_resource_type_id")
        ]
        indexes = [
            models.Index(fields=["type"], name="record_resource_type"),
            models.Index(fields=["type", "feed"], name="record_resource_type_feed"),
            models.Index(fields=["person", "type"], name="record_resource_person"),
        ]


class Version(models.Model):
    """
    One version of a resource, never overwritten: the row is also the trail of the change.

    `at` is in microseconds since 1970 UTC and never falls with `feed`. `sealed` names the
    cipher of `body` (0 none, 1 AES-GCM, 2 SM4-GCM). `hash` is over the body without id,
    versionId and lastUpdated. `body` is NULL for a deletion. `method`: 1 create, 2 update,
    3 delete.
    """

    feed = models.BigIntegerField(primary_key=True)
    rid = models.BigIntegerField()
    version = models.BigIntegerField()
    at = models.BigIntegerField()
    party = models.BigIntegerField()
    method = models.BigIntegerField()
    sealed = models.BigIntegerField()
    hash = models.BinaryField()
    body = models.BinaryField(null=True)

    class Meta:
        db_table = "record_version"
        constraints = [
            models.UniqueConstraint(fields=["rid", "version"], name="record_version_rid")
        ]


class IdxToken(models.Model):
    """Tokens, references, addresses of the web: keyed hashes by parameter."""

    pk = models.CompositePrimaryKey("param", "hash", "rid")
    param = models.BigIntegerField()
    hash = models.BigIntegerField()
    rid = models.BigIntegerField()

    class Meta:
        db_table = "record_idx_token"
        indexes = [models.Index(fields=["rid"], name="record_idx_token_rid")]


class IdxText(models.Model):
    """Strings, normalised; never an identifier, a telephone number or a person's address."""

    pk = models.CompositePrimaryKey("param", "value", "rid")
    param = models.BigIntegerField()
    value = models.TextField()
    rid = models.BigIntegerField()

    class Meta:
        db_table = "record_idx_text"
        indexes = [models.Index(fields=["rid"], name="record_idx_text_rid")]


class IdxSpan(models.Model):
    """Dates (microseconds, half-open), numbers and quantities (range by precision)."""

    pk = models.CompositePrimaryKey("param", "low", "rid", "high", "unit")
    param = models.BigIntegerField()
    low = models.FloatField()
    rid = models.BigIntegerField()
    high = models.FloatField()
    unit = models.BigIntegerField()

    class Meta:
        db_table = "record_idx_span"
        indexes = [models.Index(fields=["rid"], name="record_idx_span_rid")]


class Person(models.Model):
    """A human being known to the county; `current` is another number after a merge."""

    number = models.BigIntegerField(primary_key=True)
    current = models.BigIntegerField()

    class Meta:
        db_table = "record_person"
        indexes = [models.Index(fields=["current"], name="record_person_current")]


class PersonKey(models.Model):
    """Keyed hash of a strong identifier, and the person who has it."""

    hash = models.BigIntegerField(primary_key=True)
    person = models.BigIntegerField()

    class Meta:
        db_table = "record_person_key"
        indexes = [models.Index(fields=["person"], name="record_person_key_person")]


class Patient(models.Model):
    """A source's Patient by its id, and the person it stands for."""

    id = models.TextField(primary_key=True)
    person = models.BigIntegerField()

    class Meta:
        db_table = "record_patient"
        indexes = [models.Index(fields=["person"], name="record_patient_person")]


class Event(models.Model):
    """What the feed says beside versions: persons merged, unmerged."""

    feed = models.BigIntegerField(primary_key=True)
    at = models.BigIntegerField()
    party = models.BigIntegerField()
    kind = models.TextField()
    person = models.BigIntegerField()
    other = models.BigIntegerField()
    detail = models.TextField()

    class Meta:
        db_table = "record_event"
        indexes = [models.Index(fields=["person"], name="record_event_person")]


class Relation(models.Model):
    """
    What opens a person's record to a party; the access gate reads nothing else.

    Person 0 is every person, for the kind `platform` only. `start` and `end` are microseconds
    since 1970 UTC, half-open; no end is still open.
    """

    id = models.BigAutoField(primary_key=True)
    person = models.BigIntegerField()
    party = models.BigIntegerField()
    kind = models.TextField()
    start = models.BigIntegerField()
    end = models.BigIntegerField(null=True)
    source = models.TextField()

    class Meta:
        db_table = "record_relation"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__gt=0) | models.Q(kind="platform"),
                name="record_relation_every_person_is_platform",
            ),
            models.UniqueConstraint(
                fields=["party", "kind", "person", "start", "source"], name="record_relation_once"
            ),
        ]
        indexes = [models.Index(fields=["person"], name="record_relation_person")]


class Token(models.Model):
    """A bearer token, only as keyed hash; times in microseconds since 1970 UTC."""

    hash = models.BinaryField(primary_key=True)
    party = models.BigIntegerField()
    scope = models.TextField()
    client = models.TextField()
    issued_at = models.BigIntegerField()
    expires_at = models.BigIntegerField()
    revoked_at = models.BigIntegerField(null=True)

    class Meta:
        db_table = "record_token"


class Pair(models.Model):
    """
    Two persons who may be one, for people to decide (`domain/pair_workflow.py`).

    `left_person` is the smaller number. `levels` is JSON: the level of each comparison of the
    two Patients that are most alike; `doubt` is why weights may not decide. `feed` is the
    number of the merge event once they are one. `proposed_at` is in microseconds.
    """

    id = models.BigAutoField(primary_key=True)
    left_person = models.BigIntegerField()
    right_person = models.BigIntegerField()
    left_patient = models.TextField()
    right_patient = models.TextField()
    probability = models.FloatField()
    levels = models.TextField()
    doubt = models.TextField()
    state = models.TextField()
    proposed_at = models.BigIntegerField()
    feed = models.BigIntegerField(null=True)

    class Meta:
        db_table = "record_pair"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left_person__lt=models.F("right_person")),
                name="record_pair_ordered",
            ),
            models.UniqueConstraint(
                fields=["left_person", "right_person"], name="record_pair_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "probability"], name="record_pair_state")]

    @property
    def subject(self) -> str:
        """How the workflow and the trail name it."""
        return f"pair:{self.pk}"


class Consent(models.Model):
    """
    One decision of a person about who may read; rows are only added (`domain/consent.py`).

    `purpose` "" is every purpose, `party` 0 every party, `kind` "" every kind of relation;
    `permits` 0 withdraws, 1 gives. `text` is key@version of the words shown, `hash` SHA-256
    over them. Times are microseconds since 1970 UTC, half-open; no end is without end.
    """

    id = models.BigAutoField(primary_key=True)
    person = models.BigIntegerField()
    purpose = models.TextField()
    party = models.BigIntegerField()
    kind = models.TextField()
    permits = models.BigIntegerField()
    start = models.BigIntegerField()
    end = models.BigIntegerField(null=True)
    source = models.TextField()
    text = models.TextField()
    hash = models.TextField()
    by = models.BigIntegerField()

    class Meta:
        db_table = "record_consent"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__gt=0), name="record_consent_of_somebody"
            )
        ]
        indexes = [models.Index(fields=["person", "permits", "id"], name="record_consent_person")]


class Withdrawn(models.Model):
    """
    Every number of a person who ever withdrew a consent: only these need a look at consents.

    A number too many costs a look and changes nothing; `persons.merge` adds what joins.
    """

    number = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "record_withdrawn"
