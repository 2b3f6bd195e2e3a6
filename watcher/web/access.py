"""Access to the page, or to that of one book of several."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

from aiohttp import web

from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.network import LOOPBACK
from watcher.web.address import Origin, PageUrl, digest_of_token

UNKNOWN_HOST = N_("""\
ask for this page by 127.0.0.1 or localhost
To open it by another name, as through a proxy: start watcher with --page-url and the address that
the browser shows (or WATCHER_PAGE_URL), like --page-url https://example.com/watcher/
Or give the page a token (--web-token-file): with it any name will do.
""")


class WrongToken(web.HTTPUnauthorized):
    """A token was given that is not the page's."""


class Access:
    """Access to the page: for this machine, or for whoever has the token; "" where there is none.

    On loopback only names of this machine are answered, and the one of ``--page-url``, lest a web
    site rebind its own name to us. Any other address needs a token: as the password of a browser's
    own prompt (with any user name), or as ``Authorization: Bearer TOKEN`` from programs. A book
    with a token of its own asks for that one, or for the page's, wherever it is asked from.
    """

    def __init__(self, token: str, page_url: PageUrl | None = None) -> None:
        self._token = token.encode()
        self._names = (*LOOPBACK, *([page_url.origin.host] if page_url is not None else []))

    @property
    def is_guarded(self) -> bool:
        """Whether nobody sees anything without a token."""
        return bool(self._token)

    def refusal(
        self, request: web.Request, book: str | None = None, tokens: Mapping[str, str] | None = None
    ) -> web.HTTPException | None:
        """The reason not to answer the request, which is for that book; None where it may be
        answered. ``tokens`` are the SHA-256 of those that books have, by book."""
        given = _token_of(request)
        own = None if book is None else (tokens or {}).get(book)
        if self._token and given is not None and hmac.compare_digest(given, self._token):
            return None
        if own is not None and given is not None and _is_of(given, own):
            return None
        if self._token or own is not None:
            tried = request.headers.get("Authorization", "").strip()
            text = _(
                "this page needs its token: as the password, or as Authorization: Bearer TOKEN"
            )
            return (WrongToken if tried else web.HTTPUnauthorized)(
                text=f"{text}\n",
                headers={"WWW-Authenticate": 'Basic realm="watcher", charset="UTF-8"'},
            )
        known = _host_of(request) in self._names
        return None if known else web.HTTPForbidden(text=_(UNKNOWN_HOST))

    def admits(self, request: web.Request, pages: Iterable[str]) -> bool:
        """Whether a link in a message is answered by the name that is asked for: where others see
        nothing without a token any name will do, else also that of one of the addresses
        ``pages``."""
        known = {origin.host for each in pages if (origin := Origin.of(each)) is not None}
        return self.is_guarded or _host_of(request) in known.union(self._names)


def book_of(request: web.Request, tokens: Mapping[str, str]) -> str | None:
    """The book whose own token the request brings."""
    given = _token_of(request)
    if given is None:
        return None
    found = [book for book, digest in tokens.items() if _is_of(given, digest)]
    return found[0] if found else None


def _is_of(token: bytes, digest: str) -> bool:
    return hmac.compare_digest(digest_of_token(token).encode(), digest.encode())


def _token_of(request: web.Request) -> bytes | None:
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
