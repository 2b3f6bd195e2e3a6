"""Keys and secrets that were copied with more than themselves; no message shows any.

The service would only say that such a key is wrong, and KeyAPI counts a credit for that.
"""

from __future__ import annotations

import re

_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
# KEYAPI_KEY=..., export KEYAPI_KEY=..., api_key: ...; not the "=" with which base64 ends, nor what
# may well begin a password.
_EXPORT = r"(?:(?:export|set)\s+)?"
_NAMED = re.compile(rf"{_EXPORT}[A-Z][A-Z0-9]*_[A-Z0-9_]+\s*=(?!=*$)", re.ASCII)
_ASSIGNED = re.compile(
    rf"{_EXPORT}(?:[a-z]+[_-])*(?:key|token|secret|password)\s*[=:](?!=*$)",
    re.ASCII | re.IGNORECASE,
)
_URL_NAMED = re.compile(
    rf"{_EXPORT}\w+\s*=\s*[\"']?[a-z0-9][a-z0-9+.\-]*://", re.ASCII | re.IGNORECASE
)
_BEARER = re.compile(r"(?:authorization\s*:\s*)?bearer\s", re.IGNORECASE)


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
    wrong = around_secret(text, name)
    if wrong:
        return wrong
    stripped = text.strip()
    if _BEARER.match(stripped):
        return 'begins with "Bearer": give the key alone'
    if "${" in stripped:
        return "holds a ${...} that nobody filled in"
    if any(mark in stripped for mark in _QUOTES):
        return "has a quotation mark in it, which no key has"
    if not stripped.isascii() or any(letter.isspace() for letter in stripped):
        return "has a space or another character that no key has"
    if not any(letter.isalnum() for letter in stripped) or re.search("[<>]", stripped):
        return "is no key but what stands for one: put yours in its place"
    return ""


def _of_any(text: str, *named: re.Pattern[str]) -> str:
    """Quotes around it, a name before it, and characters that came along by copying."""
    stripped = text.strip()
    if any(pattern.match(stripped) for pattern in named):
        return 'begins with a name and "=": give only what comes after it'
    if len(stripped) > 1 and stripped[0] in _QUOTES and stripped[-1] in _QUOTES:
        return "is in quotes, which nothing takes away here: give it without them"
    if "\n" in stripped or "\r" in stripped:
        return "has several lines: give one"
    seen = stripped.isprintable()
    return "" if seen else "has a character in it that can't be seen: copy it anew"
