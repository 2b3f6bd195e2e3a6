"""Products of a group, as its page has them in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.analysis.groups import SHOWN, GroupMember
from watcher.fields import BY_NAME
from watcher.labels import label_said
from watcher.text.evidence import said
from watcher.units import Currencies


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A product of the group, in words."""

    each: GroupMember
    values: Sequence[str]


def member_heads() -> list[str]:
    """The heads of the columns of values."""
    return [label_said(name, BY_NAME[name].label) for name in SHOWN]


def member_lines(members: Iterable[GroupMember], currencies: Currencies) -> list[MemberLine]:
    """A line for each product."""
    return [_line(each, currencies) for each in members]


def _line(each: GroupMember, currencies: Currencies) -> MemberLine:
    values = (
        "" if value is None else said(name, value, BY_NAME[name].unit, currencies)
        for name, value in each.values.items()
    )
    return MemberLine(each, tuple(values))
