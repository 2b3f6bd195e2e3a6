"""Answers with another status than 200 -> the error that says what to do.

The meaning of the codes is the one that the vendor documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from watcher.errors import CreditsUsedUp, InvalidQuery, KeyRefused, SourceError, SourceUnavailable
from watcher.units import parse_http_date

RATE_LIMIT_PAUSE = 60.0  # seconds to wait after a 429 that does not say

OUT_OF_CREDITS = re.compile(r"quota|credit|usage[\s_-]*limit", re.IGNORECASE)
_OUT_OF_QUOTA = re.compile(r"quota|usage[\s_-]*limit", re.IGNORECASE)  # a page may speak of credit
_MAY_BE_QUOTA = frozenset((403, *range(500, 600)))

KEY_PLACES = (
    "it is taken from api.key in the rule file, else from KEYAPI_KEY, else from KEYAPI_TOKEN"
)


def failure(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, asked: str = ""
) -> SourceError:
    """The error of an answer; its text has what the server says.

    ``now`` in Unix seconds turns a ``Retry-After`` date into a time to wait; ``asked`` is the
    query as text, for the errors that are about it.
    """
    message = _server_message(body)
    said = f"KeyAPI answers {status}: {message}" if message else f"KeyAPI answers {status}"
    if status in _MAY_BE_QUOTA and _OUT_OF_QUOTA.search(body.decode("utf-8", "replace")):
        return CreditsUsedUp(f"{said}: the account has no credits left", status=status)
    match status:
        case 400:
            query = f" (asked for {asked})" if asked else ""
            return InvalidQuery(f"{said}{query}: correct the watch", status=status)
        case 401:
            return KeyRefused(
                f"{said}: the key is missing or not valid: {KEY_PLACES}", status=status
            )
        case 402:
            return CreditsUsedUp(f"{said}: the account has no credits left", status=status)
        case 403:
            if OUT_OF_CREDITS.search(message):
                return CreditsUsedUp(f"{said}: the account has no credits left", status=status)
            return KeyRefused(f"{said}: the key may not read product lists", status=status)
        case 404:
            return SourceUnavailable(f"{said}: is api.url right?", status=status)
    pause = retry_after(headers.get("Retry-After"), now)
    if status == 429 and pause is None:
        pause = RATE_LIMIT_PAUSE
    return SourceUnavailable(said, status=status, retry_after=pause)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a ``Retry-After`` header (seconds or an HTTP date); None if unreadable."""
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value, re.ASCII):
        return float(value)
    date = parse_http_date(value)
    return max(0.0, date.timestamp() - now) if date is not None else None


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
