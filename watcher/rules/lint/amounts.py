"""Doubts about the numbers in a simple condition: percentages that stand where none is meant, more
places than are read, peers that a list has not."""

from __future__ import annotations

import math
from collections.abc import Iterator

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.compare import Between, Compare
from watcher.rules.conditions.peers import LEAST as FEWEST_PEERS
from watcher.rules.conditions.peers import AmongPeers
from watcher.rules.conditions.ranking import Top
from watcher.rules.conditions.transition import Crosses
from watcher.rules.lint.clauses import said
from watcher.rules.lint.facts import SCORES
from watcher.units import Unit, format_number

_STEEP = 10  # a growth of 1,000% that is written without a percent sign was meant as 10%
_SLACK = 1e-9
_TIMES = 3  # "rises: 3" of a count may mean three, or three times


def amounts(leaf: Condition, depth: int, *, in_percent: bool) -> Iterator[str]:
    """All of a simple condition on subjects of which a scan gives ``depth`` at most; whether its
    number is written ``in_percent``."""
    of_number = _share if in_percent else _steep
    if text := _unordered(leaf) or of_number(leaf) or _twice(leaf):
        yield text
    if isinstance(leaf, Top) and leaf.places > depth:
        deep = f'"{leaf}" reaches below what the watch reads, and who is not read counts as'
        cure = f"write {depth:,} at most, or give the watch top: {leaf.places}"
        yield f"{deep} outside: {cure}"
    if isinstance(leaf, AmongPeers) and (text := _too_few(leaf, depth)):
        yield text


def _too_few(leaf: AmongPeers, depth: int) -> str:
    """A part of the peers that is less than one of as many as the watch reads."""
    fewest = max(FEWEST_PEERS, math.ceil(1 / leaf.share - _SLACK))
    if depth >= fewest:
        return ""
    why = "among fewer than that nothing is said" if fewest == FEWEST_PEERS else "that is one of"
    return (
        f"{said(leaf)} needs {fewest:,} listed products ({why}), and the watch reads {depth:,}: it "
        f"is never met; give the watch top: {fewest} or more"
    )


def _unordered(leaf: Condition) -> str:
    ordered = isinstance(leaf, Between | Crosses) or (
        isinstance(leaf, Compare) and leaf.operator not in ("equals", "not_equals")
    )
    ordered |= isinstance(leaf, Change) and leaf.direction in ("rises", "falls")
    if not ordered or not leaf.metrics[0].is_unordered:
        return ""
    names = ", ".join(name for name, _ in leaf.metrics[0].names)
    return (
        f"{said(leaf)}: {leaf.metrics[0].name} is one of {names}, and none is more than another; "
        "write equals, in, becomes or leaves"
    )


def _steep(leaf: Condition) -> str:
    """A growth that is written without a percent sign: 50 is 5,000%."""
    if not leaf.metrics or not leaf.metrics[0].is_growth:
        return ""
    limit = getattr(leaf, "limit", None) or getattr(leaf, "amount", None)
    if not isinstance(limit, float) or limit < _STEEP:
        return ""
    number = format_number(limit, 6)
    return f"{said(leaf)}: without a percent sign 1 is 100%; write {number}% if that is meant"


def _share(leaf: Condition) -> str:
    """A percentage, as it is written, of what is counted in standard errors: 50% is half of one."""
    name = leaf.metrics[0].name if leaf.metrics else ""
    limit = getattr(leaf, "limit", None)
    if name not in SCORES or leaf.metrics[0].definition or not isinstance(limit, float):
        return ""
    return (
        f"{said(leaf)}: {name} is counted in standard errors, and {format_number(limit * 100, 6)}% "
        f"is {format_number(limit, 6)} of them; write 4, or a percentage of {SCORES[name]}"
    )


def _twice(leaf: Condition) -> str:
    """``rises: 2`` of a count: two more, or twice as many?"""
    if not isinstance(leaf, Change) or leaf.percent or leaf.min_change is not None:
        return ""
    if leaf.metric.unit is not Unit.COUNT or not 1 < leaf.amount <= _TIMES:
        return ""
    number = format_number(leaf.amount, 6)
    if leaf.direction == "falls":
        cure = f"for a part of it write {format_number(100 - 100 / leaf.amount, 0)}%"
    else:
        cure = f"for {number} times as many write {format_number((leaf.amount - 1) * 100, 6)}%"
    return f"{said(leaf)} is a move by {number}; {cure}, or beside it min_change: {number}"
