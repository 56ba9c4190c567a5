"""
Errors as answers: a designed page with a way on, `application/problem+json` under `/api/`.

The page of a fault must appear whatever is broken, so it falls back to plain text.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from taihe.base.logs import describe
from taihe.base.public import public_page
from taihe.kernel.errors import (
    Busy,
    Category,
    Fault,
    Forbidden,
    Incorrect,
    NotFound,
    TaiheError,
)

log = logging.getLogger("taihe.base.web")

HEADINGS: dict[Category, tuple[str, str]] = {
    Category.INCORRECT: ("提交的内容有误", "误"),
    Category.NOT_FOUND: ("没有找到这个页面", "无"),
    Category.FORBIDDEN: ("您没有权限这样做", "禁"),
    Category.CONFLICT: ("状态已经改变", "变"),
    Category.UNSUPPORTED: ("暂不支持这样做", "未"),
    Category.BUSY: ("系统正忙", "忙"),
    Category.FAULT: ("系统出错了", "错"),
}


def answer(request: HttpRequest, error: TaiheError) -> HttpResponse:
    """The answer for an error: problem document, part of a page, or page."""
    if request.path.startswith("/api/"):
        response = _problem(error)
    else:
        response = _page(request, error)
    if isinstance(error, Busy):
        response["Retry-After"] = "5"
    return response


@public_page
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what was sent cannot be read."""
    return answer(
        request, Incorrect("请求的内容不完整或格式不对。", "请返回上一页，检查后重新提交。")
    )


@public_page
def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return answer(
        request, Forbidden("当前账号不能使用这个功能。", "请换有权限的账号，或联系管理员。")
    )


@public_page
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: also for what exists and is not for this reader."""
    return answer(
        request,
        NotFound("地址可能有误，或者这里的内容不对您开放。", "请检查地址，或从首页重新进入。"),
    )


@public_page
def fault(request: HttpRequest) -> HttpResponse:
    """500."""
    return answer(request, Fault("问题已经记录。", "请稍后再试；如果一直出现，请联系管理员。"))


@public_page
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose page was opened too long ago or comes from elsewhere."""
    return answer(
        request,
        Forbidden(
            "这个表单已经失效，可能是页面打开太久，或浏览器不接受 Cookie。",
            "请返回上一页刷新后重新提交。",
        ),
    )


def _problem(error: TaiheError) -> HttpResponse:
    """RFC 9457."""
    body = {
        "type": f"urn:taihe:problem:{error.category.value}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.problem,
        "do": error.do,
    }
    written = json.dumps(body, ensure_ascii=False)
    return HttpResponse(written, status=error.status, content_type="application/problem+json")


def _page(request: HttpRequest, error: TaiheError) -> HttpResponse:
    heading, mark = HEADINGS[error.category]
    context: dict[str, Any] = {
        "heading": heading,
        "mark": mark,
        "problem": error.problem,
        "do": error.do,
        "tone": "bad" if error.category is Category.FAULT else "",
    }
    try:
        return render(request, "base/error.html", context, status=error.status)
    except Exception as trouble:  # noqa: BLE001 - a fault's page must not need what is broken
        log.error("error page: %s", describe(trouble))
        text = f"{heading}\n\n{error.problem}\n{error.do}\n"
        return HttpResponse(text, status=error.status, content_type="text/plain; charset=utf-8")
