"""
What surrounds every page: errors become a page or a problem document, answers to signed-in
people stay out of caches, and requests are counted by route without their values.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from taihe.base import counters
from taihe.base.logs import describe
from taihe.kernel.errors import Busy, TaiheError

Next = Callable[[HttpRequest], HttpResponse]
SLOW_SECONDS = 1.0
log = logging.getLogger("taihe.base.web")


def route_of(request: HttpRequest) -> str:
    """The name of the route of a request, never its address."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name or match.route or "unnamed") if match else "no route"


class ChineseFirst:
    """Pages are Chinese until the reader chooses another language, whatever the browser asks."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the chosen language."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = dict(settings.LANGUAGES)
        translation.activate(chosen if chosen in known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()
        response = self._next(request)
        response.setdefault("Content-Language", request.LANGUAGE_CODE or settings.LANGUAGE_CODE)
        return response


class Errors:
    """Turns expected errors into answers, counts requests, and keeps answers out of caches."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        began = time.perf_counter()
        response = self._next(request)
        took = time.perf_counter() - began
        route = route_of(request)
        counters.count(route, response.status_code, took)
        if took > SLOW_SECONDS:
            log.warning("%s %s %s slow: %.2f s", request.method, route, response.status_code, took)
        if getattr(request, "_taihe_actor", None) and "Cache-Control" not in response:
            response["Cache-Control"] = "no-store, private"
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """An answer for an error of ours, or for a store that is busy; None for the rest."""
        from taihe.base.views.errors import answer

        if isinstance(error, (OperationalError, sqlite3.OperationalError)):
            log.error("%s store: %s", route_of(request), describe(error))
            return answer(request, Busy("系统繁忙，暂时不能读写。", "请稍等片刻再试。"))
        if isinstance(error, TaiheError):
            if error.status >= 500:
                log.error("%s %s", route_of(request), describe(error))
            return answer(request, error)
        return None
