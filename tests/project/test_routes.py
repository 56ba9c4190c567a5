"""Every route says who may call it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string

from taihe.base.public import Declared

# Routes that anybody may call. A new one is added here on purpose, with a reason.
PUBLIC = {
    "health": {
        "sign_in",
        "sign_in_demo",
        "sign_out",
        "set_language",
        "entry",  # only sends people on
        "definitions",
        "definition",
        "healthz",
        "metrics",  # answers this machine and administrators only
        "api-openapi",  # says what the JSON interface takes
        "api-telemetry",  # asks for a bearer token or a resident's session itself
    },
}


def patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            found += patterns(entry, prefix + str(entry.pattern))
        else:
            found.append((prefix + str(entry.pattern), entry))
    return found


ROUTES = patterns(get_resolver())


@pytest.mark.parametrize(("route", "pattern"), ROUTES, ids=[route or "/" for route, _ in ROUTES])
def test_a_route_declares_who_may_call_it(route, pattern):
    declared = getattr(pattern.callback, "taihe_access", None)
    assert isinstance(declared, Declared), (
        f"/{route}: put @public_page, @requires_sign_in or @requires_role(...) outermost"
    )


@pytest.mark.parametrize(("route", "pattern"), ROUTES, ids=[route or "/" for route, _ in ROUTES])
def test_a_route_has_a_name(route, pattern):
    assert pattern.name, f"/{route}: logs and access entries know routes by name"


@pytest.mark.skipif(settings.TAIHE_SITE not in PUBLIC, reason="the zone site's pages are public")
def test_public_routes_are_known():
    public = {
        pattern.name
        for _, pattern in ROUTES
        if getattr(pattern.callback, "taihe_access", Declared("roles")).who == "public"
    }
    assert public == PUBLIC[settings.TAIHE_SITE]


@pytest.mark.parametrize("handler", ["handler400", "handler403", "handler404", "handler500"])
def test_errors_have_our_pages(handler):
    module = import_string(f"{settings.ROOT_URLCONF}.{handler}")
    assert module.startswith("taihe.base.views.")
    assert callable(import_string(module))
