"""A product's text against its last known one: changes, becomes, leaves. Capitals, spaces and the
query of an address are no change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from watcher.attributes import normal
from watcher.evidence import Criterion, Evidence
from watcher.model import Bools
from watcher.rules.conditions.base import Condition, Masks, ScanColumns, judged, remembered
from watcher.rules.conditions.text import TextCondition, as_written, text_of
from watcher.rules.conditions.values import Setting, only_true
from watcher.rules.metrics import Attribute
from watcher.words import Wrong, told

_LONGEST = 4_000  # characters of a text in evidence, which is stored with each alert


class Rewording(TextCondition):
    """A condition on a text now and as this watch knew it last; without one of them it has no
    data."""

    @property
    def follows(self) -> tuple[Attribute, ...]:
        return (self.attribute,)

    def judge(self, table: ScanColumns) -> Masks:
        name = self.attribute.name
        moved, known = remembered(table, ("reworded", name), lambda: _moved(table, name))
        met = moved.copy()
        now, then = table.text(name), table.last_text(name).values
        for row in np.flatnonzero(moved).tolist():
            met[row] = self._holds(then[row] or "", now[row] or "")
        return Masks(met, known)

    def _holds(self, then: str, now: str) -> bool:
        """Whether it is met by a text that is not the last known one."""
        return True

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        name, last = self.attribute.name, table.last_text(self.attribute.name)
        plain = self.plain_evidence(table, row, judged(table, self).verdict(row))
        text = plain.value
        return (
            replace(
                plain,
                value=text[:_LONGEST] if isinstance(text, str) else None,
                baseline=_cut(last.values[row]),
                baseline_at=int(last.at[row]) or None,
                gap=table.text_gap(name, row),
            ),
        )


@dataclass(frozen=True, eq=False)
class Reworded(Rewording):
    """The text is another one than when it was last known."""

    def canonical(self) -> str:
        return f"{self.attribute.name} changes"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("changes", baseline="last")


@dataclass(frozen=True, eq=False)
class BecomesText(Rewording):
    """The last known text was not ``text`` and now it is; the reverse, if ``leaves``."""

    text: str
    leaves: bool = False

    @cached_property
    def _wanted(self) -> str:
        return normal(self.attribute.name, self.text)

    def _holds(self, then: str, now: str) -> bool:
        return normal(self.attribute.name, then if self.leaves else now) == self._wanted

    def canonical(self) -> str:
        word = "leaves" if self.leaves else "becomes"
        return f"{self.attribute.name} {word} {json.dumps(self._wanted)}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("leaves" if self.leaves else "becomes", (told(self.text),))


def _moved(table: ScanColumns, name: str) -> tuple[Bools, Bools]:
    """(n,) whose text is another one than before, and whose two texts are known."""
    now, then = table.text(name), table.last_text(name).values
    moved, known = np.zeros((2, table.size), np.bool_)
    for row, (text, before) in enumerate(zip(now, then, strict=True)):
        if text is not None and before is not None:
            known[row] = True
            # Most are the very same object.
            if text is not before and text != before:
                moved[row] = normal(name, text) != normal(name, before)
    return moved, known


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_LONGEST]


def changes(_operator: str, attribute: Attribute, setting: Setting) -> Condition:
    """``changes: true``."""
    written = f"{attribute.name}: {{changes: true}}"
    only_true(setting.value, written, ": a text is another one or not, there is no how much")
    return Reworded(_with_past(attribute))


def becomes(operator: str, attribute: Attribute, setting: Setting) -> Condition:
    """``becomes: text`` or ``leaves: text``."""
    text = as_written(
        attribute, text_of(setting.value, '; for any other text write "changes: true"')
    )
    return BecomesText(_with_past(attribute), text, operator == "leaves")


def _with_past(attribute: Attribute) -> Attribute:
    if attribute.fact is not None:
        raise Wrong(f"{attribute.name} is from your own file, and what stood there is not kept")
    return attribute
