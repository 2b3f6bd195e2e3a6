"""The place of a store: a database file, or a book on a PostgreSQL server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit, urlunsplit

from msgspec import Struct

MAIN = "main"  # the book of who names none
_SCHEMES = ("postgresql://", "postgres://")
# Parameters of a connection's URL that nobody else may read.
_SECRET = re.compile(r"(?i)(?<=[?&])((?:ssl)?password=)[^&]*")


class Server(Struct, frozen=True):
    """A book's store on a PostgreSQL server. As a text it hides the password."""

    url: str
    book: str = MAIN

    def __str__(self) -> str:
        """``postgresql://watcher:***@db.example.com/watcher, book main``."""
        return f"{shown(self.url)}, book {self.book}"


Place: TypeAlias = Path | Server


def parse_place(text: str, book: str = MAIN) -> Place:
    """The place that ``--db`` names: a server's URL, or a file's path."""
    return Server(text, book) if text.startswith(_SCHEMES) else Path(text)


def shown(url: str) -> str:
    """The URL without its password, for people and logs."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return "postgresql://***"
    netloc = parts.netloc
    if password is not None:
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        netloc = f"{user}:***@{parts.netloc.rpartition('@')[2]}"
    hidden = _SECRET.sub(r"\1***", f"?{parts.query}")[1:]
    return urlunsplit((parts.scheme, netloc, parts.path, hidden, ""))


def hide_password(text: str, url: str) -> str:
    """A text without the URL's password, which a driver's message may show."""
    text = text.replace(url, shown(url))
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return text
    given = [password or "", *(found for _, found in _secrets_in(parts.query))]
    for secret in filter(None, given):
        for each in (secret, unquote(secret)):
            text = text.replace(each, "***")
    return text


def _secrets_in(query: str) -> list[tuple[str, str]]:
    return [(each[0], each[1]) for each in re.findall(r"(?i)((?:ssl)?password)=([^&]*)", query)]
