"""Parameters of a channel's URL that Apprise passes over, without a word.

Those that a plugin knows are those that it looks up while it reads the URL: its own description
lacks aliases, and names some that it reads only beside others.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial, wraps
from operator import eq, ne
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from apprise import Apprise, NotifyBase

from watcher.delivery.apprise import private
from watcher.words import listing, nearest, quoted

_NAME = re.compile(r"[a-z][a-z_-]{1,24}")
_SHOWN = re.compile(r"[\w.:+-]{1,24}")
_PREFIXES = ("+", "-", ":")
_TRUE_OR_FALSE = re.compile(r"(?:en|al|t|y|ye|on|1|tr|de|di|ne|f|n|no|of|0|fa)", re.IGNORECASE)


@dataclass(slots=True)
class _Read:
    """The parameters of a URL, and the names that its plugin looked up."""

    given: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


_current: ContextVar[_Read | None] = ContextVar("watcher_parameters", default=None)


class _NotedLookups(dict[str, str]):
    """Parameters that note which of them are looked up."""

    def __init__(self, values: Mapping[str, str], asked: set[str]) -> None:
        super().__init__(values)
        self.asked = asked


def _noting_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    def noting(parameters: _NotedLookups, name: str, *default: Any) -> Any:
        parameters.asked.add(name)
        return lookup(parameters, name, *default)

    return noting


for _lookup in (dict.__contains__, dict.__getitem__, dict.get, dict.pop):
    setattr(_NotedLookups, _lookup.__name__, _noting_lookup(_lookup))


@cache
def _watch() -> None:
    """Have Apprise's reading of parameters noted; cached, so that it happens once a process."""
    found = private.owner_of(private.PARAMETER_PARSING)
    if found is None:
        return
    original: Callable[..., dict[str, Any]] = getattr(*found)

    @wraps(original)
    def parse(*args: Any, **kwargs: Any) -> dict[str, Any]:
        parsed, read = original(*args, **kwargs), _current.get()
        if read is not None:
            read.given.update(parsed["qsd"])
            parsed["qsd"] = _NotedLookups(parsed["qsd"], read.asked)
        return parsed

    setattr(*found, parse)


class _Parameter:
    """One of a plugin's parameters, by its name, as the plugin describes it."""

    def __init__(self, plugin: NotifyBase, name: str) -> None:
        described: Mapping[str, Any] = plugin.template_args.get(name, {})
        alias = described.get("alias_of")
        if isinstance(alias, str):
            described = {**plugin.template_tokens, **plugin.template_args}.get(alias, {})
        self._plugin, self._name = plugin, name
        self._choices: Any = described.get("values") or ()  # words by number in a dict
        self._kind = str(described.get("type", "string")).rpartition(":")[2]
        self._least, self._most = described.get("min"), described.get("max")

    def is_vain(self, value: str, url: str) -> bool:
        """Whether its description excludes ``value``, and the ``url`` means the same without it;
        no number and neither yes nor no are wrong in any case."""
        if not self._excludes(value):
            return False
        if not self._choices and (self._is_number or self._kind == "bool"):
            return True
        plugin: Any = self._plugin
        other: Any = made(_with_only(url, partial(ne, self._name)))
        return other is not None and plugin.url(privacy=False) == other.url(privacy=False)

    @property
    def _is_number(self) -> bool:
        return self._kind in ("int", "float")

    def _excludes(self, value: str) -> bool:
        if self._name == "tz":
            with suppress(Exception):
                ZoneInfo(value)
                return False
            return True
        if self._kind == "bool":
            return _TRUE_OR_FALSE.fullmatch(value[:2]) is None
        if self._choices:
            return not self._is_among(value.strip().casefold())
        return self._is_number and not self._is_within(value)

    def _is_among(self, given: str) -> bool:
        """Whether it is a choice by its beginning, or by the words that its module lists."""
        folded = {str(each).casefold() for each in self._choices}
        words = tuple(self._words_for(folded))
        return given.startswith(words) or any(each.startswith(given) for each in folded)

    def _words_for(self, choices: AbstractSet[str]) -> Iterator[str]:
        """The other words of a choice: keys of the module's tables whose values are of it."""
        for table in _tables(sys.modules[type(self._plugin).__module__]):
            values = {str(getattr(each, "value", each)).casefold() for each in table.values()}
            if values <= choices:
                yield from filter(None, map(str.casefold, table))

    def _is_within(self, value: str) -> bool:
        least = -math.inf if self._least is None else self._least
        with suppress(ValueError):
            return bool(least <= float(value) <= (math.inf if self._most is None else self._most))
        return False

    def takes(self) -> str:
        """``it takes low, normal or high``."""
        if self._choices:
            return f"it takes {listing(_in_words(self._choices))}"
        if self._is_number:
            above = f" from {self._least:,}" if self._least is not None else ""
            below = f" to {self._most:,}" if self._most is not None else ""
            return f"it takes a number{above}{below}"
        if self._kind == "bool":
            return "it takes yes or no"
        return "it takes a time zone, as Europe/Berlin" if self._name == "tz" else ""


def _in_words(choices: Any) -> list[str]:
    """The words of choices; those of a set by the alphabet."""
    if isinstance(choices, dict):
        # Its values, or its keys where these lead to more than a word.
        are_words = all(isinstance(each, str | int) for each in choices.values())
        choices = list(choices.values() if are_words else choices)
    told = list(map(str, choices))
    return told if isinstance(choices, list | tuple) else sorted(told)


def _tables(module: ModuleType) -> Iterator[dict[str, Any]]:
    """A module's tables of words."""
    for table in vars(module).values():
        if isinstance(table, dict) and all(isinstance(key, str) for key in table):
            yield table


def doubts_of(url: str) -> list[str]:
    """Parts of ``url`` that have no effect; none of one that Apprise can't read."""
    _watch()
    read = _Read()
    token = _current.set(read)
    plugin = made(url)
    _current.reset(token)
    if plugin is None:
        return []
    return list(filter(None, (_doubt(plugin, read, name, url) for name in read.given)))


def _doubt(plugin: NotifyBase, read: _Read, name: str, url: str) -> str:
    """The reason why a parameter has no effect; empty of one that has."""
    if not name:
        return ""
    if name.startswith(_PREFIXES):
        return _doubt_of_prefix(plugin, name[0])
    if name not in read.asked:
        return _unknown(plugin, name, read.asked)
    parameter, value = _Parameter(plugin, name), read.given[name]
    if not parameter.is_vain(value, url):
        return ""
    shown = f"={value}" if _SHOWN.fullmatch(value) else ""
    return f"its parameter {name}{shown} is not what it takes: {parameter.takes()}"


def _doubt_of_prefix(plugin: NotifyBase, prefix: str) -> str:
    if prefix in {each.get("prefix") for each in plugin.template_kwargs.values()}:
        return ""
    return f'a parameter that begins with "{prefix}" is passed over: this service takes none'


def culprit(url: str) -> str:
    """The parameters without which Apprise could read a URL that it can't, in words."""
    bare, _, query = url.partition("?")
    plugin = made(bare)
    if plugin is None or not query:
        return ""
    names = dict.fromkeys(filter(_NAME.fullmatch, (name for name, _ in _pairs(url))))
    told = (
        f"its parameter {name} can't be what it is: {_Parameter(plugin, name).takes()}"
        for name in names
        if _is_to_blame(url, name)
    )
    return "; ".join(each.rstrip(": ") for each in told)


def _is_to_blame(url: str, name: str) -> bool:
    """Whether the URL can't be read with this parameter alone, or can without it."""
    alone, without = _with_only(url, partial(eq, name)), _with_only(url, partial(ne, name))
    return made(alone) is None or bool(made(without))


def _unknown(plugin: NotifyBase, name: str, asked: set[str]) -> str:
    if not _NAME.fullmatch(name):
        return "a parameter is passed over: Apprise knows none of its name"
    if name in plugin.template_args:
        return f"its parameter {quoted(name)} is passed over: Apprise does not read it here"
    known = {each for each in (*asked, *plugin.template_args) if _NAME.fullmatch(each)} - {"port"}
    return f"its parameter {quoted(name)} is passed over: Apprise knows none{nearest(name, known)}"


def _pairs(url: str) -> list[tuple[str, str]]:
    """The names of the parameters, each with the text that gives it."""
    parts = (part for part in re.split(r"[&;]", url.partition("?")[2]) if part)
    return [(part.partition("=")[0].strip().lower(), part) for part in parts]


def given(url: str) -> frozenset[str]:
    """The names of the parameters that a URL gives a value."""
    query = url.partition("?")[2].partition("#")[0].replace(";", "&")
    return frozenset(name.strip().lower() for name in parse_qs(query))


def _with_only(url: str, keeps: Callable[[str], bool]) -> str:
    """The URL with those of its parameters whose name is kept."""
    kept = "&".join(part for name, part in _pairs(url) if keeps(name))
    return f"{url.partition('?')[0]}{'?' if kept else ''}{kept}"


def made(url: str) -> NotifyBase | None:
    """The plugin that Apprise makes of a URL; None where it can't."""
    instantiate: Callable[..., Any] = Apprise.instantiate
    with suppress(Exception):  # a plugin may raise anything
        made = instantiate(url, suppress_exceptions=True)
        return made if isinstance(made, NotifyBase) else None
    return None
