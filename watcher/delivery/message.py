"""A stored message -> title and body in the format that a service shows best.

``view`` makes harmless texts of the message, ``templates/`` gives them a format, and ``render``
drops products from the end until the whole fits: a product is shown whole or only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import partial

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from watcher.delivery.custom_template import OwnTemplate, write_own
from watcher.delivery.markup import Limit, Style
from watcher.delivery.rendered import LONGEST, Rendered
from watcher.delivery.view import TITLE_LENGTH, View, cut_text, cut_to, view_of
from watcher.model import Message
from watcher.text.messages import title_of
from watcher.text.sanitize import escape_markdown, escape_slack, neutralise, shorten

__all__ = ["LONGEST", "Rendered", "Style", "render"]

_BETWEEN = 16  # what Apprise may put between a title and a body that it joins

log = structlog.get_logger("watcher.delivery")


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
    """Write ``message``; title and body together take at most ``limit``, in the limit's own unit
    (``style.Limit``; of a plain number UTF-16 units).

    Times are told in ``zone``. A message that can't be shortened to a very small limit is as short
    as it gets. The channel's own ``template`` lays out alerts; where it fails, they are told as
    usual.
    """
    limit = limit if isinstance(limit, Limit) else Limit(limit)
    said = title_of(message)
    size, whole = limit.size, neutralise(said, TITLE_LENGTH)
    title = _title(said, limit)
    view = view_of(message, title, zone)
    if style.has_title and limit.title < len(whole):  # a service of short titles loses nothing
        view = replace(view, text="\n".join(filter(None, (whole, view.text))))
    # A style without a title has it in the body.
    room = _Room(
        limit - (size(title) + _BETWEEN if style.has_title else 0), size, style is Style.PLAIN
    )
    usual = partial(_usual, style)
    if template is None or message.kind == "operator":
        body = _fitting(view, usual, room)
    else:
        try:
            body = _fitting(view, partial(write_own, template, message, style), room)
        except Exception as error:  # noqa: BLE001 - a template must not cost an alert
            log.warning("a template failed; told as usual", rule=message.rule, error=str(error))
            body = _fitting(view, usual, room)
    plain = _fitting(view, partial(_usual, Style.PLAIN), room) if style is Style.EMAIL else ""
    shown_title = title if style.has_title else ""
    return Rendered(shown_title, body, style.body_format, message.severity.value, plain)


@dataclass(frozen=True, slots=True)
class _Room:
    """The room that a body has, by the service's own count."""

    limit: int
    size: Callable[[str], int]
    plain: bool

    def has(self, body: str) -> bool:
        return self.size(body) <= self.limit


def _title(text: str, limit: Limit) -> str:
    """The title, in at most half of what there is."""
    longest = min(TITLE_LENGTH, limit.title, max(limit // 2, 20))
    title = neutralise(text, longest)
    while longest > 10 and limit.size(title) > limit // 2:
        longest = max(longest * 3 // 4, 10)
        title = neutralise(text, longest)
    return title


def _usual(style: Style, shown: View) -> str:
    environment = _ENVIRONMENTS.get(style, _OTHERS)
    return environment.get_template(f"{style}.j2").render(view=shown).strip("\n")


def _fitting(whole: View, write: Callable[[View], str], room: _Room) -> str:
    body = write(whole)
    if room.has(body):
        return body
    body = _most_products(whole, write, room)
    for smaller in _smaller(whole):
        if room.has(body):
            return body
        body = write(smaller)
    return body if room.has(body) or not room.plain else _cut(body, room)


def _cut(body: str, room: _Room) -> str:
    """The beginning of a text that counts its products only: a radio or an SMS has no more room."""
    longest = len(body)
    while longest and not room.has(shorten(body, longest)):
        longest -= 1
    return shorten(body, longest) if longest else ""


def _most_products(whole: View, write: Callable[[View], str], room: _Room) -> str:
    """The body with as many products as fit, found by halving; maybe none."""
    low, high = 0, max(len(whole.products) - 1, 0)
    while low < high:
        middle = (low + high + 1) // 2
        if room.has(write(cut_to(whole, middle))):
            low = middle
        else:
            high = middle - 1
    return write(cut_to(whole, low))


def _smaller(whole: View) -> Iterator[View]:
    """Ever shorter ways to say it, where not even one product has room."""
    counted = cut_to(whole, 0, named=False)
    for longest in (1_000, 500, 200, 100, 50, 20):
        yield cut_text(counted, longest)


def _escaping(escape: Callable[[str], str]) -> Callable[[object], object]:
    def finalize(value: object) -> object:
        return escape(value) if isinstance(value, str) and not isinstance(value, _Ready) else value

    return finalize


def _environment(finalize: Callable[[object], object] | None = None) -> Environment:
    """Every value is escaped for its format by default: a template can't forget it."""
    environment = Environment(
        loader=PackageLoader("watcher.delivery"),
        auto_reload=False,
        autoescape=select_autoescape(["html.j2"]),
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["ready"] = _Ready
    return environment


_OTHERS = _environment()
_DIRECT = _environment(_escaping(escape_markdown))
_ENVIRONMENTS = {
    Style.MARKDOWN: _environment(_escaping(escape_slack)),
    Style.TITLED: _DIRECT,
    Style.TEAMS: _DIRECT,
}
