"""The entry by role, the language, and the pages of definitions."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from taihe.base import definitions
from taihe.base.public import current_actor, home_of, public_page


@public_page
def entry(request: HttpRequest) -> HttpResponse:
    """`/`: to the desk of one's role, or to the sign-in page."""
    actor = current_actor(request)
    return HttpResponseRedirect(home_of(actor) if actor else settings.LOGIN_URL)


set_language = public_page(require_POST(django_set_language))


@public_page
def definition(request: HttpRequest, key: str) -> HttpResponse:
    """How a published figure is computed, today and before."""
    current = definitions.get(key)
    today = timezone.localdate()
    versions = definitions.versions(key)
    holding = [row for row in versions if row.validity.holds(today)]
    return render(
        request,
        "base/definition.html",
        {
            "definition": holding[0] if holding else current,
            "others": [row for row in versions if row is not (holding[0] if holding else current)],
        },
    )


@public_page
def definition_list(request: HttpRequest) -> HttpResponse:
    """All published figures of this site."""
    return render(request, "base/definitions.html", {"definitions": definitions.every()})
