"""The place of a store: a database file, or a book on a PostgreSQL server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

from msgspec import Struct

MAIN = "main"  # the book of who names none
_SCHEMES = ("postgresql://", "postgres://")
_LIKE_A_URL = re.compile(r"(?i)postgres(?:ql)?[+\w]*:|[a-z][a-z0-9+.-]*://")
_LIKE_PAIRS = re.compile(r"(?:^|\s)(?:host|dbname|user|password)=")  # libpq's other form
_SECRET = re.compile(r"(?i)password|secret|_key")  # in a parameter's name
_ENCODED = re.compile(r"%(?!00)[0-9A-Fa-f]{2}|[^%]")
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::(\d*))?")
_ENCODE = "in a user's name and a password write %40 for @, %2F for /, %3A for :, %25 for %"


class Server(Struct, frozen=True):
    """A book's store on a PostgreSQL server; without a book, what its books share. As a text it
    hides the password."""

    url: str
    book: str = MAIN

    def __str__(self) -> str:
        """``postgresql://watcher:***@db.example.com/watcher, book main``."""
        return f"{shown(self.url)}, book {self.book}" if self.book else shown(self.url)

    def __repr__(self) -> str:
        return f"Server({str(self)!r})"


Place: TypeAlias = Path | Server


def parse_place(text: str, book: str = MAIN) -> Place:
    """The place that ``--db`` names: a server's URL, or a file's path. Raises ``ValueError`` for a
    URL that can't be one, and for what only begins as one."""
    if text.startswith(_SCHEMES):
        if wrong := _wrong_with(_split(text)):
            raise ValueError(f"{shown(text)}: {wrong}")
        return Server(text, book)
    if _LIKE_A_URL.match(text):
        raise ValueError(
            f"{shown(text)}: neither a file's path nor a server's URL; write "
            "postgresql://USER@HOST/DATABASE, or ./ before a file of that name"
        )
    if _LIKE_PAIRS.search(text):
        raise ValueError(
            "pairs like host=... dbname=... are not read; write postgresql://USER@HOST/DATABASE"
        )
    return Path(text)


def shown(url: str) -> str:
    """The URL without its passwords, for people and logs; of one that nobody can read for sure
    rather too little than too much."""
    parts = _split(url)
    if _wrong_with(parts):
        scheme, colon, rest = url.partition(":")
        login, at, host = rest.rpartition("@")
        if not at:
            return f"{scheme}:{rest}" if not _may_hide(rest) else f"{scheme}://***"
        user = login.lstrip("/").partition(":")[0] if login.startswith("/") else ""
        return f"{scheme}{colon}//{user if '@' not in user else ''}:***@{host.partition('?')[0]}"
    user, colon, password = parts.login.partition(":")
    hidden = ":***" if colon and password else ""
    login = f"{user}{hidden}@" if parts.login else ""
    query = "&".join(_shown(pair) for pair in parts.query.split("&"))
    return f"{parts.scheme}{login}{parts.hosts}{parts.path}{'?' if query else ''}{query}"


def secrets_of(url: str) -> set[str]:
    """The passwords in a URL, as they are written and decoded; none that is a name in it, too: to
    hide that everywhere would tell it."""
    parts = _split(url)
    user, _, password = parts.login.partition(":")
    found = {password, *(value for name, value in _pairs(parts.query) if _SECRET.search(name))}
    names = {user, parts.hosts.partition(":")[0], parts.path[1:], ""}
    return {form for each in found - names for form in (each, unquote(each))}


def hide_password(text: str, url: str) -> str:
    """A text without the URL's password, which a driver's message may show."""
    text = text.replace(url, shown(url))
    for secret in sorted(secrets_of(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


class _Parts(NamedTuple):
    """A URL as PostgreSQL's own library takes it apart."""

    scheme: str
    login: str
    hosts: str
    path: str
    query: str


def _split(url: str) -> _Parts:
    scheme = next((each for each in _SCHEMES if url.startswith(each)), "")
    rest = url[len(scheme) :]
    login, at, after = rest.partition("@")
    if not at or "/" in login:
        login, after = "", rest
    hosts = re.split("[/?]", after, maxsplit=1)[0]
    path, _, query = after[len(hosts) :].partition("?")
    return _Parts(scheme, login, hosts, path, query)


def _wrong_with(parts: _Parts) -> str | None:
    """The reason why no server can be named so, and what to do."""
    if not parts.scheme:
        return "no URL of a server"
    for host in parts.hosts.split(","):
        if "@" in host or not (named := _HOST.fullmatch(host)):
            return f"its host can't be read; {_ENCODE}"
        if named[1] and not 0 < int(named[1]) <= 65_535:
            return f"{named[1]} is no port"
    if "@" in parts.path:
        return f"an @ after the host; {_ENCODE}"
    for text in (*parts.login.split(":", 1), parts.hosts, parts.path, parts.query):
        if "".join(_ENCODED.findall(text)) != text:
            return f"a % without two digits after it; {_ENCODE}"
    return None


def _shown(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}{equals}***" if _SECRET.search(unquote(name)) else pair


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield unquote(name), value


def _may_hide(rest: str) -> bool:
    """Whether a password may stand in what follows a scheme."""
    return ":" in rest or bool(_SECRET.search(unquote(rest)))
