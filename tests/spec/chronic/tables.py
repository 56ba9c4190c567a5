"""Text tables of the chronic specs: a header line, a rule of dashes, rows; `-` is an empty cell."""

from __future__ import annotations


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a text table by the words of its header."""
    lines = [line for line in text.strip().splitlines() if line.strip() and "-+-" not in line]
    header, *body = ([cell.strip() for cell in line.split("|")] for line in lines)
    for cells in body:
        assert len(cells) == len(header), cells
    return [
        {name: "" if cell == "-" else cell for name, cell in zip(header, cells, strict=True)}
        for cells in body
    ]
