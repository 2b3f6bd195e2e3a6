"""What a channel's URL holds that no text may show: hidden in what a service answers.

A service may repeat a token, a chat's number or an address in its reason. Parts that are common
words, or too short to tell anything, stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

_SHORTEST = 5  # characters of a part with a digit; a word of letters alone is longer
_WORD = 9
_HIDDEN = "***"
_BETWEEN = re.compile(r"[/?&=#,;@:+\s]+")


class UrlMask:
    """Hides the parts of one URL."""

    def __init__(self, url: str) -> None:
        longest_first = sorted(set(_parts(url)), key=len, reverse=True)
        every = "|".join(map(_pattern, longest_first))
        self._any = re.compile(every, re.IGNORECASE) if every else None

    def __call__(self, text: str) -> str:
        """The text with ``***`` in the place of each part."""
        return text if self._any is None else self._any.sub(_HIDDEN, text)


def _pattern(part: str) -> str:
    """A number is hidden as a whole only: another may have its digits inside."""
    return rf"(?<!\d){part}(?!\d)" if part.isdigit() else re.escape(part)


def _parts(url: str) -> Iterator[str]:
    _, _, rest = url.strip().partition("://")
    try:
        split = urlsplit(url.strip())
        names = {part.partition("=")[0] for part in split.query.split("&")}
    except ValueError:
        names = set()
    for part in (rest, *_BETWEEN.split(rest)):
        if part not in names and _is_telling(part):
            yield from {part, unquote(part), quote(part, safe="")}


def _is_telling(part: str) -> bool:
    shortest = _SHORTEST if any(map(str.isdigit, part)) else _WORD
    return len(part.strip("-_. ")) >= shortest
