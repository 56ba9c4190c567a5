"""
What all tests share.

Databases are real files in the test process's own installation folder, because the record
store opens its own connections to them. A test that lets such a connection read what Django
wrote must commit: `@pytest.mark.django_db(transaction=True, databases=["default", "access"])`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The two sites' tests never run in one process."""
    zone = "zone_site" in collection_path.parts
    if collection_path.is_dir() and collection_path.name == "tests":
        return None
    if os.environ.get("TAIHE_TEST_SITE") == "zone":
        below_zone = zone or collection_path == Path(__file__)
        return None if below_zone else True
    return True if zone else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what cannot run here, with the reason; at night the long proofs begin first."""
    nightly = bool(os.environ.get("TAIHE_NIGHTLY"))
    if nightly:
        long = ("nightly", "slow")
        items.sort(key=lambda item: not any(map(item.get_closest_marker, long)))
    for item in items:
        if item.get_closest_marker("nightly") and not nightly:
            item.add_marker(pytest.mark.skip(reason="long proof: make nightly"))
        if item.get_closest_marker("shared") and not SHARED.exists():
            item.add_marker(pytest.mark.skip(reason="evaluation data (../shared) is not here"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud which families of tests did not run."""
    if not SHARED.exists():
        terminalreporter.write_line("note: ../shared is not here; tests marked `shared` skipped.")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The evaluation data beside the checkout."""
    return SHARED


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """Every worker has a folder of its own: no suffix on file names."""


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Tests use the installation's own files, so that all connections see the same."""
    from django.conf import settings

    for name in ("default", "access"):
        settings.DATABASES[name].setdefault("TEST", {})["NAME"] = str(
            settings.DATABASES[name]["NAME"]
        )
