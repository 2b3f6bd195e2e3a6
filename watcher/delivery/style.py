"""The families of services by the text they show best, and how they count it."""

from __future__ import annotations

from enum import StrEnum

PICTURES = '<div class="pictures"></div>'
"""Where an HTML mail has its pictures, if it gets any."""


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


class Bytes(int):
    """A limit that a service counts in bytes of UTF-8, not in characters."""
