"""A service's habits, put on Apprise's plugin for one message, and taken off again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlencode

from apprise import NotifyBase

from watcher.delivery.apprise import mailing
from watcher.delivery.apprise.observing import Amendment
from watcher.delivery.habits import CLICKS, LEVELS, Click
from watcher.delivery.rendered import Rendered
from watcher.model import Severity


class Habits:
    """Habits of one ``service`` that a ``channel`` is told by, as far as its URL leaves them open,
    which has the parameters ``given``."""

    def __init__(
        self, plugin: NotifyBase, service: str, channel: str, given: Collection[str]
    ) -> None:
        self._plugin = plugin
        self._service = service
        self._channel = channel
        self._is_mail = service in mailing.WITH_HEADERS
        if service in mailing.WITH_NAMES:
            mailing.name_sender(plugin)
        levels, click = LEVELS.get(service), CLICKS.get(service)
        self._levels = None if levels and {*levels.parameters} & {*given} else levels
        self._click = None if click and click.parameter in given else click

    @contextmanager
    def applied(self, rendered: Rendered) -> Iterator[None]:
        """Have the plugin send a message so in the block."""
        before = []
        for path, value in self._attributes(rendered):
            *outer, name = path.split(".")
            owner: Any = self._plugin
            for each in outer:
                owner = getattr(owner, each, None)
            if hasattr(owner, name):  # a release that renames one costs a convenience
                before.append((owner, name, getattr(owner, name)))
                setattr(owner, name, value)
        try:
            yield
        finally:
            for owner, name, value in before:
                setattr(owner, name, value)

    def _attributes(self, rendered: Rendered) -> Iterator[tuple[str, object]]:
        if self._levels is not None:
            yield self._levels.attribute, self._levels.of(Severity(rendered.severity))
        if self._click is not None and self._click.attribute and rendered.click:
            yield self._click.attribute, _written(self._click, rendered.click)
        if self._is_mail:
            own: Mapping[str, str] = getattr(self._plugin, "headers", {})
            yield "headers", mailing.headers_of(rendered, self._channel, self._domain, own)

    @property
    def _domain(self) -> str:
        return mailing.domain_of(self._plugin)

    def message_id(self, rendered: Rendered) -> str:
        """The id of the message as a mail; empty where Apprise is to make one up."""
        return mailing.message_id(rendered, self._domain) if self._is_mail else ""

    def amendment(self, rendered: Rendered) -> Amendment | None:
        """A function that writes the link into a request where Apprise has no place for it."""
        write = _IN_REQUEST.get(self._service)
        if write is None or not rendered.click:
            return None
        return lambda request: write(request, rendered.click)


def _written(click: Click, link: str) -> object:
    link = unquote(link) if click.quoted else link
    return [link] if click.several else link


def _of_gotify(request: Any, link: str) -> None:
    payload = json.loads(request.body)
    payload.setdefault("extras", {})["client::notification"] = {"click": {"url": link}}
    request.prepare_body(json.dumps(payload), None)


def _of_join(request: Any, link: str) -> None:
    request.prepare_url(request.url, {"url": link})


def _of_pushsafer(request: Any, link: str) -> None:
    request.prepare_body(f"{request.body}&{urlencode({'u': link})}", None)


_IN_REQUEST: Mapping[str, Callable[[Any, str], None]] = {
    "gotify": _of_gotify,
    "join": _of_join,
    "psafer": _of_pushsafer,
}
