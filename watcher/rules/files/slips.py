"""Keys and secrets that were copied with more than themselves; no message shows any.

The service would only say that such a key is wrong, and KeyAPI counts a credit for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
# KEYAPI_KEY=..., export KEYAPI_KEY=..., api_key: ...; not the "=" with which base64 ends, nor what
# may well begin a password.
_EXPORT = r"\A(?:(?:export|set)\s+)?"
_NAMED = rf"(?a){_EXPORT}[A-Z][A-Z0-9]*_[A-Z0-9_]+\s*=(?!=*$)"
_ASSIGNED = rf"(?ai){_EXPORT}(?:[a-z]+[_-])*(?:key|token|secret|password)\s*[=:](?!=*$)"
_URL_NAMED = rf"(?ai){_EXPORT}\w+\s*=\s*[\"']?[a-z0-9][a-z0-9+.\-]*://"
# Patterns, and what is said of a text that has one.
_NAMED_BEFORE = 'begins with a name and "=": give only what comes after it'
_IN_QUOTES = "is in quotes, which nothing takes away here: give it without them"
_COPIED = (
    (rf"(?s)\A[{_QUOTES}].*[{_QUOTES}]\Z", _IN_QUOTES),
    (r"[\n\r]", "has several lines: give one"),
)
# Looked for in printable characters only.
_NO_KEY = (
    (r"(?i)\A(?:authorization\s*:\s*)?bearer\s", 'begins with "Bearer": give the key alone'),
    (r"\$\{", "holds a ${...} that nobody filled in"),
    (f"[{_QUOTES}]", "has a quotation mark in it, which no key has"),
    ("[^!-~]", "has a space or another character that no key has"),
    (r"[<>]|\A[^0-9A-Za-z]*\Z", "is no key but what stands for one: put yours in its place"),
)


def around_secret(text: str, name: str = "") -> str:
    """Say what is wrong with a text that is a secret, or a part of a URL that holds one; or "".
    ``name`` is the variable's whose value it is."""
    named = (_NAMED, _ASSIGNED, *([rf"{_EXPORT}{name}\s*="] if name else []))
    return _of_any(text, *named)


def around_url(text: str) -> str:
    """Say what is wrong with a text that is a URL with secrets in it; or ""."""
    return _of_any(text, _URL_NAMED)


def around_key(text: str, name: str = "") -> str:
    """Say what is wrong with a key: it has no space, no quotation mark, and ASCII only; or ""."""
    return around_secret(text, name) or _first(text.strip(), _NO_KEY)


def _of_any(text: str, *named: str) -> str:
    """Quotes around it, a name before it, and characters that came along by copying."""
    stripped = text.strip()
    slips = (*((pattern, _NAMED_BEFORE) for pattern in named), *_COPIED)
    if stripped.isprintable():
        return _first(stripped, slips)
    return _first(stripped, slips) or "has a character in it that can't be seen: copy it anew"


def _first(text: str, slips: Iterable[tuple[str, str]]) -> str:
    """Say what the first slip in a text is; or ""."""
    return next((said for pattern, said in slips if re.search(pattern, text)), "")
