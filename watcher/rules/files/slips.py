"""Keys and secrets that were copied with more than themselves; no message shows any.

The service would only say that such a key is wrong, and KeyAPI counts a credit for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
# KEYAPI_KEY=..., export KEYAPI_KEY=..., api_key: ...; not the "=" with which base64 ends, nor what
# may well begin a password.
_EXPORT = r"\A(?:(?:export|set)\s+)?"
_NAMED = re.compile(rf"{_EXPORT}[A-Z][A-Z0-9]*_[A-Z0-9_]+\s*=(?!=*$)", re.ASCII)
_ASSIGNED = re.compile(
    rf"{_EXPORT}(?:[a-z]+[_-])*(?:key|token|secret|password)\s*[=:](?!=*$)",
    re.ASCII | re.IGNORECASE,
)
_URL_NAMED = re.compile(
    rf"{_EXPORT}\w+\s*=\s*[\"']?[a-z0-9][a-z0-9+.\-]*://", re.ASCII | re.IGNORECASE
)
_Slip: TypeAlias = tuple[re.Pattern[str], str]
_NAMED_BEFORE = 'begins with a name and "=": give only what comes after it'
_COPIED: tuple[_Slip, ...] = (
    (
        re.compile(rf"\A[{_QUOTES}].*[{_QUOTES}]\Z", re.DOTALL),
        "is in quotes, which nothing takes away here: give it without them",
    ),
    (re.compile(r"[\n\r]"), "has several lines: give one"),
)
# Looked for in printable characters only.
_NO_KEY: tuple[_Slip, ...] = (
    (
        re.compile(r"\A(?:authorization\s*:\s*)?bearer\s", re.IGNORECASE),
        'begins with "Bearer": give the key alone',
    ),
    (re.compile(r"\$\{"), "holds a ${...} that nobody filled in"),
    (re.compile(f"[{_QUOTES}]"), "has a quotation mark in it, which no key has"),
    (re.compile("[^!-~]"), "has a space or another character that no key has"),
    (
        re.compile(r"[<>]|\A[^0-9A-Za-z]*\Z"),
        "is no key but what stands for one: put yours in its place",
    ),
)


def around_secret(text: str, name: str = "") -> str:
    """Say what is wrong with a text that is a secret, or a part of a URL that holds one; or "".
    ``name`` is the variable's whose value it is."""
    named = (_NAMED, _ASSIGNED, *([re.compile(rf"{_EXPORT}{name}\s*=")] if name else []))
    return _of_any(text, *named)


def around_url(text: str) -> str:
    """Say what is wrong with a text that is a URL with secrets in it; or ""."""
    return _of_any(text, _URL_NAMED)


def around_key(text: str, name: str = "") -> str:
    """Say what is wrong with a key: it has no space, no quotation mark, and ASCII only; or ""."""
    return around_secret(text, name) or _first(text.strip(), _NO_KEY)


def _of_any(text: str, *named: re.Pattern[str]) -> str:
    """Quotes around it, a name before it, and characters that came along by copying."""
    stripped = text.strip()
    slips = (*((pattern, _NAMED_BEFORE) for pattern in named), *_COPIED)
    if stripped.isprintable():
        return _first(stripped, slips)
    return _first(stripped, slips) or "has a character in it that can't be seen: copy it anew"


def _first(text: str, slips: Iterable[_Slip]) -> str:
    """What is said of the first slip that is in a text; or ""."""
    return next((said for pattern, said in slips if pattern.search(text)), "")
