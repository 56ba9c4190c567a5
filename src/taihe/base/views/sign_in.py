"""
Signing in and out.

A session is written here and nowhere else. Guessing is slowed down by django-axes, and at
most two passwords are checked at once, because a check costs a third of a second.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from taihe.base import trail
from taihe.base.forms import SignIn
from taihe.base.models import Account, Role
from taihe.base.public import current_actor, home_of, public_page
from taihe.kernel.errors import Busy

BACKEND = "django.contrib.auth.backends.ModelBackend"
_checks = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class DemoAccount:
    """One button of the sign-in page."""

    username: str
    display_name: str
    role: str
    organisation: str


@public_page
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; who is signed in already goes on."""
    actor = current_actor(request)
    if request.method == "GET" and actor is not None:
        return HttpResponseRedirect(_next(request) or home_of(actor))
    form = SignIn(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        account = _check(request, form.cleaned_data["username"], form.cleaned_data["password"])
        if account is not None:
            return _enter(request, account, "signed-in")
        if getattr(request, "axes_locked_out", False):
            return locked_out(request)
        form.add_error(None, "用户名或口令不对。请检查大小写；忘记口令请联系本单位管理员。")
    if form.errors:
        status = 400
    return render(
        request,
        "base/sign_in.html",
        {"form": form, "next": _next(request), "demo_accounts": demo_accounts()},
        status=status,
    )


@public_page
@never_cache
@require_POST
def sign_in_demo(request: HttpRequest) -> HttpResponse:
    """One click as a demo account; there is no such page outside of a demo installation."""
    if not settings.TAIHE_DEMO:
        raise Http404
    wanted = request.POST.get("account", "")
    account = Account.objects.filter(username=wanted, is_demo=True, is_active=True).first()
    if account is None:
        raise Http404
    return _enter(request, account, "signed-in.demo")


@public_page
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forget the session."""
    actor = current_actor(request)
    if actor is not None:
        trail.record("signed-out", f"account:{actor.account_id}", by=actor.party)
    logout(request)
    return HttpResponseRedirect(settings.LOGIN_URL)


@public_page
def locked_out(
    request: HttpRequest, response: Any = None, credentials: Any = None, *_: Any
) -> HttpResponse:
    """Too many wrong passwords: what to do until it is open again."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(
        request,
        "base/error.html",
        {
            "heading": "口令输错次数太多",
            "mark": "锁",
            "problem": f"为保护账号，请在 {minutes} 分钟后再试。",
            "do": "如果忘记口令，请联系本单位管理员重设；等待期间再试会重新计时。",
            "ways": [("返回登录页", settings.LOGIN_URL)],
        },
        status=429,
    )


def demo_accounts() -> list[DemoAccount]:
    """The demo accounts by role; none outside of a demo installation."""
    if not settings.TAIHE_DEMO:
        return []
    words = dict(Role.Name.choices)
    order = {role: place for place, role in enumerate(Role.Name.values)}
    rows = (
        Role.objects.filter(account__is_demo=True, account__is_active=True)
        .select_related("account__organisation")
        .order_by("account_id")
    )
    first: dict[int, Role] = {}
    for row in rows:
        first.setdefault(row.account_id, row)
    return [
        DemoAccount(
            row.account.username,
            row.account.display_name,
            words[row.role],
            row.account.organisation.name if row.account.organisation else "",
        )
        for row in sorted(first.values(), key=lambda row: (order[row.role], row.account_id))
    ]


def _check(request: HttpRequest, username: str, password: str) -> Account | None:
    if not _checks.acquire(timeout=5):
        raise Busy("同时登录的人太多。", "请等几秒再试。")
    try:
        found = authenticate(request, username=username, password=password)
    finally:
        _checks.release()
    if isinstance(found, Account):
        return found
    # An unknown name is not written down: people type numbers there that are nobody's business.
    known = Account.objects.filter(username=Account.normalize_username(username)).first()
    if known is not None:
        trail.record("sign-in.failed", f"account:{known.pk}", by=None)
    return None


def _enter(request: HttpRequest, account: Account, action: str) -> HttpResponse:
    login(request, account, backend=BACKEND)
    if hasattr(request, "_taihe_actor"):
        del request._taihe_actor
    actor = current_actor(request)
    assert actor is not None
    trail.record(action, f"account:{account.pk}", by=actor.party)
    return HttpResponseRedirect(_next(request) or home_of(actor))


def _next(request: HttpRequest) -> str:
    """Where the reader wanted to go, if it is a page of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed and wanted != "/" else ""
