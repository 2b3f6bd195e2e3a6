"""Texts of the source made fit for a page, which may be read in a terminal, too."""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

# Control characters but a line's end and a tab, separators of lines, and what turns the reading
# direction; what joins emoji and Persian words stays.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)


def shown(value: T) -> T | str:
    """What a template puts into a page, without control characters."""
    if isinstance(value, str) and type(value) is str and _HIDDEN.search(value):
        return _HIDDEN.sub(" ", value)
    return value
