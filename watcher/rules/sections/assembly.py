"""The sections of all files into one ``Rulebook``; names are checked across files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from watcher.errors import ProblemCode
from watcher.rules.files.document import Path
from watcher.rules.files.rule_source import Source
from watcher.rules.files.substitution import Vault
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import DEFAULT_URL, Api, Keep, Rule, Rulebook, Secret
from watcher.rules.sections.channels import Channels
from watcher.rules.sections.models import (
    SECTIONS,
    ApiSection,
    DefaultsSection,
    KeepSection,
    Section,
    shape,
)
from watcher.rules.sections.own_metrics import OwnMetrics
from watcher.rules.sections.rule_builder import Ruling
from watcher.rules.sections.validators import api_key, api_url, heartbeat
from watcher.rules.sections.watches import Watches, read_schedule
from watcher.rules.words import kind, nearest, quoted

KEY, VENDORS_KEY = "KEYAPI_KEY", "KEYAPI_TOKEN"  # variables that hold the key

# Stands in where the defaults are broken, so that no watch is blamed for having no region.
_ANY_REGION = "US"

_Model = TypeVar("_Model", bound=Section)


def assemble(sources: Sequence[Source], vault: Vault) -> Rulebook | None:
    """The rulebook of all sources; None, or a useless one, where problems were reported."""
    usable = [source for source in sources if _check_sections(source)]
    return _Assembly(usable, vault).rulebook() if usable else None


def _check_sections(source: Source) -> bool:
    """Whether the file is a mapping; its unknown sections are reported."""
    if not isinstance(source.value, Mapping):
        sections = ", ".join(SECTIONS)
        source.report((), f"the file must have sections ({sections}), not {kind(source.value)}")
        return False
    for key in source.value:
        if key not in SECTIONS:
            hint = nearest(key, SECTIONS, 1) or f": there are {', '.join(SECTIONS)}"
            what = f"unknown section {quoted(key)}{hint}"
            source.report((key,), what, at_key=True, code=ProblemCode.UNKNOWN_SECTION)
    return True


class _Assembly:
    """Reads the sections in the order in which they need each other."""

    def __init__(self, sources: Sequence[Source], vault: Vault) -> None:
        self._sources = sources
        self._vault = vault

    def rulebook(self) -> Rulebook | None:
        api = self._api()
        section = self._only("keep", KeepSection)
        keep = Keep(section.observations, section.notifications) if section else Keep()
        defaults = self._defaults()
        timezone = str(defaults.timezone or "UTC")
        channels = Channels(timezone)
        for source, name, value, path in self._entries("channels"):
            channels.add(name, value, source, path)
        operator = self._names("operator", channels)
        metrics = self._metrics(api)
        watches = Watches(defaults.region, defaults.every, defaults.timezone)
        for source, name, value, path in self._entries("watches"):
            watches.add(name, value, source, path)
        notify = self._default_notify(channels)
        ruling = Ruling(metrics, watches, channels, defaults, notify, keep.observations)
        rules = self._rules(ruling)
        watches.warn_unused()
        channels.warn_unheard(rules, operator)
        if api is None:
            return None
        return Rulebook(
            api=api,
            channels=channels.whole,
            operator=operator,
            rules=rules,
            watches=watches.distinct,
            metrics=metrics,
            keep=keep,
            heartbeat=self._heartbeat(),
            timezone=timezone,
        )

    # ------------------------------------------------------------ sections

    def _api(self) -> Api | None:
        section = self._only("api", ApiSection)
        if section is None:
            if any(self._value(source, "api") is not None for source in self._sources):
                return None
            section = shape(ApiSection, {})
        key = section.key or self._key_of_environment()
        url = section.url or self._from_environment("KEYAPI_URL", api_url) or DEFAULT_URL
        self._warn_of_plain_http(url)
        return Api(
            key=Secret(key) if key else None,
            url=url,
            requests_per_second=section.requests_per_second,
            concurrency=section.concurrency,
            credits_per_day=section.credits_per_day,
            credits_per_month=section.credits_per_month,
            gmv_currency=section.gmv_currency,
        )

    def _key_of_environment(self) -> str | None:
        """By our name for it, else by the vendor's."""
        ours, theirs = ((self._vault.get(name) or "").strip() for name in (KEY, VENDORS_KEY))
        if not ours:
            return self._from_environment(VENDORS_KEY, api_key)
        if theirs not in ("", ours):
            message = f"{KEY} and {VENDORS_KEY} hold different keys: that of {KEY} is taken"
            self._sources[0].warn(("api", "key"), message)
        return self._from_environment(KEY, api_key)

    def _from_environment(self, name: str, check: Callable[[object], str]) -> str | None:
        value = self._vault.get(name)
        if not value:
            return None
        try:
            return check(value)
        except ValueError as error:
            self._sources[0].report(("api",), f"the value of {name} {error}")
            return None

    def _warn_of_plain_http(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            message = "http:// shows your key to everyone on the way: use https://"
            self._sources[0].warn(("api", "url"), message)

    def _metrics(self, api: Api | None) -> Catalogue:
        own = OwnMetrics()
        places: dict[str, str] = {}
        for source, name, value, path in self._entries("metrics"):
            if _is_new(name, places, source, path) and source.filled(path):
                own.add(name, value, path, source.report, source.warn)
        return own.catalogue(api.gmv_currency if api is not None else None)

    def _rules(self, ruling: Ruling) -> tuple[Rule, ...]:
        rules = []
        lists = [source for source in self._sources if self._value(source, "rules") is not None]
        for source in lists:
            value = self._value(source, "rules")
            if not isinstance(value, list):
                what = f"takes a list of rules, each after a dash, not {kind(value)}"
                source.report(("rules",), what)
                continue
            for index, raw in enumerate(value):
                rules.append(ruling.rule(raw, source, ("rules", index)))
        if not any(self._value(source, "rules") not in (None, []) for source in lists):
            what = "there are no rules: write one under rules: (watcher init shows how)"
            self._sources[0].report((), what, code=ProblemCode.NO_RULES)
        return tuple(rule for rule in rules if rule is not None)

    def _heartbeat(self) -> Secret | None:
        found: list[tuple[Source, str | None]] = []
        for source in self._sources:
            value = self._value(source, "heartbeat")
            if value is None or self._is_second("heartbeat", found, source):
                continue
            try:
                found.append((source, heartbeat(value)))
            except ValueError as error:
                found.append((source, None))
                source.report(("heartbeat",), str(error))
        return Secret(found[0][1]) if found and found[0][1] else None

    # ------------------------------------------------------------ defaults

    def _defaults(self) -> DefaultsSection:
        """The defaults. What is wrong in them is reported here, not at each of their users."""
        found = self._only("defaults", DefaultsSection)
        source, raw = self._first("defaults")
        if source is None:
            return found or shape(DefaultsSection, {})
        every, timezone = raw.get("every"), raw.get("timezone")
        path: Path = ("defaults",)
        if read_schedule("24h" if every is None else every, timezone, source, path) is None:
            every = timezone = None
        if found is None:
            return shape(DefaultsSection, {"region": _ANY_REGION})
        return found.model_copy(update={"every": every, "timezone": timezone})

    def _default_notify(self, channels: Channels) -> tuple[str, ...]:
        source, raw = self._first("defaults")
        if source is None:
            return ()
        return channels.known(raw.get("notify"), source, ("defaults", "notify"))

    def _first(self, section: str) -> tuple[Source | None, Mapping[str, object]]:
        """The first file that has a section which is a mapping, and the section."""
        for source in self._sources:
            value = self._value(source, section)
            if isinstance(value, Mapping):
                return source, value
        return None, {}

    # ------------------------------------------------------------- helpers

    def _value(self, source: Source, section: str) -> object:
        value = source.value
        return value.get(section) if isinstance(value, Mapping) else None

    def _only(self, section: str, model: type[_Model]) -> _Model | None:
        """A section that may stand in one of the files only."""
        found: list[tuple[Source, _Model | None]] = []
        for source in self._sources:
            value = self._value(source, section)
            if value is None:
                continue
            if not self._is_second(section, found, source):
                found.append((source, source.shape(model, value, (section,))))
        return found[0][1] if found else None

    def _is_second(
        self, section: str, found: Sequence[tuple[Source, object]], source: Source
    ) -> bool:
        """Whether the section stood in another file already; then that is reported."""
        if found:
            place = found[0][0].place((section,))
            message = f"{section} is written already at {place}: write it in one file"
            source.report((section,), message, at_key=True, code=ProblemCode.NAME_TAKEN)
        return bool(found)

    def _names(self, section: str, channels: Channels) -> tuple[str, ...]:
        names: list[str] = []
        for source in self._sources:
            value = self._value(source, section)
            names += channels.known(value, source, (section,))
        return tuple(dict.fromkeys(names))

    def _entries(self, section: str) -> Iterator[tuple[Source, str, object, Path]]:
        """The named entries of a section in all files."""
        for source in self._sources:
            value = self._value(source, section)
            if isinstance(value, Mapping):
                for name, entry in value.items():
                    yield source, name, entry, (section, name)
            elif value is not None:
                source.report((section,), f"must be a mapping of names, not {kind(value)}")


def _is_new(name: str, places: dict[str, str], source: Source, path: Path) -> bool:
    if name in places:
        message = f"the name {quoted(name)} is already used at {places[name]}"
        source.report(path, message, at_key=True, code=ProblemCode.NAME_TAKEN)
        return False
    places[name] = source.place(path)
    return True
