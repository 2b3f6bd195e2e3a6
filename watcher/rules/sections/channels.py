"""The ``channels:`` section, and the names that point into it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from watcher.errors import ProblemCode
from watcher.quiet import QuietHours
from watcher.rules.files.rule_file import Entry, Names
from watcher.rules.rulebook import Channel, Rule, Secret
from watcher.rules.sections.models import ChannelSection
from watcher.rules.sections.quiet import read_quiet
from watcher.rules.sections.validators import LONGEST_NAME, is_short
from watcher.schedule import parse_digest
from watcher.words import kind, quoted

# For the JSON Schema; beside it a name must be printable.
NAME_PATTERN = rf"(?=.*\S)[^/]{{1,{LONGEST_NAME}}}"


class Channels:
    """The channels read so far; a broken one is remembered, so that its users aren't blamed."""

    def __init__(self, timezone: str = "UTC") -> None:
        self._timezone = timezone
        self._names = Names()
        self._named: dict[str, tuple[Channel | None, Entry]] = {}

    @property
    def whole(self) -> Mapping[str, Channel]:
        return {name: one[0] for name, one in self._named.items() if one[0] is not None}

    def add(self, name: str, entry: Entry) -> None:
        if self._names.take(name, entry):
            self._named[name] = (self._read(name, entry), entry)

    def quiet_of(self, entry: Entry) -> QuietHours | None:
        """The quiet hours of a rule, in the zone of a channel that has none of its own."""
        return read_quiet(entry, self._timezone)

    def known(self, entry: Entry) -> tuple[str, ...]:
        """Return those of a list of names that are channels; the others are reported."""
        if entry.value is None:
            return ()
        if not isinstance(entry.value, str | list):
            entry.report(f"takes a list of channels' names, not {kind(entry.value)}")
            return ()
        return tuple(dict.fromkeys(str(one.value) for one in entry.items if self._is_known(one)))

    def warn_unheard(self, rules: Iterable[Rule], operator: Collection[str]) -> None:
        """A channel that nobody tells anything: that defaults name it helps no rule that has a
        ``notify`` of its own, and ``min_severity`` may leave nothing."""
        told: dict[str, int] = {}  # the rank of the most severe
        for rule in sorted(rules, key=lambda rule: rule.most_severe.rank):
            told.update(dict.fromkeys(rule.notify, rule.most_severe.rank))
        for name, (channel, entry) in self._named.items():
            if name in operator:
                continue
            if name not in told:
                entry.warn("no rule tells this channel anything")
            elif channel is not None and told[name] < channel.min_severity.rank:
                least = channel.min_severity.value
                what = f"this channel is told nothing: no rule that tells it is {least}"
                entry["min_severity"].warn(what)

    def _read(self, name: str, entry: Entry) -> Channel | None:
        if not is_short(name) or "/" in name:
            message = f"{quoted(name)} is no name for a channel: use letters, digits and dashes"
            entry.report(message, at_key=True)
        if isinstance(entry.value, str | list):
            entry.report('write the URL under "url:"')
            return None
        section = entry.shape(ChannelSection)
        zone = section.timezone if section is not None else None
        quiet = read_quiet(entry["quiet"], zone or self._timezone)
        if section is None:
            return None
        if section.at_most is not None and section.digest is not None:
            what = "at_most bounds nothing beside a digest: that is sent at its own times only"
            entry["at_most"].warn(what)
        if section.template is not None and section.payload is not None:
            entry["template"].warn(
                "template lays out nothing: a channel with payload: json gets documents"
            )
        return self._channel(name, section, entry, quiet)

    def _channel(
        self, name: str, section: ChannelSection, entry: Entry, quiet: QuietHours | None
    ) -> Channel:
        zone = section.timezone or self._timezone
        return Channel(
            name,
            tuple(map(Secret, section.url)),
            section.min_severity,
            zone,
            tuple(one.place for one in entry["url"].items),
            quiet=quiet,
            digest=parse_digest(section.digest, zone) if section.digest else None,
            template=section.template,
            at_most=section.at_most,
            limit=section.limit,
            by_rule=section.group_by is not None,
            payload=section.payload is not None,
        )

    def _is_known(self, entry: Entry) -> bool:
        name = entry.value
        if not isinstance(name, str):
            entry.report(f"takes a channel's name, not {kind(name)}")
            return False
        if name in self._named:
            return True
        self._names.unknown("channel", entry, ProblemCode.UNKNOWN_CHANNEL)
        return False
