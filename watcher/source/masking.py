"""The key kept out of what a server answers: it may repeat it in an error, a redirect, a name."""

from __future__ import annotations

import re
from urllib.parse import quote

# A shorter key could be a common word, and a part of a key that is shorter tells nothing of it.
_SHORTEST = 6
_HIDDEN = "***"


class Mask:
    """Hides one key. Parts that begin as it does count too: a text may have been cut inside it."""

    def __init__(self, key: str) -> None:
        forms = {key, quote(key, safe="")}
        short = [f"(?-i:{re.escape(form)})" for form in forms if len(form) < _SHORTEST]
        # A host name comes in lower case.
        begun = {form[:end] for form in forms for end in range(_SHORTEST, len(form) + 1)}
        longest_first = sorted(begun, key=len, reverse=True)
        self._any = re.compile("|".join([*map(re.escape, longest_first), *short]), re.IGNORECASE)
        self._bytes = tuple(form.encode() for form in forms if len(form) >= _SHORTEST)

    def text(self, text: str) -> str:
        """The text with ``***`` in the key's place."""
        return self._any.sub(_HIDDEN, text)

    def body(self, body: bytes) -> bytes:
        """The same of an answer's bytes, of the whole key only."""
        for form in self._bytes:
            body = body.replace(form, _HIDDEN.encode())
        return body
