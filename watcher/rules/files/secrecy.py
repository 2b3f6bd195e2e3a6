"""The secret parts of a URL: not to be shown in any text, whoever puts it there.

Only what can be told apart from a word is looked for. A short or common one (``?verify=no``) would
be hidden wherever it is meant as a word, and the text around it would say nothing any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import quote, unquote

LEAST = 6  # characters: a shorter text is too common to be looked for everywhere
_LONG = 8  # from here on a mixture of letters and digits is hardly a word
# growth, growth-team, Growth2, ALERTS: somebody's name for something.
_WORD_LIKE = re.compile(
    r"[A-Z]?[a-z]+(?:[-_. ][A-Za-z]?[a-z]+)*[-_]?\d{0,3}|[A-Z]+(?:[-_][A-Z]+)*", re.ASCII
)
_COMMON = re.compile(r"[A-Z]?[a-z]{1,7}|[a-z]{8}|[A-Z]{1,8}", re.ASCII)
_SECRET_NAME = re.compile(
    r"pass|pwd|token|key|secret|auth|sid|session|hash|sign|cred|cookie", re.IGNORECASE
)
_HEADER = ("+", "-", ":")  # before a name: Apprise sends it as a header, a parameter, a field
_DOMAIN = re.compile(
    r"(?:[\w-]+\.)+[a-z]{2,}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[.*\]", re.IGNORECASE
)
_JOINTS = re.compile(r"[,;:@|~&=+ ]")


def secret_parts(url: str) -> set[str]:
    """A URL, and what of it is secret by itself; as it is written, decoded, and encoded."""
    found = {url}
    for part in _parts(url):
        plain = unquote(part)
        found |= {part, plain, quote(plain, safe="")}
    return {part for part in found if len(part) >= LEAST}


def is_secret(text: str) -> bool:
    """Whether a text looks like a key or a token, not like a word, a name or a number of things."""
    if len(text) < _LONG or _WORD_LIKE.fullmatch(text):
        return False
    digits, letters = (sum(map(test, text)) for test in (str.isdigit, str.isalpha))
    return digits >= _LONG or (digits > 0 and letters > 0) or _is_mixed(text)


def _is_mixed(text: str) -> bool:
    """Capitals amid small letters, more than names in one word have (``PureGlow``)."""
    changes = sum(a.islower() and b.isupper() for a, b in pairwise(text))
    return changes > 1 and " " not in text


def _parts(url: str) -> Iterator[str]:
    _, _, rest = url.partition("://")
    rest, _, fragment = rest.partition("#")
    place, _, query = rest.partition("?")
    netloc, *segments = place.split("/")
    login, _, host = netloc.rpartition("@")
    user, _, password = login.partition(":")
    if len(unquote(password)) >= LEAST:
        yield password
    for text in (user, *_host(host), *segments, fragment):
        yield from _telling(text)
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        named = name.startswith(_HEADER) or _SECRET_NAME.search(name)
        if named and not _COMMON.fullmatch(unquote(value)):
            yield value
        yield from _telling(value)


def _host(host: str) -> tuple[str, ...]:
    """The parts of a host: of services that have their own host, a token may stand there."""
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
    return (port,) if _DOMAIN.fullmatch(name) else (name, port, host)


def _telling(text: str) -> Iterator[str]:
    """A text that looks secret, and such parts of one that was put together."""
    plain = unquote(text)
    if is_secret(plain):
        yield text
    joined = _JOINTS.split(plain)
    if len(joined) > 1:
        yield from filter(is_secret, joined)
