"""Answers with another status than 200 -> the error that says what to do.

The meaning of the codes is the one that the vendor documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from watcher.errors import CreditsUsedUp, InvalidQuery, KeyRefused, SourceError, SourceUnavailable
from watcher.retrying import retry_after

RATE_LIMIT_PAUSE = 60.0  # seconds to wait after a 429 that does not say

OUT_OF_CREDITS = re.compile(r"quota|credit|usage[\s_-]*limit", re.IGNORECASE)
_OUT_OF_QUOTA = re.compile(r"quota|usage[\s_-]*limit", re.IGNORECASE)  # a page may speak of credit
_MAY_BE_QUOTA = frozenset((403, *range(500, 600)))

_KEY_PLACES = (
    "it is taken from api.key in the rule file, else from KEYAPI_KEY, else from KEYAPI_TOKEN"
)
_ADVICE: Mapping[int, tuple[type[SourceError], str]] = {
    400: (InvalidQuery, "correct the watch"),
    401: (KeyRefused, f"the key is missing or not valid: {_KEY_PLACES}"),
    402: (CreditsUsedUp, "the account has no credits left"),
    403: (KeyRefused, "the key may not read product lists"),
    404: (SourceUnavailable, "is api.url right?"),
}


def failure(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, asked: str = ""
) -> SourceError:
    """The error of an answer; its text has what the server says.

    ``now`` in Unix seconds turns a ``Retry-After`` date into a time to wait; ``asked`` is the
    query as text, for the errors that are about it.
    """
    message = _server_message(body)
    said = f"KeyAPI answers {status}: {message}" if message else f"KeyAPI answers {status}"
    if status == 400 and asked:
        said = f"{said} (asked for {asked})"
    quota = status in _MAY_BE_QUOTA and _OUT_OF_QUOTA.search(body.decode("utf-8", "replace"))
    is_used_up = quota or (status == 403 and OUT_OF_CREDITS.search(message))
    found = _ADVICE.get(402 if is_used_up else status)
    if found is not None:
        error, advice = found
        return error(f"{said}: {advice}", status=status)
    pause = retry_after(headers.get("Retry-After"), now)
    if status == 429 and pause is None:
        pause = RATE_LIMIT_PAUSE
    return SourceUnavailable(said, status=status, retry_after=pause)


def _server_message(body: bytes) -> str:
    """The server's words about its refusal, on one short line; empty if it says nothing."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return excerpt(body) if body.strip() else ""
    if not isinstance(answer, dict):
        return ""
    told = (answer.get(name) for name in ("message", "msg", "error", "detail"))
    return next((plain(text) for text in told if text), "")


# ------------------------------------------------------------------ a server's values in words


def plain(value: object, limit: int = 200) -> str:
    """The value as text without control characters, cut to ``limit``; empty of None."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * limit])
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def kind(value: object) -> str:
    """A JSON value in words: ``a list``, ``the text "abc"``, ``the number 5``, ``null``."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return f'the text "{plain(value, 40)}"'
        case _:
            return f"the number {plain(value, 40)}"


def excerpt(body: bytes) -> str:
    """The begin of a body that can't be read."""
    text = body[:400].decode("utf-8-sig", "replace").strip()
    if text.startswith("<"):
        return "an HTML page"
    return f'"{plain(text, 80)}"' if text else "it is empty"
