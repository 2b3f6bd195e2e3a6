"""The ``channels:`` section, and the names that point into it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import dropwhile

from watcher.errors import ProblemCode
from watcher.language import Language
from watcher.model import Severity
from watcher.quiet import QuietHours
from watcher.rules.channel import Channel, Secret
from watcher.rules.files.rule_file import Entry, Names
from watcher.rules.rulebook import Rule
from watcher.rules.sections.models import ChannelSection
from watcher.rules.sections.quiet import read_quiet
from watcher.rules.sections.validators import LONGEST_NAME, is_short
from watcher.schedule import parse_digest
from watcher.words import either, kind, quoted

# For the JSON Schema; beside it a name must be printable.
NAME_PATTERN = rf"(?=.*\S)[^/]{{1,{LONGEST_NAME}}}"


class Channels:
    """The channels read so far; a broken one is remembered, so that its users aren't blamed."""

    def __init__(
        self, timezone: str = "UTC", language: Language = Language.ENGLISH, page: str = ""
    ) -> None:
        self._timezone, self._language, self._page = timezone, language, page
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
        ``notify`` of its own, and ``min_severity`` and ``max_severity`` may leave nothing."""
        told: dict[str, set[Severity]] = {}
        for rule in rules:
            for name in rule.notify:
                told.setdefault(name, set()).update(rule.possible_severities)
        for name, (channel, entry) in self._named.items():
            if name in operator:
                continue
            if name not in told:
                entry.warn("no rule tells this channel anything")
            elif channel is not None and not any(map(channel.hears, told[name])):
                what = f"this channel is told nothing: no rule that tells it is {channel.takes}"
                is_light = min(each.rank for each in told[name]) < channel.min_severity.rank
                entry["min_severity" if is_light else "max_severity"].warn(what)

    def untold(self, rule: Rule) -> str:
        """The doubt about a rule whose channels don't take what it tells: nothing of it, or not
        what is more severe than what they take. Less severe is what ``min_severity`` is for."""
        known = [self._named[name][0] for name in rule.notify]
        channels = [each for each in known if each is not None]
        if not channels or len(channels) < len(known):
            return ""
        heard = {
            severity: any(each.hears(severity) for each in channels)
            for severity in rule.possible_severities
        }
        if not any(heard.values()):
            return f"this rule tells nobody: no channel of it takes what is {rule.severities}"
        more_severe = dropwhile(lambda each: not heard[each], heard)
        lost = [each.value for each in more_severe if not heard[each]]
        if not lost:
            return ""
        return f"what is {either(lost)} is told nobody: no channel of this rule takes it"

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
        if section.min_severity.rank > section.max_severity.rank:
            what = f"is below min_severity ({section.min_severity}): nothing is left"
            entry["max_severity"].report(what)
            return None
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
            max_severity=section.max_severity,
            language=section.language or self._language,
            page=self._page if section.page is None else section.page,
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
