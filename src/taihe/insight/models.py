"""Tables of insight: only what was published. The lake itself is files below the installation."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Publication(models.Model):
    """
    A table of one indicator as it was released: never changed, the newest of a key counts.

    `cells` holds only what the small-cell rule lets out.
    """

    key = models.CharField(max_length=60)
    edition = models.IntegerField()
    as_of = models.DateField()
    minimum = models.IntegerField(help_text="smallest cell that may be shown")
    cells: models.JSONField[Any, Any] = models.JSONField()
    published_at = models.DateTimeField()
    by = models.BigIntegerField(help_text="party that released it")

    class Meta:
        db_table = "insight_publication"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "edition"], name="insight_publication_edition")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.edition}"
