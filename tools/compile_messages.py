"""
Compile the English words of the navigation: locale/en/LC_MESSAGES/django.po to django.mo.

The compiled file is kept in the repository, so that an installation needs no gettext;
tests/project/test_messages.py holds that it matches its source.
"""

from pathlib import Path

import polib

SOURCE = Path(__file__).parents[1] / "src/taihe/ui/locale/en/LC_MESSAGES/django.po"


def compiled() -> bytes:
    """The compiled form of the English words."""
    return polib.pofile(str(SOURCE), encoding="utf-8").to_binary()


if __name__ == "__main__":
    SOURCE.with_suffix(".mo").write_bytes(compiled())
    print(f"{SOURCE.with_suffix('.mo')}: {len(polib.pofile(str(SOURCE)))} words")
