"""Figures with their spread, against their goals, as a table in Markdown."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Unit -> how a value is written.
_FORMATS = {
    "x": "{:.2f}x", "s": "{:.2f} s", "ms": "{:,.1f} ms", "MB": "{:,.0f} MB", "B": "{:,.0f} B",
    "%": "{:.2f}%", "/s": "{:,.0f}/s", "KB": "{:,.1f} KB",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, measured several times.

    ``unit`` is one of ``x`` (a ratio), ``s``, ``ms``, ``MB``, ``KB``, ``B``, ``%``, ``/s``.
    ``most`` is the goal, None where there is none; ``worst``: it holds for the largest value and
    not for the median. ``beside`` says what it is made of, as "1.42 s against 0.98 s".
    """

    what: str
    values: tuple[float, ...]
    unit: str
    most: float | None = None
    worst: bool = False
    beside: str = ""

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def good(self) -> bool:
        """Whether it is within its goal."""
        held = max(self.values) if self.worst else self.median
        return self.most is None or held <= self.most

    def row(self) -> str:
        """A row of the table; a figure over its goal is bold."""
        show = _FORMATS[self.unit].format
        goal = "" if self.most is None else f"≤ {show(self.most)}"
        measured = show(max(self.values) if self.worst else self.median)
        if not self.good:
            measured = f"**{measured}**"
        spread = f"{show(min(self.values))} to {show(max(self.values))}"
        return f"| {self.what} | {goal} | {measured} | {spread} | {self.beside} |"


HEAD = "| | goal | measured | spread | made of |\n|---|---|---|---|---|"


def table(lines: Iterable[Line]) -> str:
    """The Markdown table; medians, but for goals that hold for the worst."""
    return "\n".join((HEAD, *(line.row() for line in lines)))


def machine() -> str:
    """On what it was measured, in a line."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores ({_model()}), {pages / 2**30:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _model() -> str:
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return " ".join(text.partition(":")[2].split())
    return platform.machine()
