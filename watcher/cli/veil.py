"""The last guard of secrets: what is logged, or printed as an error, without any that is known.

Nothing of ours writes a key or a channel's URL down. What a library puts into an exception, or a
programming error into a traceback, goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from watcher.rules.rulebook import Rulebook

_SHORTEST = 6  # characters: a shorter one is a common word
_WORD = 8
_HIDDEN = "***"


class Veil:
    """Hides the secrets of the rulebooks that it has learned."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._any: re.Pattern[str] | None = None

    def learn(self, book: Rulebook) -> None:
        """Know the key and the URLs of ``book``, from now on."""
        secrets = [url.reveal() for channel in book.channels.values() for url in channel.urls]
        if book.heartbeat is not None:
            secrets.append(book.heartbeat.reveal())
        if book.api.key is not None:
            self._known.add(book.api.key.reveal())
        for url in secrets:
            self._known |= set(_parts(url))
        longest_first = sorted(filter(_is_telling, self._known), key=len, reverse=True)
        every = "|".join(map(re.escape, longest_first))
        self._any = re.compile(every, re.IGNORECASE) if every else None

    def __call__(self, text: str) -> str:
        """The text with ``***`` in the place of each secret."""
        return text if self._any is None else self._any.sub(_HIDDEN, text)


def _parts(url: str) -> Iterator[str]:
    """A URL, and what of it is secret by itself: user, password, tokens in its path and query."""
    yield url
    try:
        split = urlsplit(url)
    except ValueError:
        return
    tokens = [token for token in split.path.split("/") if any(map(str.isdigit, token))]
    values = [value for _, value in parse_qsl(split.query) if any(map(str.isdigit, value))]
    for part in (split.username, split.password, *tokens, *values):
        if part:
            yield from (part, unquote(part), quote(part, safe=""))


def _is_telling(text: str) -> bool:
    """Not a word as "alerts", which would be hidden wherever it is meant as one."""
    return len(text) >= _SHORTEST and not (len(text) <= _WORD and text.isalpha() and text.islower())


veil = Veil()  # of the process, as its logging is
