"""Who may open the page: this machine, or whoever has the token.

On loopback only names of this machine are answered, lest a web site rebind its own name to us.
Any other address needs a token: as the password of a browser's own prompt (with any user name),
or as ``Authorization: Bearer TOKEN`` from programs.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from aiohttp import web

from watcher.web.address import LOOPBACK


class Access:
    """Decides on requests to the page. ``token`` is "" where loopback is enough."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def refusal(self, request: web.Request) -> web.HTTPException | None:
        """Why the request is not answered; None where it may be."""
        if self._token:
            return None if self._has_token(request) else _ask_for_token()
        host = request.host
        if not host.endswith("]"):
            host = host.rsplit(":", 1)[0]
        if host.strip("[]") in LOOPBACK:
            return None
        return web.HTTPForbidden(text="ask for this page by 127.0.0.1 or localhost\n")

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


def _ask_for_token() -> web.HTTPException:
    return web.HTTPUnauthorized(
        text="this page needs its token: as the password, or as Authorization: Bearer TOKEN\n",
        headers={"WWW-Authenticate": 'Basic realm="watcher", charset="UTF-8"'},
    )
