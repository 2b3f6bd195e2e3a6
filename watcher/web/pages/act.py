"""The page that the link in a message leads to: what it tells of a product, and forms that act.

Who has the link can act on what that message tells of, and on nothing else; no other token is asked
for. To look changes nothing, whoever looks: mail scanners and previews of links do.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from aiohttp import web

from watcher.delivery.view import view_of
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.message import Message
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.links import TOKEN_LENGTH, Deed, Link, digest_of
from watcher.text.messages import title_of
from watcher.units import format_instant
from watcher.web.address import CONTENT_POLICY, POLICY
from watcher.web.choices import Acting, Offer
from watcher.web.context import PageContext
from watcher.web.rendering import relative, subject_path

UNDO = "undo"
HEADERS = {
    CONTENT_POLICY: POLICY,  # and no script, as on the other pages
    # Its own address is the key: no other site, and no log of one, is to learn it.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
# What the page says after a form was sent: fixed words, so that an address can't put any into it.
_DONE = {
    "snooze": N_("Snoozed for 7 days."),
    "never": N_("Excluded: this rule tells of it no more."),
    "follow": N_("Followed: its numbers are read in a moment."),
    "acknowledge": N_("Acknowledged: there are no reminders until the alert ends."),
    UNDO: N_("Undone."),
    "again": N_("This was sent before: nothing was done a second time."),
}


@dataclass(frozen=True, slots=True)
class Linked:
    """A link and its message; ``choices`` are what can be done with the product of that ``number``,
    which is 0 where the message as a whole is looked at; ``deeds`` what was done with it."""

    link: Link
    message: Message
    number: int = 0
    details: str = ""
    choices: Sequence[Offer] = ()
    deeds: Sequence[Deed] = ()

    def has_done(self, what: str) -> bool:
        """Whether that is so: an address alone must not say it."""
        if what == "again":
            return bool(self.deeds)
        if what == UNDO:
            return any(each.undone is not None for each in self.deeds)
        return any(what == each.what for each in self.deeds if each.undone is None)


async def page(context: PageContext, request: web.Request) -> web.Response:
    """``GET /act/TOKEN``, ``/act/TOKEN/2``."""
    found = await context.read(partial(_found, _token(request), _number(request)))
    if found is None:
        return _unknown(context, request)
    if not found.link.holds(context.sources.now()):
        return _over(context, request, found.link)
    here, number = f"/act/{_token(request)}", found.number
    done = request.query.get("done", "")
    title = title_of(found.message)  # worded here, in the visitor's language
    products = view_of(found.message, title, context.zone).products
    return _html(
        context, request, 200,
        found=found,
        product=products[number - 1] if number else None,
        done=_(_DONE[done]) if done in _DONE and found.has_done(done) else "",
        action=f"{here}/{number}",
        others=[
            (each, f"{here}/{each.number}") for each in products if each.number != number
        ],
        form=partial(_form, _token(request), number),
        words_of=partial(_words, zone=context.zone),
        meaning_of=_meaning,
        title=title,
        UNDO=UNDO,
    )  # fmt: skip


async def act(context: PageContext, request: web.Request) -> web.Response:
    """``POST /act/TOKEN/2``: do one thing, once. The form says what, and by which rule, or which
    deed is to be undone."""
    token, number = _token(request), _number(request)
    fields = await context.forms.read(
        request, partial(_holds, token, number), pages_of(context.sources.book())
    )
    found = await context.read(partial(_found, token, number))
    if found is None:
        return _unknown(context, request)
    now = context.sources.now()
    if not found.link.holds(now):
        return _over(context, request, found.link)
    done = await context.sources.write(partial(_act, digest_of(token), number, fields, now))
    if not done:
        raise web.HTTPBadRequest(text=_("This can't be done by this link."))
    context.sources.wake()
    here = f"/act/{token}/{number}"
    raise web.HTTPSeeOther(relative(f"{here}?done={done}", context.here(request)))


def _words(choice: Offer, zone: tzinfo) -> str:
    """The choice as a button says it, or that it is so."""
    until = format_instant(choice.until, zone) if choice.until is not None else ""
    match choice.what, choice.is_done:
        case "snooze", False:
            return _("Snooze for 7 days")
        case "snooze", _so:
            return _("Snoozed until {time}").format(time=until)
        case "follow", False:
            return _("Follow")
        case "follow", _so:
            return _("Followed")
        case "acknowledge", False:
            return _("Acknowledge")
        case "acknowledge", _so:
            return _("Acknowledged")
        case _, False:
            return _("Never again by {rule}").format(rule=choice.rule)
        case _:
            return _("Excluded from {rule}, without end").format(rule=choice.rule)


def _meaning(choice: Offer) -> str:
    """A sentence on what the button does."""
    return {
        "snooze": _("No rule tells of it meanwhile; what still fires then is told."),
        "follow": _("It joins the list of followed products."),
        "acknowledge": _("No reminders until the alert ends."),
        "never": _("This rule tells of it no more, until somebody ends the silence."),
    }[choice.what]


def pages_of(book: Rulebook) -> list[str]:
    """The addresses of pages that messages lead to."""
    return sorted({each.page for each in book.channels.values() if each.page})


def refused(context: PageContext, request: web.Request, status: int, text: str) -> web.Response:
    """An error as a page that leads nowhere."""
    return _html(context, request, status, trouble=text)


def _html(
    context: PageContext, request: web.Request, status: int, **values: object
) -> web.Response:
    given = {"found": None, "product": None, "trouble": "", "done": "", **values}
    answer = context.html(request, "act.html", status=status, **given)
    answer.headers.update(HEADERS)
    return answer


def _unknown(context: PageContext, request: web.Request) -> web.Response:
    return refused(context, request, 404, _("There is no such link, or it is long over."))


def _over(context: PageContext, request: web.Request, link: Link) -> web.Response:
    text = _("This link is older than 14 days: nothing can be done by it any more.")
    if link.revoked is not None:
        text = _("This link was revoked: nothing can be done by it.")
    return refused(context, request, 410, text)


def _token(request: web.Request) -> str:
    return request.match_info["token"]


def _number(request: web.Request) -> int:
    """The product's number in the message; 0 where the message as a whole is asked for."""
    return int(request.match_info.get("number") or 0)


def _form(token: str, number: int) -> str:
    """The word of a form that only a page of this link has; each form has another one, and does its
    thing once. Any daemon that knows the link takes it, also after a restart."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_sign(token, number, salt)}"


def _sign(token: str, number: int, salt: str) -> str:
    text = f"{salt}/{number}".encode("utf-8", "replace")
    return hmac.new(token.encode("utf-8", "replace"), text, hashlib.sha256).hexdigest()


def _holds(token: str, number: int, form: str) -> bool:
    salt, _dot, signature = form.partition(".")
    given = signature.encode("utf-8", "replace")
    return hmac.compare_digest(given, _sign(token, number, salt).encode())


def _found(
    token: str, number: int, database: Store, _book: Rulebook, now: Instant
) -> Linked | None:
    """Look up what the link leads to; None where there is no such link, or no such product."""
    if len(token) != TOKEN_LENGTH:
        return None
    link = database.links.find(digest_of(token))
    row = database.outbox.get(link.notification) if link is not None else None
    if link is None or row is None or number > len(row.message.items):
        return None
    if not number and len(row.message.items) == 1:
        number = 1  # of one product there is nothing to choose from
    if not number:
        return Linked(link, row.message)
    item = row.message.items[number - 1]
    return Linked(
        link, row.message, number,
        subject_path(item.region, item.product_id),
        [*Acting(database, link, row.message, number, now).choices()],
        [each for each in database.links.deeds(link.notification) if each.number == number],
    )  # fmt: skip


def _act(digest: str, number: int, fields: Mapping[str, str], now: Instant, database: Store) -> str:
    """Do what the form says, all or nothing; what was done, empty where that can't be."""
    with database.atomic():
        link = database.links.find(digest)
        row = database.outbox.get(link.notification) if link is not None else None
        if link is None or row is None or not 0 < number <= len(row.message.items):
            return ""
        if not link.holds(now):  # it was revoked a moment ago
            return ""
        acting, what = Acting(database, link, row.message, number, now), fields.get("do", "")
        if what == UNDO:
            deed = fields.get("deed", "")
            known = deed.isascii() and deed.isdecimal() and len(deed) < 16
            return UNDO if known and acting.undo(int(deed)) else ""
        form = fields["token"].partition(".")[0]
        if database.links.was_sent(link.id, form):
            return "again"
        rule = fields.get("rule", "")
        return what if acting.do(what, rule, form) else ""
