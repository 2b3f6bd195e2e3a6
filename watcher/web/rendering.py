"""The templates of all pages, and what each is given beside its own values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

import jinja2
from aiohttp import web
from jinja2.runtime import Context
from markupsafe import Markup

from watcher.evaluation.empty_list_guard import said_of
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import language, ngettext, pgettext
from watcher.model import Doubt, Instant
from watcher.people import Role
from watcher.store.sql.silences import Silence
from watcher.subjects import subject_parts
from watcher.text.messages import title_of
from watcher.text.retold import retold
from watcher.units import (
    at,
    counted,
    format_ago,
    format_duration,
    format_instant,
    format_iso,
    format_number,
    format_percent,
)
from watcher.web.access import Visitor, role_said
from watcher.web.speaking import switches
from watcher.words import listing

NAVIGATION = (
    ("/", N_("Overview")),
    ("/alerts", N_("Alerts")),
    ("/watches", N_("Watches")),
    ("/rules", N_("Rules")),
    ("/reports", N_("Reports")),
    ("/products", N_("Products")),
    ("/sellers", N_("Sellers")),
    ("/categories", N_("Categories")),
    ("/followed", N_("Followed")),
    ("/outbox", N_("Outbox")),
    ("/silences", N_("Silences")),
)
# The letter that leads to a page, after a "g".
KEYS = {
    "/": "o",
    "/alerts": "a",
    "/rules": "r",
    "/reports": "e",
    "/watches": "w",
    "/products": "p",
    "/followed": "f",
    "/outbox": "m",
    "/silences": "s",
    "/sellers": "l",
    "/categories": "c",
}
# Of a request: what had changed last when its page began to be made.
MARK = web.RequestKey("mark", str)
_TEMPLATES = Path(__file__).with_name("templates")
# What a page says after a form was sent: fixed words, so that a link can't put any into it.
_NOTICES: Mapping[str, Callable[[int], str]] = {
    "silenced": lambda number: _("Silence {number} is on.").format(number=number),
    "ended": lambda number: _("Silence {number} is over.").format(number=number),
    "over": lambda number: _("Silence {number} was over already.").format(number=number),
    "rules_saved": lambda number: _("Version {number} is saved, and in force in a moment.").format(
        number=number
    ),
    "rules_same": lambda number: (
        _("Nothing was changed: version {number} is the same.").format(number=number)
        if number
        else _("Nothing was saved: the text is empty, as it was.")
    ),
    "retried": lambda number: counted(
        "{count} message is sent again.", "{count} messages are sent again.", number
    ),
    "none_chosen": lambda _number: _("No product was chosen: tick the boxes of some to compare."),
    "followed": lambda _number: _("The product is followed, and read in a moment."),
    "followed_already": lambda _number: _("The product is followed already."),
    "unfollowed": lambda _number: _("The product is followed no more."),
    "not_followed": lambda _number: _("The product was not followed."),
    "revoked": lambda _number: _("The token opens nothing any more."),
    "not_revoked": lambda _number: _("The token opened nothing before."),
    "forgotten": lambda _number: _("They are forgotten."),
    "not_forgotten": lambda _number: _("There is nobody of that name whose token was revoked."),
    "dropped": lambda number: counted(
        "{count} message was dropped.", "{count} messages were dropped.", number
    ),
}

# Control characters but a line's end and a tab, separators of lines, and what turns the reading
# direction; what joins emoji and Persian words stays.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)


class Scene(NamedTuple):
    """Surroundings of a page: the time, its zone, the token of its forms (None: nothing can be
    written here), the book's name, where it is one of several ("" otherwise), and who asks."""

    now: Instant
    zone: tzinfo
    token: str | None
    book: str = ""
    is_book: bool = True  # and not what all of them have in common
    visitor: Visitor = Visitor()

    def way_to_books(self, here: str) -> str:
        """The way from the path ``here`` to the list of all books; "" for who is let in to this one
        alone, and where there is no other one."""
        is_shown = self.book and not self.visitor.is_of_book
        return f"{relative('/', here)}../../" if is_shown else ""

    def may(self, role: str) -> bool:
        """Whether the visitor may send forms that take this role: ``act``, ``edit``."""
        return self.token is not None and self.visitor.may(Role.of(role))


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
            token=scene.token if scene.may("act") else None,
            readonly=scene.token is None,
            visitor=scene.visitor,
            may=scene.may,
            can=lambda role: scene.visitor.may(Role.of(role)),
            book=scene.book,
            index=scene.way_to_books(here),
            pages=[(path, _(name)) for path, name in NAVIGATION] if scene.is_book else (),
            keys=KEYS,
            mark=request.get(MARK, ""),
            here=here,
            address=f"{here}?{query}" if query else here,
            lang=language().tag,
            languages=switches(request, here, language()),
            notice=_notice(request.query),
            **{"pictures": {}, **values},
        )
        return web.Response(text=text, content_type="text/html", status=status)


def shown(value: object) -> Any:
    """A value as a template puts it into a page: without control characters."""
    if isinstance(value, str) and type(value) is str and _HIDDEN.search(value):
        return _HIDDEN.sub(" ", value)
    return value


def templates() -> jinja2.Environment:
    """The pages' templates; everything that is put into them is escaped."""
    made = jinja2.Environment(
        loader=jinja2.DictLoader(_sources()),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        finalize=shown,
    )
    made.extend(newstyle_gettext=True)  # before: the extension leaves what is set
    made.add_extension("jinja2.ext.i18n")
    made.policies["ext.i18n.trimmed"] = True
    made.globals |= {
        "_": _told,
        "gettext": _told,
        "ngettext": _told_of,
        "pgettext": pgettext,
        "counted": counted,
        "several": _several,
    }
    made.filters |= {
        "number": format_number,
        "listing": listing,
        "percent": format_percent,
        "ago": format_ago,
        "instant": _instant,
        "minute": _minute,
        "retold": retold,
        "label": _label,
        "severities": severities_said,
        "role": role_said,
        "silence": Silence.in_words,
        "iso": format_iso,
        "duration": duration,
        "doubt": _doubt,
        "title_of": title_of,
        "url": _url,
        "rule_link": _rule_link,
        "watch_link": _watch_link,
        "report_link": _report_link,
        "alert_link": _alert_link,
        "subject_link": _subject_link,
        "seller_link": _seller_link,
        "category_link": _category_link,
    }
    made.from_string("{{ '\\n' }}")  # imports all that compiling takes
    return made


def _sources() -> dict[str, str]:
    """The texts of all templates. They are read at once, for later no file descriptor may be left;
    each is compiled when it is first shown, for all of them are a quarter of the daemon's start,
    and 7 MB of its memory."""
    return {each.name: each.read_text("utf-8") for each in _TEMPLATES.iterdir() if each.is_file()}


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
    return format_duration(seconds) if seconds else _("none")


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """A number of the address; None where it is none."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _told(text: str, **values: object) -> Markup:
    """A text of a template in the language of the page, with its fields filled in."""
    return _filled(_(text), values)


def _told_of(one: str, several: str, number: float, **values: object) -> Markup:
    """The text for so many."""
    return _filled(ngettext(one, several, number), values)


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    """The text with values as ``finalize`` has them: of a part of a text it is not asked."""
    return Markup(text) % {name: shown(value) for name, value in values.items()}  # noqa: S704 - ours


def _several(items: Iterable[object]) -> Markup:
    """Items of a list in one line."""
    return Markup(_(", ")).join(map(shown, items))  # noqa: S704 - ours


class _Labelled(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...


def _label(each: _Labelled) -> str:
    """The label of a metric, a field or a text."""
    return label_said(each.name, each.label)


def severities_said(text: str) -> str:
    """The severity of a rule, or from which to which the data decide it."""
    low, graded, high = map(retold, text.partition(" to "))
    return _("{low} to {high}").format(low=low, high=high) if graded else low


@jinja2.pass_context
def _minute(context: Context, instant: Instant) -> str:
    """A time of a table whose head names the zone."""
    return f"{at(instant, context['tz']):%Y-%m-%d %H:%M}"


@jinja2.pass_context
def _instant(context: Context, instant: Instant) -> str:
    return format_instant(instant, context["tz"])


@jinja2.pass_context
def _doubt(context: Context, doubt: Doubt) -> str:
    return said_of(replace(doubt, why=retold(doubt.why)), context["tz"])


@jinja2.pass_context
def _url(context: Context, path: str) -> str:
    """A path of ours as the page that is made names it."""
    return relative(path, context["here"])


@jinja2.pass_context
def _rule_link(context: Context, name: str) -> str:
    # Of that name is the page by which rules are written, too.
    return _url(context, "/rules/page?rule" if name == "page" else f"/rules/{quote(name, safe='')}")


@jinja2.pass_context
def _alert_link(context: Context, alert: int | str) -> str:
    """The page of an alert, by its number or its short id."""
    return _url(context, f"/alerts/{str(alert).removeprefix('A')}")


@jinja2.pass_context
def _watch_link(context: Context, name: str) -> str:
    return _url(context, f"/watches/{quote(name, safe='')}")


@jinja2.pass_context
def _report_link(context: Context, name: str) -> str:
    return _url(context, f"/reports/{quote(name, safe='')}")


@jinja2.pass_context
def _subject_link(context: Context, region: str, subject: str) -> str:
    """The page of a product, or of a group of products."""
    return _url(context, subject_path(region, subject))


@jinja2.pass_context
def _seller_link(context: Context, region: str, seller: str) -> str:
    return _url(context, f"/sellers/{quote(region, safe='')}/{quote(seller, safe='')}")


@jinja2.pass_context
def _category_link(context: Context, region: str, category: str) -> str:
    return _url(context, f"/categories/{quote(region, safe='')}/{quote(category, safe='')}")


def subject_path(region: str, subject: str) -> str:
    """The path of the page of a product, or of a group of products."""
    kind = "products" if subject_parts(subject) is None else "groups"
    return f"/{kind}/{quote(region, safe='')}/{quote(subject, safe='=')}"


def _notice(query: Mapping[str, str]) -> str:
    worded, number = _NOTICES.get(query.get("notice", "")), whole_number(query, "n")
    return "" if worded is None or number is None else worded(number)
