"""Addresses for tests of errors: the site's own, and views that fail with a person's values."""

from __future__ import annotations

import sqlite3

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.module_loading import import_string

from taihe.base.public import public_page
from taihe.kernel import errors

RAISES = {
    "value": lambda text: ValueError(f"cannot read {text}"),
    "key": KeyError,
    "incorrect": lambda text: errors.Incorrect("缺少日期。", "请填写日期。"),
    "not-found": lambda text: errors.NotFound("没有这个病例。", "请检查地址。"),
    "forbidden": lambda text: errors.Forbidden("不能确认自己的病例。", "请由他人确认。"),
    "conflict": lambda text: errors.Conflict("已被他人办理。", "请刷新。"),
    "unsupported": lambda text: errors.Unsupported("不支持。", "请换一种。"),
    "busy": lambda text: errors.Busy("磁盘已满。", "请稍后再试。"),
    "fault": lambda text: errors.Fault("出错。", "请联系管理员。"),
    "denied": lambda text: PermissionDenied(text),
    "suspicious": lambda text: SuspiciousOperation(text),
    "locked": lambda text: OperationalError("database is locked"),
    "locked-raw": lambda text: sqlite3.OperationalError("database is locked"),
}


@public_page
def raising(request: HttpRequest, kind: str) -> HttpResponse:
    name = request.GET.get("name", "") + request.POST.get("name", "") + request.body.decode()
    raise RAISES[kind](name)


@public_page
def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


site = import_string(f"taihe.config.urls_{settings.TAIHE_SITE}.urlpatterns")
urlpatterns = [
    path("raise/<str:kind>/", raising, name="raise"),
    path("api/raise/<str:kind>/", raising, name="api_raise"),
    path("fine/", fine, name="fine"),
    *site,
]
handler400 = "taihe.base.views.bad_request"
handler403 = "taihe.base.views.refused"
handler404 = "taihe.base.views.not_found"
handler500 = "taihe.base.views.fault"
assert include
