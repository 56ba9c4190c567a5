"""长辈版: the same pages with larger type and targets, chosen once and kept in a cookie."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

COOKIE = "taihe_elder"
YEAR = 365 * 24 * 3600


def is_elder(request: HttpRequest) -> bool:
    """Whether this page is shown in the elder view; `?elder=1` or `0` wins over the cookie."""
    asked = request.GET.get("elder")
    if asked in ("0", "1"):
        return asked == "1"
    return request.COOKIES.get(COOKIE) == "1"


def remembers_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep the chosen view for a year when the address names one."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if request.GET.get("elder") in ("0", "1"):
            response.set_cookie(
                COOKIE,
                request.GET["elder"],
                max_age=YEAR,
                samesite="Lax",
                httponly=True,
                secure=request.is_secure(),
            )
        return response

    return inner
