"""The words of the seam between messages and services: text, its limits, and a try's end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from enum import Enum
from html import unescape
from typing import Any, Protocol

from markupsafe import escape

from watcher.language import Language
from watcher.model import Instant
from watcher.text.sanitize import escape_markdown, escape_slack, escape_tagged

LONGEST = 30_000  # UTF-16 units of title and body together, where a service has no limit
LEAST_FOR_LINKS = 1_500  # UTF-16 units of a message in which each product has a link to act
PICTURES = '<div class="pictures"></div>'  # where an HTML mail has its pictures, if it gets any

_TAG = re.compile(r"<[^>]*>")


class Style(Enum):
    """A family of services, by how it wants its text.

    ``template`` is a file in ``templates/``, ``escape`` makes a text harmless in it. ``around``
    takes the title, where the service has none beside the body, and what a channel's own template
    wrote; with ``paragraphs`` each line of that is one: the service runs the lines of one together.

    ``MARKDOWN`` is what Apprise translates (for Slack), ``TITLED`` a service's own with the title.
    ``COMMONMARK`` breaks lines by two spaces, as the standard has it; a line of ``---`` in ``CARD``
    is a rule across the card.
    """

    PLAIN = "plain.txt", str
    MARKDOWN = "markdown.md", escape_slack
    TITLED = "titled.md", escape_markdown, "**{0}**\n{1}"
    TEAMS = "teams.md", escape_markdown, "{1}", True
    TELEGRAM = "telegram.html", escape, "<b>{0}</b>\n{1}"
    EMAIL = "email.html", escape, f'<div style="white-space:pre-wrap">{{1}}</div>{PICTURES}'
    COMMONMARK = "commonmark.md", escape_tagged, "{1}", True
    WECOM = "wecom.md", escape_tagged, "**{0}**\n{1}"
    CARD = "card.md", escape_tagged
    PAGE = "page.html", escape, '<div style="white-space:pre-wrap">{1}</div>'

    def __init__(
        self,
        template: str,
        escape: Callable[[str], str],
        around: str = "{1}",
        paragraphs: bool = False,
    ) -> None:
        self.template = template
        self.escape = escape
        self.around = around
        self.paragraphs = paragraphs

    @property
    def body_format(self) -> str:
        """The body's format, in Apprise's words: text, markdown or html."""
        return {"txt": "text", "md": "markdown", "html": "html"}[self.template.rpartition(".")[2]]

    @property
    def has_title(self) -> bool:
        """Whether it stands beside the body; else Apprise would write it in there, unescaped."""
        return "{0}" not in self.around


class Limit(int):
    """The most that a service takes, in UTF-16 units: the strictest count of characters in use.
    ``written`` is what Apprise makes of a text before it goes out, where that is longer (it escapes
    what a service would take for markup). ``title`` is the most characters of a title."""

    written: Callable[[str], str] | None = None
    title: int = 200

    @property
    def has_room_for_links(self) -> bool:
        """Whether each product of a message can have a link of its own: not where each byte counts,
        nor in a text of a few lines."""
        return self >= LEAST_FOR_LINKS

    def size(self, text: str) -> int:
        """The part of it that a text takes."""
        return self._count(text if self.written is None else self.written(text))

    def _count(self, text: str) -> int:
        return len(text.encode("utf-16-le", "replace")) // 2


class Bytes(Limit):
    """A limit that a service counts in bytes of UTF-8, not in characters."""

    has_room_for_links = False

    def _count(self, text: str) -> int:
        return len(text.encode("utf-8", "replace"))


class Escaped(Limit):
    """A limit of a request's bytes, where Apprise writes all but ASCII as ``\\u4e2d``."""

    has_room_for_links = False

    def _count(self, text: str) -> int:
        return len(json.dumps(text)) - 2


class Json(Limit):
    """A limit of JSON in UTF-8, as Go writes it: ``<``, ``>`` and ``&`` are six bytes."""

    has_room_for_links = False

    def _count(self, text: str) -> int:
        written = json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")
        return len(written) - 2 + 5 * sum(map(text.count, "<>&"))


class Shown(Limit):
    """A limit of what is left of HTML once it is read: no tags, and ``&amp;`` is one."""

    def _count(self, text: str) -> int:
        return super()._count(unescape(_TAG.sub("", text)))


@dataclass(frozen=True, slots=True)
class Thread:
    """A row of messages that belong together, by the ``kind`` of them: those of the rule or the
    report of a ``name``, of several rules, digests of several, what the operator hears ..."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as a service is given it. ``format`` is text, markdown or html, of the body alone.
    ``title`` is plain text; it is empty where the style has it in the body. ``plain`` says the same
    as an HTML mail for who reads mail as text; other styles have none. ``click`` is what a click on
    it opens, ``thread`` what it belongs to in a mailbox; ``key`` tells it from all others, and is
    that of each try of it. ``bare`` is the body without the pictures that it has beside products,
    where it has some."""

    title: str
    body: str
    format: str
    severity: str = "info"
    plain: str = ""
    click: str = ""
    thread: Thread | None = None
    key: str = ""
    bare: str = ""

    @property
    def without_pictures(self) -> Rendered:
        """A text for a service that refused the pictures."""
        return replace(self, body=self.bare, bare="") if self.bare else self


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture, or a file, to go with a message, held in memory; ``alt`` says what it shows. One
    that is ``placed`` has its place in the body already."""

    name: str
    content: bytes
    mimetype: str = "image/png"
    alt: str = "Chart"
    placed: bool = False


class OutcomeKind(Enum):
    """A try's end."""

    SENT = "sent"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """One try's end. ``detail`` is for people; ``retry_after`` is seconds, if the service said.
    ``taken`` marks the recipients that have the message, of a URL with several of them.
    ``unexplained`` is an answer in the affirmative that Apprise did not take for one."""

    kind: OutcomeKind
    detail: str
    retry_after: float | None = None
    taken: frozenset[str] = frozenset()
    unexplained: bool = field(default=False, compare=False)

    @property
    def refused(self) -> bool:
        """Whether the same message would be refused again, as far as the answer tells."""
        return self.kind is OutcomeKind.DEAD or self.unexplained


class OwnTemplate(Protocol):
    """A channel's own template; ``watcher.rules.sections.templates.Template`` is the real one."""

    def write(self, values: Mapping[str, Any], escape: Callable[[str], str], /) -> str: ...


class QuietHours(Protocol):
    """A channel's quiet hours: when those that ``now`` lies in end, None outside of them."""

    def until(self, now: Instant, /) -> Instant | None: ...


@dataclass(frozen=True, slots=True)
class Way:
    """A channel's own way: times in ``zone``, nothing in ``quiet`` hours, laid out by its own
    ``template`` if it has one, in its ``language``. Messages lead to the ``page`` of that address,
    if any. With ``payload`` it gets documents for programs, which name the ``channel``."""

    zone: tzinfo = UTC
    quiet: QuietHours | None = None
    template: OwnTemplate | None = None
    language: Language = Language.ENGLISH
    page: str = ""
    payload: bool = False
    channel: str = ""
