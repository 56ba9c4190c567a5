"""Handing the zone its token: what an operator does when two agencies agree to exchange figures."""

from __future__ import annotations

import os

from django.conf import settings

from taihe.base import public as base
from taihe.config.site import Folder, data_folder
from taihe.record import public as record

SCOPE = "system/MeasureReport.r"
CLIENT = "开发区协同"
MINUTES = 366 * 24 * 60


def hand_over_token() -> None:
    """Issue a token for released aggregates into the zone's keys, once."""
    file = Folder(data_folder()).zone.keys / "peer.token"
    if not settings.TAIHE_DEMO or not file.parent.exists() or file.exists():
        return
    party = base.create_system_party(CLIENT)
    token = record.issue_token(SCOPE, MINUTES, party, CLIENT)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(token)
