"""A channel's URL, read by Apprise, and the words for one that it can't use.

No text of this module repeats a URL or a part of one that may be secret.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from apprise import Apprise, AppriseAsset, NotifyBase

from watcher.delivery.apprise import private
from watcher.delivery.apprise.parameters import culprit
from watcher.delivery.apprise.pasted import Meant, meant
from watcher.errors import TargetError
from watcher.words import listing

_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9]{1,19})://")
_AUTHORITY = re.compile(r"://([^/?#]*)")
_LEFT_OUT = re.compile(
    r"(?:Dropp(?:ed|ing) (?:invalid |local |non-\w+ )?|"
    r"Ignor(?:ed|ing) (?:invalid |illegally formed ))(?:([\w .#/+-]*?) *[(:'%])?"
)
_SETTINGS: dict[str, Any] = {
    "app_id": "watcher",
    "app_desc": "watcher",
    "async_mode": False,  # with no deadline of its own Apprise stays on the calling thread
    "service_timeout": 0,
    "interpret_emojis": False,
    "interpret_escapes": False,
    "http_redirects": False,  # a redirected POST becomes a GET, and its 200 means nothing
}
_one_at_a_time = threading.Lock()
HOW_TO_ENCODE = (
    "a password is written with its special characters encoded:"
    " %40 for @, %2F for /, %23 for #, %3F for ?, %3A for :, %25 for %"
)


class LoadedUrl(NamedTuple):
    """Apprise with one plugin, the plugin, and the URL that it was made of: of a web address that
    was pasted, the one that this means; and the ``left_out`` of it."""

    apprise: Apprise
    plugin: NotifyBase
    url: str
    left_out: tuple[str, ...]


def read(name: str, url: str) -> LoadedUrl:
    """A ``url`` as Apprise takes it; ``TargetError``, with the ``name``, where it can't be used."""
    # Ours first: Apprise takes some addresses for what they are not, or loses a part of them.
    pasted = meant(url) or Meant()
    written, apprise = pasted.url or url, Apprise(asset=AppriseAsset(**_SETTINGS))
    with left_out() as missing:
        added = not pasted.advice and apprise.add(written)
    if not added or not len(apprise):
        raise TargetError(f"{name}: {_unread(url)}")
    if len(apprise) > 1:
        raise TargetError(f"{name}: this is more than one URL; write them as a list")
    plugin = apprise[0]
    if plugin.port is not None and not 0 < int(plugin.port) < 65_536:
        raise TargetError(f"{name}: the port of its {service_of(plugin)}:// URL is not 1 to 65535")
    return LoadedUrl(apprise, plugin, written, tuple(missing))


def service_of(plugin: NotifyBase) -> str:
    """The first scheme that Apprise has for the service, without TLS if it can do without
    (``json`` of ``jsons``)."""
    kind: Any = type(plugin)  # Kodi's plugin has a number of its own under the name
    named = kind.protocol or kind.secure_protocol
    return named if isinstance(named, str) else str(named[0])


def is_cut_short(url: str, plugin: NotifyBase | None) -> bool:
    """Whether a password seems to have a character that ends it, as ``@`` or ``/`` do."""
    scheme, authority = _SCHEME.match(url), _AUTHORITY.search(url)
    if scheme is None or authority is None:
        return False
    templates = getattr(_schemes().get(scheme[1].lower()), "templates", ())
    if not any("password}@" in each for each in templates):
        return False
    userinfo, at, _ = authority[1].rpartition("@")
    if at:
        return _has_other_password(userinfo, plugin)
    # user:pa / ss@host: what looks like a port is none, and the @ comes too late.
    _, colon, port = authority[1].partition(":")
    late = "@" in url[authority.end() :].partition("?to=")[0]
    return bool(colon) and not port.isdigit() and late


def _has_other_password(userinfo: str, plugin: NotifyBase | None) -> bool:
    """Whether a password with a character of its own is not the one that the plugin has read."""
    password = userinfo.partition(":")[2]
    if "@" not in userinfo and ":" not in password:
        return False
    unquoted = NotifyBase.unquote(password)  # type: ignore[no-untyped-call]
    return plugin is None or getattr(plugin, "password", None) not in (None, password, unquoted)


def _unread(url: str) -> str:
    scheme = _SCHEME.match(url)
    if scheme is None:
        return "this is no Apprise URL; it begins like slack:// or mailtos://"
    named = scheme[1].lower()
    return _unread_page(url, named) if named in ("http", "https") else _unread_url(url, named)


def _unread_page(url: str, named: str) -> str:
    """The reason of a web address: what it means can't be read, or it means nothing."""
    pasted = meant(url)
    if pasted is None:
        return (
            f"Apprise knows no service by this {named}:// URL; write the service's own, as slack://,"
            f" or json{'s' if named == 'https' else ''}:// for a program of yours"
        )
    unread = "Apprise can't read the URL that this address means"
    return pasted.advice or ": ".join(filter(None, (unread, culprit(pasted.url))))


def _unread_url(url: str, named: str) -> str:
    schemes = _schemes()
    if schemes and named not in schemes:
        return f"Apprise knows no service for this {named}:// URL"
    unread = f"Apprise can't read this {named}:// URL"
    if is_cut_short(url, None):
        return f"{unread}: {HOW_TO_ENCODE}"
    if schemes and not schemes[named].enabled:
        return f"Apprise can't do {named}:// here: {_lack_of(schemes[named])}"
    why = culprit(url)
    return f"{unread}: {why}" if why else f"{unread}; is a part missing?"


def _lack_of(kind: type[NotifyBase]) -> str:
    """The packages that a plugin can't do without, as far as it names them."""
    packages = kind.requirements.get("packages_required")
    if not packages:
        return "this system lacks what the service needs"
    names = listing([packages] if isinstance(packages, str) else list(map(str, packages)))
    return f"it needs {names} in the environment that watcher runs in (pip install)"


def _schemes() -> Mapping[str, type[NotifyBase]]:
    """Apprise's plugins by each of their schemes; none where it doesn't say."""
    manager = private.part(private.PLUGIN_MANAGER)
    return {scheme: manager()[scheme] for scheme in manager().schemas()} if manager else {}


@contextmanager
def left_out() -> Iterator[list[str]]:
    """Recipients that Apprise leaves out in the block, a word or two for each: "To email". It says
    so in its log, and goes on. Never the recipients themselves: they may be a secret."""
    found: list[str] = []
    reader = threading.get_ident()

    def note(record: logging.LogRecord) -> bool:
        match = _LEFT_OUT.match(str(record.msg))
        if record.thread != reader or match is None:
            return True
        # What follows in brackets, in quotes or after a colon is the recipient.
        found.append(match[1] or "recipient")
        return False

    log = logging.getLogger("apprise")
    with _one_at_a_time:
        level = log.level
        log.addFilter(note)
        log.setLevel(min(level or logging.WARNING, logging.WARNING))
        try:
            yield found
        finally:
            log.removeFilter(note)
            log.setLevel(level)
