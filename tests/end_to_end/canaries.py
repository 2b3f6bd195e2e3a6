"""Secrets that are recognised wherever they turn up, as they are or in another writing."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

KEY = "kanaryKEYz1q8"


@dataclass
class Canaries:
    """The key, and Apprise URLs with a secret in every part that may hold one.

    ``port`` is a web service's, ``mail`` a mail server's, ``closed`` nobody's.
    """

    port: int
    mail: int
    closed: int
    words: list[str] = field(default_factory=lambda: [KEY])

    def word(self, name: str) -> str:
        """A new secret."""
        made = f"kanary{name}z{len(self.words)}q8"
        self.words.append(made)
        return made

    def json(self, name: str, scheme: str = "json", port: int | None = None) -> str:
        """A URL of the web service."""
        user, word, path, header, argument = (
            self.word(f"{name}{part}") for part in ("user", "pass", "path", "head", "arg")
        )
        place = f"127.0.0.1:{port or self.port}/{path}"
        return f"{scheme}://{user}:{word}@{place}?+X-Token={header}&-q={argument}"

    def mailto(self) -> str:
        """A URL of the mail server."""
        user, word, to = self.word("mailuser"), self.word("mailpass"), self.word("recipient")
        return (
            f"mailto://{user}:{word}@127.0.0.1:{self.mail}/"
            f"?from={self.word('sender')}@example.com&to={to}@example.com"
        )

    def everything(self) -> str:
        """What a service says that repeats all it was told, in several writings."""
        return " ".join(
            form for word in self.words for form in (word, word.lower(), word.upper(), quote(word))
        )

    def found(self, data: bytes) -> list[str]:
        """The secrets in some bytes, in any case of letters or as base64, with what is around."""
        lower = data.lower()
        places = [(word, lower.find(word.lower().encode())) for word in self.words]
        places += [(word, data.find(form)) for word in self.words for form in _base64(word)]
        return [f"{word} in {data[max(0, at - 60) : at + 60]!r}" for word, at in places if at >= 0]


def _base64(word: str) -> Iterator[bytes]:
    """The middle of the word's base64 at each of the three ways in which it can begin."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word.encode())
        yield coded[4:-4]


def files_of(folder: Path) -> Iterable[tuple[str, bytes]]:
    """The database, its log, and copies of it."""
    for path in sorted(folder.glob("watcher.db*")):
        if path.is_file() and not re.search(r"\.lock$", path.name):
            yield path.name, path.read_bytes()
