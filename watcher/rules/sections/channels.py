"""The ``channels:`` section, and the names that point into it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from watcher.errors import ProblemCode
from watcher.model import Severity
from watcher.rules.files.document import Path
from watcher.rules.files.rule_source import Source
from watcher.rules.rulebook import Channel, Rule, Secret
from watcher.rules.sections.models import ChannelSection
from watcher.rules.sections.validators import LONGEST_NAME
from watcher.rules.words import kind, listing, nearest, quoted
from watcher.schedule import parse_digest, parse_quiet

# For the JSON Schema; beside it a name must be printable.
NAME_PATTERN = rf"(?=.*\S)[^/]{{1,{LONGEST_NAME}}}"


class Channels:
    """The channels read so far; a broken one is remembered, so that its users aren't blamed.

    ``timezone`` is that of channels which have none of their own.
    """

    def __init__(self, timezone: str = "UTC") -> None:
        self._timezone = timezone
        self._named: dict[str, tuple[Channel | None, Source, Path]] = {}

    @property
    def whole(self) -> Mapping[str, Channel]:
        """The channels that can be used, by name."""
        return {name: one[0] for name, one in self._named.items() if one[0] is not None}

    def add(self, name: str, raw: object, source: Source, path: Path) -> None:
        """A channel of the ``channels:`` section."""
        if name in self._named:
            _, other, place = self._named[name]
            message = f"the name {quoted(name)} is already used at {other.place(place)}"
            source.report(path, message, at_key=True, code=ProblemCode.NAME_TAKEN)
            return
        self._named[name] = (self._read(name, raw, source, path), source, path)

    def known(self, names: object, source: Source, path: Path) -> tuple[str, ...]:
        """Those of a list of channels' names that are channels; the others are reported."""
        if names is None:
            return ()
        if isinstance(names, str):
            return (names,) if self._is_known(names, source, path) else ()
        if not isinstance(names, list):
            source.report(path, f"takes a list of channels' names, not {kind(names)}")
            return ()
        return tuple(
            dict.fromkeys(
                name
                for index, name in enumerate(names)
                if self._is_known(name, source, (*path, index))
            )
        )

    def warn_unheard(self, rules: Iterable[Rule], operator: Collection[str]) -> None:
        """A channel that nobody tells anything: that defaults name it helps no rule that has a
        ``notify`` of its own, and ``min_severity`` may leave nothing."""
        told: dict[str, list[Severity]] = {}
        for rule in rules:
            for name in rule.notify:
                told.setdefault(name, []).append(rule.severity)
        for name, (channel, source, path) in self._named.items():
            if name in operator:
                continue
            if name not in told:
                source.warn(path, "no rule tells this channel anything")
            elif channel is not None and max(each.rank for each in told[name]) < _rank(channel):
                least = channel.min_severity.value
                source.warn(
                    (*path, "min_severity"),
                    f"this channel is told nothing: no rule that tells it is {least}",
                )

    def _read(self, name: str, raw: object, source: Source, path: Path) -> Channel | None:
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or "/" in name:
            message = f"{quoted(name)} is no name for a channel: use letters, digits and dashes"
            source.report(path, message, at_key=True)
        if isinstance(raw, str | list):
            source.report(path, 'write the URL under "url:"')
            return None
        section = source.shape(ChannelSection, raw, path)
        if section is None:
            return None
        urls = tuple(Secret(url) for url in section.url)
        listed = isinstance(raw, dict) and isinstance(raw["url"], list)
        places = [
            (*path, "url", number) if listed else (*path, "url") for number in range(len(urls))
        ]
        origins = tuple(source.origin(place) for place in places)
        zone, quiet = section.timezone or self._timezone, section.quiet
        return Channel(
            name,
            urls,
            section.min_severity,
            zone,
            origins,
            quiet=parse_quiet(quiet.hours, quiet.timezone or zone) if quiet else None,
            digest=parse_digest(section.digest, zone) if section.digest else None,
            template=section.template,
        )

    def _is_known(self, name: object, source: Source, path: Path) -> bool:
        if not isinstance(name, str):
            source.report(path, f"takes a channel's name, not {kind(name)}")
            return False
        if name in self._named:
            return True
        there = listing(self._named) or "none: write them under channels:"
        hint = nearest(name, self._named) or f": there are {there}"
        what = f"unknown channel {quoted(name)}{hint}"
        source.report(path, what, code=ProblemCode.UNKNOWN_CHANNEL)
        return False


def _rank(channel: Channel) -> int:
    return channel.min_severity.rank
