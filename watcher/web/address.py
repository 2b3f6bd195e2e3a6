"""The page's address and token, read from what the operator gave.

Without the web server's library, so that ``watcher health`` is quick.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from watcher.errors import ListenError
from watcher.network import LOOPBACK, PORTS
from watcher.rules.files.slips import around_secret

LEAST = 16  # characters of a token: it can be guessed at leisure
_LARGEST = 4_096
_TOKEN = re.compile(rf"[!-~]{{{LEAST},}}")
_PORT = re.compile(r"[0-9]+")
_HOST = re.compile(r"[a-z0-9_.:-]+")
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")


@dataclass(frozen=True, slots=True)
class Origin:
    """A web site as browsers tell sites apart; ``host`` is in small letters, without brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Origin | None:
        """The origin of a URL, or of an ``Origin`` header; None where there is none."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in PORTS or not parts.hostname:
            return None
        return cls(parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def is_host(self, header: str) -> bool:
        """Whether a ``Host`` header names it; without a port it is the scheme's own."""
        return Origin.of(f"{self.scheme}://{header}") == self


@dataclass(frozen=True, slots=True)
class PageUrl:
    """The page's URL for visitors, as behind a proxy; ``path`` begins and ends with a slash."""

    origin: Origin
    path: str

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


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
    if not _TOKEN.fullmatch(token):
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
    if not host or not _PORT.fullmatch(port) or int(port) > 65_535:
        raise ListenError(f'--listen: "{text}" is no address; write it like 127.0.0.1:8787, or off')
    host = host.strip("[]")
    if host not in LOOPBACK and not guarded:
        raise ListenError(
            f'--listen: "{host}" can be reached from outside and needs a token: write one into a '
            "file (openssl rand -hex 32) and name it with --web-token-file"
        )
    return host, int(port)


def parse_page_url(text: str) -> PageUrl:
    """``https://example.com/watcher/``; raises ``ListenError`` for what is no such address."""
    try:
        parts = urlsplit(text)
        origin = _origin_of(parts)
    except ValueError:  # UnicodeError, of a host that is none, is one
        origin = None
    if origin is None or any(
        (parts.username, parts.query, parts.fragment, *map(str.isspace, text))
    ):
        raise ListenError(
            f'--page-url: "{text}" is no address of a page; write it as a browser shows it, like '
            "https://example.com/watcher/"
        )
    if not _PATH.fullmatch(parts.path):
        raise ListenError(
            f'--page-url: "{parts.path}" can\'t be a path here; its parts are letters, digits and '
            "any of - _ . ~"
        )
    return PageUrl(origin, f"{parts.path.removesuffix('/')}/")


def _origin_of(parts: SplitResult) -> Origin | None:
    """The origin, with the host as browsers send it."""
    host = (parts.hostname or "").encode("idna").decode()
    port = "" if parts.port is None else f":{parts.port}"
    origin = Origin.of(f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}")
    return origin if origin is not None and _HOST.fullmatch(origin.host) else None


CONTENT_POLICY = "Content-Security-Policy"
# What a page may load: its own style and pictures, and all but those of links its own script file,
# which may ask this site only. What stands in a page itself is never run.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
SCRIPTED = f"{POLICY}; script-src 'self'; connect-src 'self'"
