"""Doubts about a list, in the language that is spoken. A scan keeps them as it noted them, in
English: what is told in another language is found again by its pattern."""

from __future__ import annotations

import re
from functools import cache

from watcher.language import Language, language
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_

_PATTERNS = (
    N_("the list has no products, and had {before}"),
    N_("the list has 1 product, and had {before}"),
    N_("the list has {size} products, and had {before}"),
    N_("1 row can't be read (page {page}: {problem})"),
    N_("{rows} rows can't be read (page {page}: {problem})"),
    N_("1 row can't be read"),
    N_("{rows} rows can't be read"),
    N_("1 product came that nobody asked for"),
    N_("{products} products came that nobody asked for"),
    N_("page {page} is empty, but the list goes on"),
    N_("page {page} is short, but the list goes on"),
    N_("page {page} has only products that other pages had: reading ended there"),
    N_("and {count} more pages"),
)
_FIELD = re.compile(r"\\\{(\w+)\\\}")


def doubt_said(why: str) -> str:
    """The doubt about a list; one that is not known here is told as it stands."""
    if language() is Language.ENGLISH:
        return why
    return _("; ").join(map(_one_said, why.split("; ")))


def _one_said(text: str) -> str:
    for pattern in _PATTERNS:
        if found := _expression(pattern).fullmatch(text):
            return _(pattern).format(**found.groupdict())
    return text


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """The texts that a pattern makes, with any values."""
    return re.compile(_FIELD.sub(r"(?P<\1>.+)", re.escape(pattern)), re.DOTALL)
