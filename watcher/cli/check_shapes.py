"""Shapes of what ``watcher check --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import UNSET, UnsetType

from watcher.analysis.depth import Shallower
from watcher.analysis.forecast import Forecast
from watcher.analysis.unmet import Unmet
from watcher.cli.output import Printed
from watcher.errors import Problem
from watcher.model import Instant


class PlannedNext(Printed, frozen=True, kw_only=True):
    """A report of the rules, and when it is told next."""

    name: str
    at: str
    next: Instant


class PrintedCheck(Printed, frozen=True, kw_only=True):
    """The costs and doubts of rules without errors."""

    ok: Literal[True] = True
    rules: int
    forecast: Forecast
    warnings: Sequence[Problem]
    unmet: Sequence[Unmet]
    shallower: Sequence[Shallower]
    endpoints: Mapping[str, str] | UnsetType = UNSET
    reports: Sequence[PlannedNext] | UnsetType = UNSET


class PrintedProblems(Printed, frozen=True, kw_only=True):
    """The errors of rules, all at once."""

    ok: Literal[False] = False
    problems: Sequence[Problem]
    warnings: Sequence[Problem]
