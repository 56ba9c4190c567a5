"""
What granian serves: the hot FHIR paths first, then Django.

`TAIHE_SITE` and `TAIHE_DATA` say which site of which installation this process is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from taihe.config.site import configure, data_folder

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def make_application() -> Wsgi:
    """The WSGI application of this process's site."""
    site = "zone" if os.environ.get("TAIHE_SITE") == "zone" else "health"
    configure(site, data_folder())
    from django.core.wsgi import get_wsgi_application

    pages: Wsgi = get_wsgi_application()
    if site == "zone":
        return pages
    from taihe.record.http import application as fhir

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/fhir") and path[5:6] in ("", "/"):
            return fhir(environ, start_response)
        if path == "/.well-known/smart-configuration":
            return fhir(environ, start_response)
        return pages(environ, start_response)

    return dispatch


application = make_application()
