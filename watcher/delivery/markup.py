"""The families of services by the text they show best, and how they count it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import StrEnum
from html import unescape

PICTURES = '<div class="pictures"></div>'
"""Where an HTML mail has its pictures, if it gets any."""


_TAG = re.compile(r"<[^>]*>")


class Style(StrEnum):
    """How a family of services wants its text; the value names the template.

    ``MARKDOWN`` is what Apprise translates (for Slack), ``TITLED`` is a service's own and has
    the title in it, ``TEAMS`` is that of adaptive cards.
    """

    PLAIN = "plain.txt"
    MARKDOWN = "markdown.md"
    TITLED = "titled.md"
    TEAMS = "teams.md"
    TELEGRAM = "telegram.html"
    EMAIL = "email.html"

    @property
    def body_format(self) -> str:
        """What the body is, in Apprise's words: text, markdown or html."""
        return {"txt": "text", "md": "markdown", "html": "html"}[self.value.rpartition(".")[2]]

    @property
    def has_title(self) -> bool:
        """Whether the title goes beside the body, not into it.

        Where a service has none, Apprise would write it into the body, unescaped.
        """
        return self not in (Style.TELEGRAM, Style.TITLED)


class Limit(int):
    """How much a service takes, in UTF-16 units: the strictest count of characters in use.

    ``written`` is what Apprise makes of a text before it goes out, where that is longer (it escapes
    what a service would take for markup). ``title`` is the most characters of a title.
    """

    written: Callable[[str], str] | None = None
    title: int = 200

    def size(self, text: str) -> int:
        """How much of it a text takes."""
        return self._count(text if self.written is None else self.written(text))

    def _count(self, text: str) -> int:
        return len(text.encode("utf-16-le", "replace")) // 2


class Bytes(Limit):
    """A limit that a service counts in bytes of UTF-8, not in characters."""

    def _count(self, text: str) -> int:
        return len(text.encode("utf-8", "replace"))


class Escaped(Limit):
    """A limit of a request's bytes, where Apprise writes all but ASCII as ``\\u4e2d``."""

    def _count(self, text: str) -> int:
        return len(json.dumps(text)) - 2


class Shown(Limit):
    """A limit of what is left of HTML once it is read: no tags, and ``&amp;`` is one."""

    def _count(self, text: str) -> int:
        return super()._count(unescape(_TAG.sub("", text)))
