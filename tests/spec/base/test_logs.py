"""A log line says where and what kind, never whose."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from taihe.base.logs import Formatter, describe
from taihe.kernel.errors import Busy

NAME, NUMBER = "欧阳建国", "340822195001010011"


def fail_with_values() -> None:
    name = f"{NAME} {NUMBER}"
    raise ValueError(f"cannot read {name}")


def caught() -> ValueError:
    try:
        fail_with_values()
    except ValueError as error:
        return error
    raise AssertionError


def line(logger: str, message: str, *arguments: object, error: BaseException | None = None) -> str:
    record = logging.LogRecord(
        logger,
        logging.ERROR,
        "/x/django/utils/log.py",
        246,
        message,
        arguments,
        (type(error), error, error.__traceback__) if error else None,
    )
    return Formatter().format(record)


def test_an_exception_is_its_class_and_its_place():
    said = describe(caught())
    assert said.startswith("ValueError [test_logs.py:")
    assert "fail_with_values" in said
    assert NAME not in said
    assert NUMBER not in said


def test_the_exception_before_it_is_described_the_same_way():
    try:
        try:
            fail_with_values()
        except ValueError as error:
            raise RuntimeError(NAME) from error
    except RuntimeError as error:
        said = describe(error)
    assert "RuntimeError [" in said
    assert "from ValueError [" in said
    assert NAME not in said


def test_our_own_errors_are_shown_with_their_message():
    assert describe(Busy("The disk is full.", "Free some space.")).startswith(
        "Busy: The disk is full. Free some space."
    )


def test_a_foreign_message_is_withheld():
    said = line("django.request", "Internal Server Error: %s", f"/person/{NUMBER}", error=caught())
    assert NUMBER not in said
    assert NAME not in said
    assert "log.py:246" in said
    assert "ValueError" in said
    assert f"{NUMBER}" not in line("some.library", f"read {NUMBER}")


def test_a_message_of_ours_is_shown_on_one_line():
    assert "sealed 7 rows again" in line("taihe.base.sealing", "sealed %s rows\nagain", 7)


@pytest.mark.parametrize("how", ["threading.Thread(target=fail).start()", "fail()"])
def test_what_nobody_catches_is_described_too(how):
    code = (
        "import threading\n"
        "from taihe.base import logs\n"
        "logs.quiet_uncaught()\n"
        f"def fail(): raise ValueError({NAME!r})\n{how}\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ValueError [<string>:4 fail" in ended.stderr
    assert NAME not in ended.stderr
