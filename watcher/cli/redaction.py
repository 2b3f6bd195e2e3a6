"""The last guard of secrets: what is logged, or printed as an error, without any that is known.

Nothing of ours writes a key or a channel's URL down. What a library puts into an exception, or a
programming error into a traceback, goes through here.
"""

from __future__ import annotations

import re

from watcher.rules.files.secrecy import LEAST, secret_parts
from watcher.rules.rulebook import Rulebook

_EMBEDDED = 12  # characters: so long a secret is one in the middle of a word, too
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
        if book.api.key is not None and len(book.api.key.reveal()) >= LEAST:
            self._known.add(book.api.key.reveal())
        for url in secrets:
            self._known |= secret_parts(url)
        longest_first = sorted(self._known, key=len, reverse=True)
        every = "|".join(map(_pattern, longest_first))
        self._any = re.compile(every, re.IGNORECASE) if every else None

    def __call__(self, text: str) -> str:
        """The text with ``***`` in the place of each secret."""
        return text if self._any is None else self._any.sub(_HIDDEN, text)


def _pattern(secret: str) -> str:
    """A short one only where it stands alone."""
    escaped = re.escape(secret)
    return escaped if len(secret) >= _EMBEDDED else rf"(?<![^\W_]){escaped}(?![^\W_])"


veil = Veil()  # of the process, as its logging is
