"""The tables of ``docs/delivery.md``: which services confirm what."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

from apprise import NotifyBase

from tools.marked import table
from watcher.delivery.apprise import private
from watcher.delivery.habits import BY_APPRISE, CLICKS, LEVELS
from watcher.delivery.services import EMPTY, FILLED, PROFILES
from watcher.model import Severity

_NAMES = {EMPTY: "nothing", FILLED: "anything"}
_ALWAYS = ", in every answer"


def by_word() -> str:
    """The services whose answer has a verdict of its own."""
    rows = [
        (
            _title(plugin),
            _schemes(plugin),
            _code(row.fields) + (_ALWAYS if row.always else ""),
            f"all but {_code(row.refused)}" if row.refused else _code(row.taken),
            _code(row.passing),
        )
        for name, plugin in _plugins()
        if (row := PROFILES[name]).fields
    ]
    return table(("service", "URL", "confirms by", "took it", "try again"), rows)


def by_status() -> str:
    """The services whose HTTP status says all."""
    return _without_word(over_http=True)


def by_others() -> str:
    """The services that are not asked over HTTP."""
    return _without_word(over_http=False)


def by_severity() -> str:
    """What services make of each severity, and the parameters by which a URL decides for itself."""
    rows = [
        (_title(plugin), *(f"`{each}`" for each in words), ", ".join(f"`{each}=`" for each in own))
        for name, plugin in _plugins()
        for words, own in _levels_of(name)
    ]
    return table(("service", "info", "warning", "critical", "the URL's own"), rows)


def _levels_of(name: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    if name in LEVELS:
        row = LEVELS[name]
        yield [row.word(each) for each in Severity], row.parameters
    elif name in BY_APPRISE:
        parameter, words = BY_APPRISE[name]
        yield words, (parameter,)


def by_click() -> str:
    """The services that have a link to click."""
    return ", ".join(
        _title(plugin) + (f" (`{click.parameter}=`)" if click.parameter else "")
        for name, plugin in _plugins()
        if (click := CLICKS.get(name)) is not None
    )


def _without_word(*, over_http: bool) -> str:
    return ", ".join(
        f"{_title(plugin)} ({_schemes(plugin)})"
        for name, plugin in _plugins()
        if not PROFILES[name].fields and PROFILES[name].over_http is over_http
    )


def _plugins() -> Iterator[tuple[str, type[NotifyBase]]]:
    """All of Apprise's, by the first scheme of each, in the order of their titles."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some import what Python is about to drop
        manager = private.part(private.PLUGIN_MANAGER)()
        manager.load_modules()
        found = list(manager.plugins(include_disabled=True))
    for plugin in sorted(found, key=lambda each: _title(each).casefold()):
        yield _listed(plugin)[0], plugin


def _listed(plugin: type[NotifyBase]) -> list[str]:
    found: list[str] = []
    for schemes in (plugin.protocol, plugin.secure_protocol):
        if isinstance(schemes, str):
            found.append(schemes)
        elif schemes:
            found += schemes
    return found


def _title(plugin: type[NotifyBase]) -> str:
    return str(plugin.service_name)


def _schemes(plugin: type[NotifyBase]) -> str:
    return ", ".join(f"`{each}://`" for each in _listed(plugin))


def _code(values: Sequence[str]) -> str:
    return ", ".join(_NAMES.get(each) or f"`{each}`" for each in values)
