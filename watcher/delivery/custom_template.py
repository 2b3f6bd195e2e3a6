"""A channel's own template: the message as plain values, each escaped for the service's format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from markupsafe import escape

from watcher.delivery.markup import PICTURES, Style
from watcher.delivery.view import Product, View
from watcher.model import Message
from watcher.text.sanitize import escape_markdown, escape_slack, neutralise


class OwnTemplate(Protocol):
    """``watcher.rules.sections.templates.Template`` is the real one."""

    def write(self, values: Mapping[str, Any], escape: Callable[[str], str], /) -> str: ...


def write_own(template: OwnTemplate, message: Message, style: Style, shown: View) -> str:
    """The body. Line breaks stay in mail; a service without titles gets it on top."""
    body = template.write(values_of(message, shown), _ESCAPES[style])
    if style is Style.TELEGRAM:
        return f"<b>{_html(shown.title)}</b>\n{body}"
    if style is Style.TITLED:
        return f"**{escape_markdown(shown.title)}**\n{body}"
    if style is Style.TEAMS:
        return paragraphs(body)
    if style is Style.EMAIL:
        return f'<div style="white-space:pre-wrap">{body}</div>{PICTURES}'
    return body


def paragraphs(body: str) -> str:
    """Each line a paragraph: cards run the lines of one paragraph together."""
    return re.sub(r"\s*\n\s*", "\n\n", body)


def values_of(message: Message, shown: View) -> dict[str, Any]:
    """Values that a template may use, by the names of ``SAMPLE`` in the rules' ``templates``."""
    return {
        "title": shown.title,
        "severity": message.severity.value,
        "rule": neutralise(message.rule),
        "region": neutralise(message.region),
        "text": shown.text,
        "products": [_product(product) for product in shown.products],
        "rest": shown.rest,
        "names": list(shown.names),
        "more": shown.more,
        "data": shown.data,
        "footer": shown.footer,
    }


def _product(product: Product) -> dict[str, Any]:
    return {
        "number": product.number,
        "id": product.link.rpartition("/")[2],
        "name": product.name,
        "link": product.link,
        "alert": product.alert,
        "notes": list(product.notes),
        "why": list(product.why),
        "facts": list(product.facts),
    }


def _html(text: str) -> str:
    return str(escape(text))


_ESCAPES: Mapping[Style, Callable[[str], str]] = {
    Style.PLAIN: str,
    Style.MARKDOWN: escape_slack,
    Style.TITLED: escape_markdown,
    Style.TEAMS: escape_markdown,
    Style.TELEGRAM: _html,
    Style.EMAIL: _html,
}
