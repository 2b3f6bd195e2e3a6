"""Parameters of a channel's URL that Apprise passes over, without a word.

Those that a plugin knows are those that it looks up while it reads the URL: its own description
lacks aliases, and names some that it reads only beside others.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial, wraps
from operator import eq, ne
from typing import Any
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
        if self._kind in ("bool", "int", "float") and not self._choices:
            return True
        plugin: Any = self._plugin
        other: Any = _made(_with_only(url, partial(ne, self._name)))
        return other is not None and plugin.url(privacy=False) == other.url(privacy=False)

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
        return self._kind in ("int", "float") and not self._is_within(value)

    def _is_among(self, given: str) -> bool:
        """Whether it is a choice by its beginning, or by the words that its module lists."""
        folded = {str(each).casefold() for each in self._choices}
        words = tuple(self._words_for(folded))
        return given.startswith(words) or any(each.startswith(given) for each in folded)

    def _words_for(self, choices: Collection[str]) -> Iterator[str]:
        """The other words of a choice: keys of the module's tables whose values are of it."""
        for table in vars(sys.modules[type(self._plugin).__module__]).values():
            if not isinstance(table, dict) or not all(isinstance(key, str) for key in table):
                continue
            values = (str(getattr(each, "value", each)).casefold() for each in table.values())
            if all(value in choices for value in values):
                yield from (key.casefold() for key in table if key)

    def _is_within(self, value: str) -> bool:
        least = -math.inf if self._least is None else self._least
        with suppress(ValueError):
            return bool(least <= float(value) <= (math.inf if self._most is None else self._most))
        return False

    def takes(self) -> str:
        """``it takes low, normal or high``."""
        choices = self._choices
        if isinstance(choices, dict):
            # The words: its values, or its keys where these lead to more than a word.
            are_words = all(isinstance(each, str | int) for each in choices.values())
            choices = list(choices.values() if are_words else choices)
        if choices:
            told = list(map(str, choices))
            in_order = isinstance(choices, list | tuple)
            return f"it takes {listing(told if in_order else sorted(told))}"
        if self._kind == "bool":
            return "it takes yes or no"
        if self._kind in ("int", "float"):
            above = f" from {self._least:,}" if self._least is not None else ""
            below = f" to {self._most:,}" if self._most is not None else ""
            return f"it takes a number{above}{below}"
        return "it takes a time zone, as Europe/Berlin" if self._name == "tz" else ""


def doubts_of(url: str) -> list[str]:
    """Parts of ``url`` that have no effect; none of one that Apprise can't read."""
    _watch()
    read = _Read()
    token = _current.set(read)
    plugin = _made(url)
    _current.reset(token)
    if plugin is None:
        return []
    prefixes = {each.get("prefix") for each in plugin.template_kwargs.values()}
    found = []
    for name, value in read.given.items():
        if name.startswith(_PREFIXES):
            if name[0] not in prefixes:
                told = f'a parameter that begins with "{name[0]}" is passed over'
                found.append(f"{told}: this service takes none")
        elif name and name not in read.asked:
            found.append(_unknown(plugin, name, read.asked))
        elif name and (parameter := _Parameter(plugin, name)).is_vain(value, url):
            shown = f"={value}" if _SHOWN.fullmatch(value) else ""
            found.append(f"its parameter {name}{shown} is not what it takes: {parameter.takes()}")
    return found


def culprit(url: str) -> str:
    """The parameters without which Apprise could read a URL that it can't, in words."""
    bare, _, query = url.partition("?")
    plugin = _made(bare)
    if plugin is None or not query:
        return ""
    told = []
    for name in dict.fromkeys(name for name, _ in _pairs(url) if _NAME.fullmatch(name)):
        alone = _made(_with_only(url, partial(eq, name)))
        if alone is None or _made(_with_only(url, partial(ne, name))):
            takes = _Parameter(plugin, name).takes()
            told.append(f"its parameter {name} can't be what it is: {takes}".rstrip(": "))
    return "; ".join(told)


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


def _with_only(url: str, keeps: Callable[[str], bool]) -> str:
    """The URL with those of its parameters whose name is kept."""
    kept = "&".join(part for name, part in _pairs(url) if keeps(name))
    return f"{url.partition('?')[0]}{'?' if kept else ''}{kept}"


def _made(url: str) -> NotifyBase | None:
    instantiate: Callable[..., Any] = Apprise.instantiate
    with suppress(Exception):  # a plugin may raise anything
        made = instantiate(url, suppress_exceptions=True)
        return made if isinstance(made, NotifyBase) else None
    return None
