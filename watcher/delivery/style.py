"""The families of services by the text they show best."""

from __future__ import annotations

from enum import StrEnum


class Style(StrEnum):
    """How a family of services wants its text; the value names the template."""

    PLAIN = "plain.txt"
    MARKDOWN = "markdown.md"
    TELEGRAM = "telegram.html"
    EMAIL = "email.html"

    @property
    def body_format(self) -> str:
        """What the body is, in Apprise's words: text, markdown or html."""
        return {Style.PLAIN: "text", Style.MARKDOWN: "markdown"}.get(self, "html")
