"""Who may open the page: this machine, or whoever has the token.

On loopback only names of this machine are answered, lest a web site rebind its own name to us.
Any other address needs a token: as the password of a browser's own prompt (with any user name),
or as ``Authorization: Bearer TOKEN`` from programs.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path

from aiohttp import web

from watcher.errors import ListenError

LEAST = 16  # characters of a token: it can be guessed at leisure
_LARGEST = 4_096
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def read_token(path: Path) -> str:
    """The token in a file, without the white space around it; ``ListenError`` for what is none."""
    try:
        with path.open(encoding="utf-8") as file:
            token = file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ListenError(f"--web-token-file {path}: can't be read: {why}") from None
    if len(token) < LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise ListenError(
            f"--web-token-file {path}: a token has at least {LEAST} letters and digits and no "
            "space; make one with: openssl rand -hex 32"
        )
    return token


def parse_address(text: str, *, guarded: bool = False) -> tuple[str, int]:
    """``127.0.0.1:8787`` as host and port; ``guarded`` by a token it may be any address.

    Raises ``ListenError`` for what is none, or may not be.
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        raise ListenError(f'--listen: "{text}" is no address; write it like 127.0.0.1:8787, or off')
    host = host.strip("[]")
    if host not in _LOOPBACK and not guarded:
        raise ListenError(
            f'--listen: "{host}" can be reached from outside and needs a token: write one into a '
            "file (openssl rand -hex 32) and name it with --web-token-file"
        )
    return host, int(port)


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
        if host.strip("[]") in _LOOPBACK:
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
