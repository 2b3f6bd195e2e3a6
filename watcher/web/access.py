"""Access to the page, or to that of one book of several: who comes, and what they may do."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import pgettext
from watcher.network import LOOPBACK
from watcher.people import LOCAL, OWNER, Role, digest_of
from watcher.store.sql.people import Person
from watcher.web.address import Origin, PageUrl

UNKNOWN_HOST = N_("""\
ask for this page by 127.0.0.1 or localhost
To open it by another name, as through a proxy: start watcher with --page-url and the address that
the browser shows (or WATCHER_PAGE_URL), like --page-url https://example.com/watcher/
Or give the page a token (--web-token-file): with it any name will do.
""")
# What a proxy adds to a request: its visitors are not at this machine.
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


class WrongToken(web.HTTPUnauthorized):
    """A token was given that is nobody's."""


class TooLow(web.HTTPForbidden):
    """Somebody is known, and may not do this."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks for a page; without a name nobody that is known."""

    name: str = ""
    role: Role = Role.FEED

    def may(self, role: Role) -> bool:
        """Whether they may do what takes that role."""
        return bool(self.name) and self.role >= role

    @property
    def is_of_book(self) -> bool:
        """Whether their token is one of a book's people, and opens nothing beside the book."""
        return self.name not in ("", OWNER, LOCAL)

    @property
    def is_reader_of_feeds(self) -> bool:
        """Whether they may read feeds and nothing else."""
        return bool(self.name) and self.role is Role.FEED


_VISITOR = web.RequestKey("visitor", Visitor)


def visitor_of(request: web.Request) -> Visitor:
    """The visitor who asks, as it was found out before the page is made."""
    found: Visitor = request.get(_VISITOR, Visitor())
    return found


def remember(request: web.Request, visitor: Visitor) -> None:
    """Have ``visitor_of`` know who asks."""
    request[_VISITOR] = visitor


def role_said(role: Role) -> str:
    """A role's name for people, who write it in commands as it is in English."""
    return {
        Role.FEED: pgettext("role", "feed"),
        Role.READ: pgettext("role", "read"),
        Role.ACT: pgettext("role", "act"),
        Role.EDIT: pgettext("role", "edit"),
    }[role]


class Access:
    """Access to the page: for whoever has a token, or for this machine; "" is no token.

    On loopback only names of this machine are answered, and the one of ``--page-url``, lest a web
    site rebind its own name to us. Any other address needs a token: as the password of a browser's
    own prompt (with any user name), or as ``Authorization: Bearer TOKEN`` from programs. A book
    with a token of its own asks for that one, or for the page's, wherever it is asked from; and so
    does a book with people, of whom each has a token.
    """

    def __init__(self, token: str, page_url: PageUrl | None = None) -> None:
        self._token = token.encode()
        self._behind_proxy = page_url is not None
        self._names = (*LOOPBACK, *([page_url.origin.host] if page_url is not None else []))

    @property
    def is_guarded(self) -> bool:
        """Whether nobody sees anything without a token."""
        return bool(self._token)

    def owner(self, request: web.Request, own: str | None) -> Visitor | None:
        """Whoever has the page's token, or that of the book, whose SHA-256 is ``own``; None for
        all others."""
        given = token_of(request)
        if given is None:
            return None
        is_page = bool(self._token) and hmac.compare_digest(given, self._token)
        if is_page or (own is not None and hmac.compare_digest(digest_of(given), own)):
            return Visitor(OWNER, Role.EDIT)
        return None

    def admitted(self, request: web.Request, own: str | None, people: Sequence[Person]) -> Visitor:
        """Whoever else it is: one of the ``people`` of the book, or who needs no token. Raises the
        answer to all others."""
        person = person_of(token_of(request), people)
        if person is not None:
            return Visitor(person.name, person.role)
        if self._token or own is not None or is_closed(people):
            self._ask_for_token(request)
        if _host_of(request) not in self._names:
            raise web.HTTPForbidden(text=_(UNKNOWN_HOST))
        # Who writes rules has a token, unless nobody else can be asking.
        passed_on = self._behind_proxy or any(name in request.headers for name in _PASSED_ON)
        return Visitor(LOCAL, Role.ACT if passed_on else Role.EDIT)

    def _ask_for_token(self, request: web.Request) -> None:
        tried = request.headers.get("Authorization", "").strip()
        text = _("this page needs a token: as the password, or as Authorization: Bearer TOKEN")
        raise (WrongToken if tried else web.HTTPUnauthorized)(
            text=f"{text}\n",
            headers={"WWW-Authenticate": 'Basic realm="watcher", charset="UTF-8"'},
        )

    def admits(self, request: web.Request, pages: Iterable[str]) -> bool:
        """Whether a link in a message is answered by the name that is asked for: where others see
        nothing without a token any name will do, else also that of one of the addresses
        ``pages``."""
        known = {origin.host for each in pages if (origin := Origin.of(each)) is not None}
        return self.is_guarded or _host_of(request) in known.union(self._names)


def demand(visitor: Visitor, role: Role) -> None:
    """Raise ``TooLow`` where the visitor may not do what takes that role."""
    if visitor.may(role):
        return
    if visitor.is_reader_of_feeds:
        raise TooLow(text=_("This token opens the feeds of alerts, and nothing else."))
    text = _("You are {name}, with the role {role}; this takes the role {needed}.")
    said = {"role": role_said(visitor.role), "needed": role_said(role)}
    raise TooLow(text=text.format(name=visitor.name, **said))


def person_of(token: bytes | None, people: Sequence[Person]) -> Person | None:
    """The one of these whose token it is and holds. All are compared, for the same time."""
    if token is None:
        return None
    digest = digest_of(token)
    found = [each for each in people if hmac.compare_digest(each.digest, digest)]
    return found[0] if found and found[0].is_known else None


def is_closed(people: Sequence[Person]) -> bool:
    """Whether a page with these people asks for a token on its own machine, too: also when the last
    of those who may open it was revoked, for else that token's end would open it to everybody."""
    return any(each.role > Role.FEED for each in people)


def book_of(request: web.Request, tokens: Mapping[str, str]) -> str | None:
    """The book whose own token the request brings."""
    given = token_of(request)
    if given is None:
        return None
    digest = digest_of(given)
    found = [book for book, each in tokens.items() if hmac.compare_digest(digest, each)]
    return found[0] if found else None


def token_of(request: web.Request) -> bytes | None:
    """The token that the request brings, of whatever worth; None where it brings none."""
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    token = given.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "bearer":
        return token
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(token, validate=True).partition(b":")[2]
    except binascii.Error:
        return None


def _host_of(request: web.Request) -> str:
    host = request.host
    if not host.endswith("]"):
        host = host.rsplit(":", 1)[0]
    return host.strip("[]").lower()
