"""A body that is posted as it is to an address of the user's own: ``payload: json``.

The address is a web address, or Apprise's ``json://`` with all that this takes: a login, headers,
parameters, a method. Apprise would put a text into a document of its own, and cut it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from apprise import NotifyBase

from watcher import __version__
from watcher.delivery.apprise.parameters import made
from watcher.delivery.apprise.pasted import meant
from watcher.errors import TargetError

_WEB = re.compile(r"\s*http(s?)://", re.IGNORECASE)
_JSON = re.compile(r"\s*jsons?://", re.IGNORECASE)
_SCHEME = re.compile(r"\s*([a-zA-Z][\w+.-]*)://")
_LOGIN = re.compile(r"(://)[^/?#]*@")
_METHODS = ("POST", "PUT", "PATCH")
# Of any URL of Apprise, about texts.
_OF_TEXTS = ("format", "overflow", "emojis", "tz")


@dataclass(frozen=True, slots=True)
class PostAddress:
    """An address: ``url`` is the one that Apprise reads it by, ``page`` the web address as it was
    written, without its login; empty where Apprise's form was."""

    url: str
    page: str = ""

    @classmethod
    def at(cls, name: str, written: str) -> PostAddress:
        """The address that was ``written``; ``TargetError`` where nothing can be posted to it."""
        if _JSON.match(written):
            post = cls(written.strip())
        elif web := _WEB.match(written):
            post = cls._of_page(name, written.strip(), web[1].lower())
        else:
            scheme = _SCHEME.match(written)
            said = f"{scheme[1].lower()}:// takes no" if scheme is not None else "this takes no"
            raise TargetError(f"{name}: {said} payload: json, {_HOW}")
        _demand_method(name, post.url)
        return post

    @classmethod
    def _of_page(cls, name: str, written: str, secure: str) -> PostAddress:
        if meant(written) is not None or _is_known(written):
            raise TargetError(
                f"{name}: this is the address of a service, which takes no payload: json; if it is"
                f" one of your own, write it as json{secure}://"
            )
        if not re.match(r"\w+://([^/?#]*@)?[^/?#:]", written):
            raise TargetError(f"{name}: this http{secure}:// URL names no host")
        place = written.partition("?")[0].partition("#")[0].partition("://")[2]
        page = _LOGIN.sub(r"\1", written.partition("#")[0], count=1)
        return cls(f"json{secure}://{place}", page)

    def doubts(self, plugin: NotifyBase) -> Iterator[str]:
        """Yield the parts of Apprise's form that change a text only."""
        if getattr(plugin, "payload_extras", None):
            yield 'a parameter that begins with ":" is passed over: payload: json has its own body'
        asked = {each.partition("=")[0].lower() for each in urlsplit(self.url).query.split("&")}
        for each in _OF_TEXTS:
            if each in asked:
                yield f'its parameter "{each}" is passed over: payload: json is no text'

    def send(self, plugin: NotifyBase, body: str) -> bool:
        """Post it once; whether it was taken. Raises nothing that ``requests`` does."""
        how: Any = plugin
        headers = {
            "User-Agent": f"watcher/{__version__}",
            "Content-Type": "application/json",
            **how.headers,
        }
        try:
            how.throttle()
            answer = requests.request(
                how.method,
                self.page or _page_of(how),
                data=body.encode(),
                params=how.params,
                headers=headers,
                auth=(how.user, how.password or "") if how.user else None,
                verify=how.verify_certificate,
                timeout=how.request_timeout,
                allow_redirects=False,
            )
        except requests.RequestException:
            return False
        return 200 <= answer.status_code < 300


_HOW = "which posts to an address of yours: https://host/path or jsons://host/path"


def _demand_method(name: str, url: str) -> None:
    found = re.search(r"[?&;]method=([^&;]*)", url, re.IGNORECASE)
    if found is not None and found[1].upper() not in _METHODS:
        known = f"{', '.join(_METHODS[:-1])} or {_METHODS[-1]}"
        raise TargetError(f"{name}: payload: json is sent by {known}: another method has no body")


def _is_known(written: str) -> bool:
    """Whether Apprise knows a service by its web address."""
    return made(written) is not None


def _page_of(plugin: Any) -> str:
    """The web address of Apprise's form."""
    port = f":{plugin.port}" if isinstance(plugin.port, int) else ""
    scheme = "https" if plugin.secure else "http"
    return f"{scheme}://{plugin.host}{port}{plugin.fullpath}"
