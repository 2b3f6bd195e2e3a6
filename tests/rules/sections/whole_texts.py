"""The operators that take whole texts: wherever one stands, a name may stand for an id."""

from __future__ import annotations

from watcher.rules.conditions.registry import TEXT_OPERATORS, Takes
from watcher.rules.conditions.text import PARTS_OF_TEXTS

WHOLE_TEXT_OPERATORS = [
    each
    for each in TEXT_OPERATORS
    if each.name not in PARTS_OF_TEXTS and each.takes in (Takes.TEXT, Takes.TEXTS)
]
