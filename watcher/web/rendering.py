"""The templates of all pages, and what each is given beside its own values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import jinja2
from aiohttp import web
from jinja2.runtime import Context

from watcher.evaluation.empty_list_guard import said_of
from watcher.language import gettext
from watcher.model import Doubt, Instant
from watcher.subjects import subject_parts
from watcher.text.messages import title_of
from watcher.units import (
    count_of,
    format_ago,
    format_duration,
    format_instant,
    format_iso,
    format_number,
    format_percent,
)
from watcher.words import listing

T = TypeVar("T")

NAVIGATION = (
    ("/", "Overview"),
    ("/alerts", "Alerts"),
    ("/rules", "Rules"),
    ("/reports", "Reports"),
    ("/products", "Products"),
    ("/followed", "Followed"),
    ("/outbox", "Outbox"),
    ("/silences", "Silences"),
)
# What a page says after a form was sent: fixed words, so that a link can't put any into it.
_NOTICES = {
    "silenced": ("Silence {} is on.",),
    "ended": ("Silence {} is over.",),
    "over": ("Silence {} was over already.",),
    "retried": ("{} message is sent again.", "{} messages are sent again."),
    "followed": ("The product is followed, and read in a moment.",),
    "followed_already": ("The product is followed already.",),
    "unfollowed": ("The product is followed no more.",),
    "not_followed": ("The product was not followed.",),
    "picture": ("Its picture is asked for: reload the page in a moment.",),
    "dropped": ("{} message was dropped.", "{} messages were dropped."),
}

# Control characters but a line's end and a tab, separators of lines, and what turns the reading
# direction; what joins emoji and Persian words stays.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)


class Scene(NamedTuple):
    """Surroundings of a page: the time, its zone, the token of its forms (None: nothing can be
    written here), and the book's name, where it is one of several ("" otherwise)."""

    now: Instant
    zone: tzinfo
    token: str | None
    book: str = ""
    is_book: bool = True  # and not what all of them have in common


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes pages. ``bases`` are the paths before ours, each of which begins and ends with a slash:
    a proxy's, which it may or may not take off again, and a book's."""

    bases: tuple[str, ...]
    templates: jinja2.Environment

    def here(self, request: web.Request) -> str:
        """The path that is asked for, encoded, without what stands before ours."""
        path = request.rel_url.raw_path
        for base in self.bases:
            if path.startswith(base):
                return path[len(base) - 1 :]
        return path

    def html(
        self, request: web.Request, template: str, scene: Scene, status: int, **values: object
    ) -> web.Response:
        """A page; ``values`` are the template's own."""
        here, query = self.here(request), request.rel_url.raw_query_string
        text = self.templates.get_template(template).render(
            now=scene.now,
            tz=scene.zone,
            zone=str(scene.zone),
            token=scene.token,
            book=scene.book,
            index=f"{relative('/', here)}../../" if scene.book else "",
            pages=NAVIGATION if scene.is_book else (),
            here=here,
            address=f"{here}?{query}" if query else here,
            notice=_notice(request.query),
            **values,
        )
        return web.Response(text=text, content_type="text/html", status=status)


def shown(value: T) -> T | str:
    """A value as a template puts it into a page: without control characters."""
    if isinstance(value, str) and type(value) is str and _HIDDEN.search(value):
        return _HIDDEN.sub(" ", value)
    return value


def templates() -> jinja2.Environment:
    """The pages' templates; everything that is put into them is escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("watcher.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        finalize=shown,
    )
    made.filters |= {
        "number": format_number,
        "count_of": count_of,
        "listing": listing,
        "percent": format_percent,
        "ago": format_ago,
        "instant": _instant,
        "iso": format_iso,
        "duration": duration,
        "doubt": _doubt,
        "title_of": title_of,
        "url": _url,
        "rule_link": _rule_link,
        "report_link": _report_link,
        "subject_link": _subject_link,
    }
    made.globals["_"] = gettext
    for name in made.list_templates():  # now: later no file descriptor may be left
        made.get_template(name)
    return made


def relative(path: str, here: str) -> str:
    """The way from the page ``here`` to ``path``, both ours and encoded: ``../../rules/x``. It
    leads there at the root and below any path that a proxy puts before it."""
    return f"{'../' * (here.count('/') - 1) or './'}{path[1:]}"


def with_query(path: str, **values: object) -> str:
    """The path with those values that are given."""
    given = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def duration(seconds: int | None) -> str:
    """``24h``; ``none`` of nothing."""
    return format_duration(seconds) if seconds else "none"


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """A number of the address; None where it is none."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


@jinja2.pass_context
def _instant(context: Context, instant: Instant) -> str:
    return format_instant(instant, context["tz"])


@jinja2.pass_context
def _doubt(context: Context, doubt: Doubt) -> str:
    return said_of(doubt, context["tz"])


@jinja2.pass_context
def _url(context: Context, path: str) -> str:
    """A path of ours as the page that is made names it."""
    return relative(path, context["here"])


@jinja2.pass_context
def _rule_link(context: Context, name: str) -> str:
    return _url(context, f"/rules/{quote(name, safe='')}")


@jinja2.pass_context
def _report_link(context: Context, name: str) -> str:
    return _url(context, f"/reports/{quote(name, safe='')}")


@jinja2.pass_context
def _subject_link(context: Context, region: str, subject: str) -> str:
    """The page of a product, or of a group of products."""
    return _url(context, subject_path(region, subject))


def subject_path(region: str, subject: str) -> str:
    """The path of the page of a product, or of a group of products."""
    kind = "products" if subject_parts(subject) is None else "groups"
    return f"/{kind}/{quote(region, safe='')}/{quote(subject, safe='=')}"


def _notice(query: Mapping[str, str]) -> str:
    known, number = _NOTICES.get(query.get("notice", "")), whole_number(query, "n")
    if known is None or number is None:
        return ""
    return known[0 if number == 1 else -1].format(format_number(number))
