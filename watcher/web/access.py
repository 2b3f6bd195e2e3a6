"""Access to the page: for this machine, or for whoever has the token.

On loopback only names of this machine are answered, and the one of ``--page-url``, lest a web site
rebind its own name to us. Any other address needs a token: as the password of a browser's own
prompt (with any user name), or as ``Authorization: Bearer TOKEN`` from programs.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from aiohttp import web

from watcher.web.address import LOOPBACK, PageUrl

_UNKNOWN_HOST = """\
ask for this page by 127.0.0.1 or localhost
To open it by another name, as through a proxy: start watcher with --page-url and the address that
the browser shows (or WATCHER_PAGE_URL), like --page-url https://example.com/watcher/
Or give the page a token (--web-token-file): with it any name will do.
"""


class WrongToken(web.HTTPUnauthorized):
    """A token was given that is not the page's."""


class Access:
    """Decides on requests to the page. ``token`` is "" where loopback is enough."""

    def __init__(self, token: str, page_url: PageUrl | None = None) -> None:
        self._token = token.encode()
        self._names = (*LOOPBACK, *([page_url.origin.host] if page_url is not None else []))

    def refusal(self, request: web.Request) -> web.HTTPException | None:
        """The reason not to answer the request; None where it may be answered."""
        if self._token:
            if self._has_token(request):
                return None
            return _ask_for_token(given=bool(request.headers.get("Authorization", "").strip()))
        host = request.host
        if not host.endswith("]"):
            host = host.rsplit(":", 1)[0]
        if host.strip("[]").lower() in self._names:
            return None
        return web.HTTPForbidden(text=_UNKNOWN_HOST)

    def _has_token(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        token = given.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() == "basic":
            try:
                token = base64.b64decode(token, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(token, self._token)


def _ask_for_token(*, given: bool) -> web.HTTPException:
    refusal = WrongToken if given else web.HTTPUnauthorized
    return refusal(
        text="this page needs its token: as the password, or as Authorization: Bearer TOKEN\n",
        headers={"WWW-Authenticate": 'Basic realm="watcher", charset="UTF-8"'},
    )
