"""Redaction: keys and channel URLs kept out of texts, for a library or a server may repeat them.

What a server says to our key hides parts of it, too; what a service says hides nearly every part of
its URL; and a log, where any word may stand, only what can be told apart from a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "***"
LEAST = 6  # characters: a shorter text is too common to be looked for everywhere


class Redaction:
    """A function of texts: ``***`` takes the place of each secret, in any case, longest first."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._any: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Hide these too, from now on."""
        self._secrets.update(secrets)
        longest_first = sorted(self._secrets, key=len, reverse=True)
        every = "|".join(map(self._pattern, longest_first))
        self._any = re.compile(every, re.IGNORECASE) if every else None

    def __call__(self, text: str) -> str:
        return text if self._any is None else self._any.sub(HIDDEN, text)

    def _pattern(self, secret: str) -> str:
        return re.escape(secret)


class KeyRedaction(Redaction):
    """Hides one key, and parts that begin as it does: a text may have been cut inside it."""

    def __init__(self, key: str) -> None:
        forms = {key, quote(key, safe="")}
        begun = {form[:end] for form in forms for end in range(LEAST, len(form))}
        super().__init__(forms | begun)
        self._bytes = tuple(form.encode() for form in forms if len(form) >= LEAST)

    def body(self, body: bytes) -> bytes:
        """The bytes of an answer without the key, where it stands as a whole."""
        for form in self._bytes:
            body = body.replace(form, HIDDEN.encode())
        return body

    def _pattern(self, secret: str) -> str:
        """A longer one in any case: a host name comes in lower case."""
        escaped = re.escape(secret)
        return escaped if len(secret) >= LEAST else f"(?-i:{escaped})"


_LEAST_WITH_DIGIT, _LEAST_WORD = 5, 9
_BETWEEN = re.compile(r"[/?&=#,;@:+\s]+")


class UrlRedaction(Redaction):
    """Hides the parts of a URL but those that are common words, or too short to tell anything."""

    def __init__(self, url: str) -> None:
        super().__init__(_all_parts(url))

    def _pattern(self, secret: str) -> str:
        """A number as a whole: another may have its digits inside."""
        return rf"(?<!\d){secret}(?!\d)" if secret.isdigit() else re.escape(secret)


def _all_parts(url: str) -> Iterator[str]:
    _, _, rest = url.strip().partition("://")
    names = _parameter_names(url.strip())
    for part in (rest, *_BETWEEN.split(rest)):
        least = _LEAST_WITH_DIGIT if any(map(str.isdigit, part)) else _LEAST_WORD
        if part not in names and len(part.strip("-_. ")) >= least:
            yield from {part, unquote(part), quote(part, safe="")}


def _parameter_names(url: str) -> set[str]:
    try:
        query = urlsplit(url).query
    except ValueError:
        return set()
    return {part.partition("=")[0] for part in query.split("&")}


_LONG = 8  # characters: from here on a mixture of letters and digits is hardly a word
_EMBEDDED = 12  # so long a secret is one in the middle of a word, too
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
    """A URL, and what of it is secret by itself; as it is written, decoded, and encoded. A short or
    common value (``?verify=no``) is none: it would be hidden wherever it is meant as a word, and
    the text around it would say nothing any more."""
    found = {url}
    for part in _telling_parts(url):
        plain = unquote(part)
        found |= {part, plain, quote(plain, safe="")}
    return {part for part in found if len(part) >= LEAST}


def is_secret(text: str) -> bool:
    """Whether a text looks like a key or a token, not like a word, a name or a number of things."""
    if len(text) < _LONG or _WORD_LIKE.fullmatch(text):
        return False
    digits = sum(map(str.isdigit, text))
    is_mixture = digits > 0 and any(map(str.isalpha, text))
    return digits >= _LONG or is_mixture or _has_capitals_inside(text)


def _has_capitals_inside(text: str) -> bool:
    """Whether more of a word's small letters lead to capitals than in a name (PureGlow)."""
    changes = sum(a.islower() and b.isupper() for a, b in pairwise(text))
    return changes > 1 and " " not in text


def _telling_parts(url: str) -> Iterator[str]:
    _, _, rest = url.partition("://")
    rest, _, fragment = rest.partition("#")
    place, _, query = rest.partition("?")
    netloc, *segments = place.split("/")
    login, _, host = netloc.rpartition("@")
    user, _, password = login.partition(":")
    if len(unquote(password)) >= LEAST:
        yield password
    for text in (user, *_host_parts(host), *segments, fragment):
        yield from _telling(text)
    yield from _telling_values(query)


def _telling_values(query: str) -> Iterator[str]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        named = name.startswith(_HEADER) or _SECRET_NAME.search(name)
        if named and not _COMMON.fullmatch(unquote(value)):
            yield value
        yield from _telling(value)


def _host_parts(host: str) -> tuple[str, ...]:
    """The parts that may be a token: of services that have their own host, it stands there."""
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


# The token in the link of a message, by which one can act, or in the address of a feed.
_OF_A_LINK = re.compile(
    r"((?:/|%2F)(?:act(?:/|%2F)(?=[A-Za-z0-9]{22}(?![A-Za-z0-9]))|feed(?:/|%2F)))[^/?#\s%\"']+",
    re.IGNORECASE,
)


def hide_links(text: str) -> str:
    """The text without the tokens of links, which a service's answer may repeat, and of feeds."""
    return _OF_A_LINK.sub(rf"\g<1>{HIDDEN}", text)


class LogRedaction(Redaction):
    """Hides the secrets of all rule files that were read: the last guard of logs and errors.
    Nothing of ours writes a key or a URL down, but a library's exception or a traceback may."""

    def __call__(self, text: str) -> str:
        return hide_links(super().__call__(text))

    def learn_rules(self, key: str, urls: Iterable[str]) -> None:
        """Hide a rule file's key and the secrets in its URLs, from now on."""
        found = {key} if len(key) >= LEAST else set[str]()
        self.learn(found.union(*map(secret_parts, urls)))

    def learn_passwords(self, passwords: Iterable[str]) -> None:
        """Hide a database's passwords, from now on; a short one only where nobody says it
        otherwise, in its URL."""
        self.learn(each if len(each) >= LEAST else f":{each}@" for each in passwords if each)

    def _pattern(self, secret: str) -> str:
        escaped = re.escape(secret)
        return escaped if len(secret) >= _EMBEDDED else rf"(?<![^\W_]){escaped}(?![^\W_])"


log_redaction = LogRedaction()  # of the process, as its logging is
