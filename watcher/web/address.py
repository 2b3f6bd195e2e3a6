"""Where the page listens, and the token that it asks for there: read from what the operator gave.

Without the web server's library, so that ``watcher health`` is quick.
"""

from __future__ import annotations

from pathlib import Path

from watcher.errors import ListenError
from watcher.rules.slips import around_secret

LEAST = 16  # characters of a token: it can be guessed at leisure
_LARGEST = 4_096
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def read_token(path: Path) -> str:
    """The token in a file, without the white space around it; ``ListenError`` for what is none."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            token = file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ListenError(f"--web-token-file {path}: can't be read: {why}") from None
    if wrong := around_secret(token):
        raise ListenError(f"--web-token-file {path}: the token {wrong}")
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
    if host not in LOOPBACK and not guarded:
        raise ListenError(
            f'--listen: "{host}" can be reached from outside and needs a token: write one into a '
            "file (openssl rand -hex 32) and name it with --web-token-file"
        )
    return host, int(port)
