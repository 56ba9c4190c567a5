"""A page about the resident's own record: who may see it, how it is opened, how it answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from taihe.base.public import required_actor, requires_role
from taihe.kernel.errors import NotFound
from taihe.resident.mine import open_mine
from taihe.ui.elder import is_elder, remembers_view

Made = HttpResponse | tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], int]
Make = Callable[..., Made]


def own_page(
    tab: str, *, action: str = "summary", posts: bool = False
) -> Callable[[Make], Callable[..., HttpResponse]]:
    """
    A page about the resident's own record.

    The function gets the request and the opened record and gives a template, its context and
    perhaps a status, or a whole answer; `posts` lets it take a form. Who has no record is told
    what to do.
    """
    methods = ["GET", "HEAD", "POST"] if posts else ["GET", "HEAD"]

    def decorate(make: Make) -> Callable[..., HttpResponse]:
        @requires_role("resident")
        @cache_control(private=True, no_store=True)
        @require_http_methods(methods)
        @remembers_view
        @wraps(make)
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            route = f"app.{make.__name__}"
            context: dict[str, Any] = {"elder": is_elder(request), "tab": tab}
            try:
                mine = open_mine(required_actor(request), route=route, action=action)
            except NotFound as error:
                context |= {"problem": error.problem, "do": error.do}
                return render(request, "resident/without.html", context, status=404)
            made = make(request, mine, **kwargs)
            if isinstance(made, HttpResponse):
                return made
            template, more, *status = made
            return render(request, template, context | more, status=status[0] if status else 200)

        return view

    return decorate
