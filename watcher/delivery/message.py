"""A stored message -> title and body in the format that a service shows best.

``view`` makes harmless texts of the message, ``templates/`` gives them a format, and ``render``
drops products from the end until the whole fits: a product is shown whole or only counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from functools import partial
from typing import Any

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from watcher.delivery.rendered import (
    LONGEST,
    Limit,
    OwnTemplate,
    Rendered,
    Style,
    Thread,
)
from watcher.delivery.report_tables import in_words
from watcher.delivery.report_view import tables_of, view_of_report
from watcher.delivery.view import TITLE_LENGTH, Heading, Product, View, cut_to, linked, view_of
from watcher.language import Language, spoken
from watcher.language import gettext as _
from watcher.language import language as spoken_language
from watcher.message import Message
from watcher.report import ReportContent
from watcher.text.messages import title_of
from watcher.text.sanitize import neutralise, shorten
from watcher.units import enumerated

# The markup of a product's picture in the mail's template.
_PICTURE = re.compile(r'<img src="cid:product-[^>]*>\n|<div style="clear:both[^>]*></div>\n')
_BETWEEN = 16  # what Apprise may put between a title and a body that it joins

_Fits = Callable[[str], bool]
_Layouts = tuple[OwnTemplate | None, Callable[[View], str]]  # the channel's own, and the usual one

log = structlog.get_logger("watcher.delivery")


def render(
    message: Message,
    style: Style,
    zone: tzinfo = UTC,
    limit: int = LONGEST,
    template: OwnTemplate | None = None,
    *,
    pictures: Mapping[int, str] | None = None,
    language: Language = Language.ENGLISH,
    link: str = "",
) -> Rendered:
    """Write ``message``; title and body together take at most ``limit``, in the limit's own unit.
    Times are told in ``zone``. A message that can't be shortened to a very small limit is as short
    as it gets. The channel's own ``template`` lays out alerts, where it does not fail. ``pictures``
    are attachments of products, by the products' numbers; they take no room of the text's. At
    ``link`` one may act on the message: each product has one of its own, where there is room."""
    limit = limit if isinstance(limit, Limit) else Limit(limit)
    with spoken(language):
        said = title_of(message)
        view = _pictured(_view(message, _title(said, limit), zone), pictures or {})
        if link:
            view = linked(view, link, each=limit.has_room_for_links)
        usual = partial(_usual, message, style)
        if message.report is not None and style is Style.EMAIL:
            usual = partial(_with_tables, message.report, zone)
        return _render(message, view, said, style, limit, (template, usual))


def _render(
    message: Message, view: View, said: str, style: Style, limit: Limit, layouts: _Layouts
) -> Rendered:
    """A view of the message, whose title is ``said`` at length, in a style."""
    title, room = view.title, int(limit)
    pictures = any(each.picture for each in view.products)
    if style.has_title:  # a style without one has it in the body
        room -= limit.size(title) + _BETWEEN
        whole = neutralise(said, TITLE_LENGTH)
        if limit.title < len(whole):  # a service of short titles loses nothing
            view = replace(view, text="\n".join(filter(None, (whole, view.text))))

    def fits(written: str) -> bool:
        return limit.size(_PICTURE.sub("", written) if pictures else written) <= room

    body = _body(view, message, style, layouts, fits)
    if style is Style.PLAIN and not fits(body):
        body = _cut(body, fits)
    plain = (
        _fitting(view, partial(_usual, message, Style.PLAIN), fits) if style is Style.EMAIL else ""
    )
    shown_title = title if style.has_title else ""
    return Rendered(
        shown_title,
        body,
        style.body_format,
        message.severity.value,
        plain,
        click=view.link or next((each.link for each in view.products if each.link), ""),
        thread=thread_of(message),
        bare=_PICTURE.sub("", body) if pictures else "",
    )


def thread_of(message: Message) -> Thread:
    """The thread of a message in a mailbox: that of its rule or its report, where it is of one
    alone."""
    if message.report is not None:
        return Thread("report", message.report.name)
    if message.rule and message.kind in _OF_RULES:
        return Thread("rule", message.rule)
    return Thread("several" if message.kind == "alerts" else message.kind)


def _pictured(view: View, pictures: Mapping[int, str]) -> View:
    if not pictures:
        return view
    shown = (replace(each, picture=pictures.get(each.number, "")) for each in view.products)
    return replace(view, products=tuple(shown))


def _view(message: Message, title: str, zone: tzinfo) -> View:
    if message.report is not None:
        return view_of_report(message.report, title, zone)
    return view_of(message, title, zone)


def _body(view: View, message: Message, style: Style, layouts: _Layouts, fits: _Fits) -> str:
    """The body in the channel's own layout, or in the usual one where it has none or that fails."""
    template, usual = layouts
    if template is not None and message.kind not in ("operator", "report"):
        try:
            return _fitting(view, partial(_own, template, message, style), fits)
        except Exception as error:  # noqa: BLE001 - a template must not cost an alert
            log.warning("a template failed; told as usual", rule=message.rule, error=str(error))
    return _fitting(view, usual, fits)


def _title(text: str, limit: Limit) -> str:
    """The title, in at most half of what there is."""
    longest = min(TITLE_LENGTH, limit.title, max(limit // 2, 20))
    title = neutralise(text, longest)
    while longest > 10 and limit.size(title) > limit // 2:
        longest = max(longest * 3 // 4, 10)
        title = neutralise(text, longest)
    return title


def _usual(message: Message, style: Style, shown: View) -> str:
    template = _ENVIRONMENTS[style].get_template(f"{style.template}.j2")
    return template.render(view=shown, severity=message.severity.value).strip("\n")


def _with_tables(report: ReportContent, zone: tzinfo, shown: View) -> str:
    """The mail of a report: its rows in tables."""
    page = _ENVIRONMENTS[Style.EMAIL].get_template("report.html.j2")
    return page.render(
        view=shown,
        lead=in_words(report, zone).lead,
        tables=tables_of(report, zone, shown),
        language=spoken_language().tag,
    ).strip("\n")


def _own(template: OwnTemplate, message: Message, style: Style, shown: View) -> str:
    """The body by a channel's own template. Line breaks stay in mail, each line is a paragraph in
    cards (they run the lines of one together); a service without titles gets it on top."""
    body = template.write(values_of(message, shown), style.escape)
    if style.paragraphs:
        body = re.sub(r"\s*\n\s*", "\n\n", body)
    return style.around.format(style.escape(shown.title), body)


def values_of(message: Message, shown: View) -> dict[str, Any]:
    """Values that a template may use, by the names of ``SAMPLE`` in the rules' ``templates``."""
    products = [
        _values(product, _OF_A_PRODUCT)
        | {
            "id": product.key,
            # A layout may show these alone.
            "notes": [_("rule {name}").format(name=product.rules[0])] * bool(shown.rules)
            + [*product.notes],
            "why": [*product.why, *product.also],
        }
        for product in shown.products
    ]
    called = enumerated(rule.name for rule in shown.rules)
    lines = "\n".join(rule.line for rule in shown.rules)
    return _values(shown, _OF_A_MESSAGE) | {
        "severity": message.severity.value,
        "rule": called or neutralise(message.rule),
        "text": "\n".join(filter(None, (shown.text, lines))),
        "region": neutralise(message.region),
        "products": products,
    }


def _values(source: View | Product, names: Sequence[str]) -> dict[str, Any]:
    values = ((name, getattr(source, name)) for name in names)
    return {name: list(each) if isinstance(each, tuple) else each for name, each in values}


def _fitting(whole: View, write: Callable[[View], str], fits: _Fits) -> str:
    body = write(whole)
    if fits(body):
        return body
    # As many products as fit; maybe none.
    counts = range(1, max(len(whole.products), 1))
    most = bisect_right(counts, 0, key=lambda count: not fits(write(cut_to(whole, count))))
    body = write(cut_to(whole, most))
    # Ever shorter ways to say it, where not even one product has room.
    counted = cut_to(whole, 0, named=False)
    for longest in (1_000, 500, 200, 100, 50, 20):
        if fits(body):
            return body
        body = write(_shorter(counted, longest))
    if not fits(body):  # of the link no part may be cut off
        body = write(replace(_shorter(counted, 20), link=""))
    return body


def _shorter(counted: View, longest: int) -> View:
    """A message without products whose text has at most so many characters; of the lines about its
    rules, which the title names, those that are whole."""
    text, rules = shorten(counted.text, longest), list[Heading]()
    room = longest - len(text)
    for rule in counted.rules:
        room -= len(rule.line) + 1
        if room < 0:
            break
        rules.append(rule)
    return replace(counted, text=text, rules=tuple(rules))


def _cut(body: str, fits: _Fits) -> str:
    """The beginning of a text that counts its products only: a radio or an SMS has no more room."""
    shorter = (shorten(body, length) for length in range(len(body), 0, -1))
    return next(filter(fits, shorter), "")


def _environment(escaped: Callable[[str], str] | None) -> Environment:
    """Every value is escaped for its format by default: a template can't forget it."""

    def finalize(value: object) -> object:
        if escaped is None or not isinstance(value, str) or isinstance(value, Markup):
            return value
        return escaped(value)

    made = Environment(
        loader=PackageLoader("watcher.delivery"),
        auto_reload=False,
        autoescape=select_autoescape(["html.j2"]),
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["_"] = _
    return made


_OF_RULES = ("alerts", "digest")
_OF_A_MESSAGE = ("title", "rest", "names", "more", "data", "footer", "act")
_OF_A_PRODUCT = ("number", "name", "link", "alert", "facts", "rules", "act")
# Jinja2 itself escapes what becomes HTML.
_ENVIRONMENTS = {
    style: _environment(style.escape if style.body_format == "markdown" else None)
    for style in Style
}
