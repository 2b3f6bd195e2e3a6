"""Keys and secrets that were copied with more than themselves.

A shell takes quotes away; a file of a secret, ``docker --env-file`` and a credential of systemd's
don't. What is not the secret alone is refused by name: the service would only say that it is wrong,
and KeyAPI counts a credit for saying so. No message here shows any of the value.
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

    ``name`` is the variable's whose value it is.
    """
    if name and re.match(rf"{_EXPORT}{name}\s*=", text.strip()):
        return _OF_A_NAME
    return _quoted(text) or _named(text) or _unseen(text)


def around_url(text: str) -> str:
    """Say what is wrong with a text that is a URL with secrets in it; or ""."""
    if _URL_NAMED.match(text.strip()):
        return _OF_A_NAME
    return _quoted(text) or _unseen(text)


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


_OF_A_NAME = 'begins with a name and "=": give only what comes after it'


def _quoted(text: str) -> str:
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] in _QUOTES and stripped[-1] in _QUOTES:
        return "is in quotes, which nothing takes away here: give it without them"
    return ""


def _named(text: str) -> str:
    stripped = text.strip()
    return _OF_A_NAME if _NAMED.match(stripped) or _ASSIGNED.match(stripped) else ""


def _unseen(text: str) -> str:
    """Line breaks, zero-width and other characters that came along by copying."""
    stripped = text.strip()
    if "\n" in stripped or "\r" in stripped:
        return "has several lines: give one"
    return (
        "" if stripped.isprintable() else "has a character in it that can't be seen: copy it anew"
    )
