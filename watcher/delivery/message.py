"""A stored message -> title and body in the format that a service shows best.

``view`` makes harmless texts of the message, ``templates/`` gives them a format, and ``render``
drops products from the end until the whole fits: a product is shown whole or only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from watcher.delivery.neutral import escape_markdown, neutralise
from watcher.delivery.own import OwnTemplate, write_own
from watcher.delivery.style import Style
from watcher.delivery.view import TITLE_LENGTH, View, cut_text, cut_to, view_of
from watcher.model import Message

__all__ = ["LONGEST", "Rendered", "Style", "render"]

LONGEST = 30_000
_BETWEEN = 16  # what Apprise may put between a title and a body that it joins

log = structlog.get_logger("watcher.delivery")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a service is given. ``format`` is text, markdown or html, of the body alone.

    ``title`` is plain text; it is empty where the style has it in the body.
    """

    title: str
    body: str
    format: str
    severity: str = "info"


class _Ready(str):
    """Text that is Markdown already."""

    __slots__ = ()


def render(
    message: Message,
    style: Style,
    zone: tzinfo = UTC,
    limit: int = LONGEST,
    template: OwnTemplate | None = None,
) -> Rendered:
    """Write ``message``; title and body together take at most ``limit`` UTF-16 units.

    UTF-16 is the strictest count in use (Telegram's); an emoji is two. Times are told in
    ``zone``. A message that can't be shortened to a very small limit is as short as it gets.
    The channel's own ``template`` lays out alerts; where it fails, they are told as usual.
    """
    title = neutralise(message.title, min(TITLE_LENGTH, max(limit // 2, 20)))
    # Telegram has no titles: Apprise would write one into the body, unescaped.
    outside = 0 if style is Style.TELEGRAM else _units(title) + _BETWEEN
    view, room = view_of(message, title, zone), limit - outside
    usual = partial(_usual, style)
    if template is None or message.kind == "operator":
        body = _fitting(view, usual, room)
    else:
        try:
            body = _fitting(view, partial(write_own, template, message, style), room)
        except Exception as error:  # noqa: BLE001 - a template must not cost an alert
            log.warning("a template failed; told as usual", rule=message.rule, error=str(error))
            body = _fitting(view, usual, room)
    return Rendered(
        "" if style is Style.TELEGRAM else title, body, style.body_format, message.severity.value
    )


def _usual(style: Style, shown: View) -> str:
    environment = _MARKDOWN if style is Style.MARKDOWN else _OTHERS
    return environment.get_template(f"{style}.j2").render(view=shown).strip("\n")


def _fitting(whole: View, write: Callable[[View], str], limit: int) -> str:
    body = write(whole)
    if _units(body) <= limit:
        return body
    body = _most_products(whole, write, limit)
    for smaller in _smaller(whole):
        if _units(body) <= limit:
            return body
        body = write(smaller)
    return body


def _most_products(whole: View, write: Callable[[View], str], limit: int) -> str:
    """The body with as many products as fit, found by halving; maybe none."""
    low, high = 0, max(len(whole.products) - 1, 0)
    while low < high:
        middle = (low + high + 1) // 2
        if _units(write(cut_to(whole, middle))) <= limit:
            low = middle
        else:
            high = middle - 1
    return write(cut_to(whole, low))


def _smaller(whole: View) -> Iterator[View]:
    """Ever shorter ways to say it, where not even one product has room."""
    counted = cut_to(whole, 0, named=False)
    for longest in (1_000, 500, 200, 100, 50, 20):
        yield cut_text(counted, longest)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _markdown(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, _Ready):
        return escape_markdown(value)
    return value


def _environment(finalize: Callable[[object], object] | None = None) -> Environment:
    """Every value is escaped for its format by default: a template can't forget it."""
    environment = Environment(
        loader=PackageLoader("watcher.delivery"),
        autoescape=select_autoescape(["html.j2"]),
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["ready"] = _Ready
    return environment


_OTHERS, _MARKDOWN = _environment(), _environment(_markdown)
