"""What a channel's URL asks for in vain: parameters that Apprise passes over, without a word.

Which ones a plugin knows is seen by what it looks up while it reads the URL: its own description
lacks aliases, and names some that it reads only beside others. A value counts as impossible where
the description excludes it and leaving the parameter out makes the same target. No value is shown
that may be a secret.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, wraps
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

    def __init__(self, values: Mapping[str, str], read: _Read) -> None:
        super().__init__(values)
        self._read = read

    def __contains__(self, name: object) -> bool:
        self._read.asked.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self._read.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._read.asked.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self._read.asked.add(name)
        return super().pop(name, *default)


@cache
def _watch() -> None:
    """Have Apprise's reading of parameters noted; cached, so that it happens once a process."""
    found = private.owner_of(private.PARAMETER_PARSING)
    if found is None:
        return
    owner, name = found
    original: Callable[..., dict[str, Any]] = getattr(owner, name)

    @wraps(original)
    def parse(*args: Any, **kwargs: Any) -> dict[str, Any]:
        parsed, read = original(*args, **kwargs), _current.get()
        if read is not None:
            read.given.update(parsed["qsd"])
            parsed["qsd"] = _NotedLookups(parsed["qsd"], read)
        return parsed

    setattr(owner, name, parse)


@contextmanager
def _noting() -> Iterator[_Read]:
    _watch()
    read = _Read()
    token = _current.set(read)
    try:
        yield read
    finally:
        _current.reset(token)


def doubts_of(url: str) -> list[str]:
    """What is written in ``url`` and has no effect; none of a URL that Apprise can't read."""
    with _noting() as read:
        plugin = _made(url)
    if plugin is None:
        return []
    found = []
    for name, value in read.given.items():
        if not name:
            continue
        if name[0] in _PREFIXES:
            found += _of_a_prefix(plugin, name)
        elif name not in read.asked:
            found.append(_unknown(plugin, name, read.asked))
        elif is_impossible(plugin, name, value) and _is_vain(plugin, url, name):
            told = f"its parameter {name}{_shown(value)} is not what it takes"
            found.append(f"{told}: {_takes(plugin, name)}")
    return found


def culprit(url: str) -> str:
    """Of a URL that Apprise can't read: the parameters without which it could, in words."""
    bare, _, query = url.partition("?")
    plugin = _made(bare)
    if plugin is None or not query:
        return ""
    names = dict.fromkeys(name for name, _ in _pairs(url) if _NAME.fullmatch(name))
    guilty = [
        name for name in names if _made(_only(url, name)) is None or _made(_without(url, name))
    ]
    told = (f"its parameter {name} can't be what it is: {_takes(plugin, name)}" for name in guilty)
    return "; ".join(each.rstrip(": ") for each in told)


def is_impossible(plugin: NotifyBase, name: str, value: str) -> bool:
    """Whether the plugin's description of a parameter excludes a value."""
    described = _described(plugin, name)
    values = [str(each) for each in _choices(plugin, name)]
    kind = _kind(described)
    if name == "tz":
        return not _is_zone(value)
    if kind == "bool":
        return _TRUE_OR_FALSE.fullmatch(value[:2]) is None
    if values:
        return not _is_among(plugin, values, value)
    if kind in ("int", "float"):
        return not _is_within(described, value)
    return False


def _is_among(plugin: NotifyBase, values: list[str], value: str) -> bool:
    """As Apprise reads choices: by their beginning, or by the words that its module lists."""
    given = value.strip().casefold()
    if not given:
        return True
    folded = [each.casefold() for each in values]
    if any(each.startswith(given) for each in folded):
        return True
    return any(given.startswith(word) for word in _words(plugin, frozenset(folded)))


def _words(plugin: NotifyBase, folded: frozenset[str]) -> Iterator[str]:
    """The other words of a choice: keys of the module's tables whose values are of it."""
    for table in vars(sys.modules[type(plugin).__module__]).values():
        if not isinstance(table, dict) or not all(isinstance(key, str) for key in table):
            continue
        if all(str(getattr(each, "value", each)).casefold() in folded for each in table.values()):
            yield from (key.casefold() for key in table if key)


def _is_within(described: Mapping[str, Any], value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    least, most = described.get("min"), described.get("max")
    return (least is None or number >= least) and (most is None or number <= most)


def _is_zone(value: str) -> bool:
    with suppress(Exception):
        return bool(ZoneInfo(value))
    return False


def _is_vain(plugin: NotifyBase, url: str, name: str) -> bool:
    """Whether it makes no difference; no number and neither yes nor no are wrong in any case."""
    if _kind(_described(plugin, name)) in ("bool", "int", "float") and not _choices(plugin, name):
        return True
    other = _made(_without(url, name))
    return other is not None and _state(plugin) == _state(other)


def _state(plugin: NotifyBase) -> str:
    write: Callable[..., object] = plugin.url
    return str(write(privacy=False))


def _of_a_prefix(plugin: NotifyBase, name: str) -> list[str]:
    prefixes = {each.get("prefix") for each in plugin.template_kwargs.values()}
    if name[0] in prefixes:
        return []
    return [f'a parameter that begins with "{name[0]}" is passed over: this service takes none']


def _unknown(plugin: NotifyBase, name: str, asked: set[str]) -> str:
    if not _NAME.fullmatch(name):
        return "a parameter is passed over: Apprise knows none of its name"
    if name in plugin.template_args:
        return f"its parameter {quoted(name)} is passed over: Apprise does not read it here"
    known = {each for each in (*asked, *plugin.template_args) if _NAME.fullmatch(each)} - {"port"}
    return f"its parameter {quoted(name)} is passed over: Apprise knows none{nearest(name, known)}"


def _takes(plugin: NotifyBase, name: str) -> str:
    """``it takes low, normal or high``."""
    described, choices = _described(plugin, name), _choices(plugin, name)
    if choices:
        words = _words_of(choices)
        told = [str(each) for each in words]
        return f"it takes {listing(told if isinstance(words, list | tuple) else sorted(told))}"
    least, most = described.get("min"), described.get("max")
    match _kind(described):
        case "bool":
            return "it takes yes or no"
        case "int" | "float":
            above = f" from {least:,}" if least is not None else ""
            return f"it takes a number{above}{f' to {most:,}' if most is not None else ''}"
        case _:
            return "it takes a time zone, as Europe/Berlin" if name == "tz" else ""


def _described(plugin: NotifyBase, name: str) -> Mapping[str, Any]:
    described: Mapping[str, Any] = plugin.template_args.get(name, {})
    alias = described.get("alias_of")
    if isinstance(alias, str):
        described = {**plugin.template_tokens, **plugin.template_args}.get(alias, {})
    return described


def _choices(plugin: NotifyBase, name: str) -> Any:
    """The values that a parameter may have, if it is one of a choice; words by number in a dict."""
    return _described(plugin, name).get("values") or ()


def _words_of(choices: Any) -> Any:
    """Of a table the words: its values, or its keys where these lead to more than a word."""
    if not isinstance(choices, dict):
        return choices
    return list(choices.values() if all(map(_is_word, choices.values())) else choices)


def _is_word(value: object) -> bool:
    return isinstance(value, str | int)


def _kind(described: Mapping[str, Any]) -> str:
    return str(described.get("type", "string")).rpartition(":")[2]


def _shown(value: str) -> str:
    return f"={value}" if _SHOWN.fullmatch(value) else ""


def _pairs(url: str) -> list[tuple[str, str]]:
    """The names of the parameters, each with the text that gives it."""
    parts = (part for part in re.split(r"[&;]", url.partition("?")[2]) if part)
    return [(part.partition("=")[0].strip().lower(), part) for part in parts]


def _without(url: str, name: str) -> str:
    kept = "&".join(part for each, part in _pairs(url) if each != name)
    bare = url.partition("?")[0]
    return f"{bare}?{kept}" if kept else bare


def _only(url: str, name: str) -> str:
    """The URL with one of its parameters."""
    kept = (part for each, part in _pairs(url) if each == name)
    return f"{url.partition('?')[0]}?{'&'.join(kept)}"


def _made(url: str) -> NotifyBase | None:
    instantiate: Callable[..., Any] = Apprise.instantiate
    with suppress(Exception):  # a plugin may raise anything
        made = instantiate(url, suppress_exceptions=True)
        return made if isinstance(made, NotifyBase) else None
    return None
