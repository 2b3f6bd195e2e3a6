"""The sections of all files into one ``Rulebook``; names are checked across files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from urllib.parse import urlsplit

from watcher.errors import ProblemCode
from watcher.rules.files.rule_file import Entry, RuleFile
from watcher.rules.files.substitution import Vault
from watcher.rules.metrics import CategoryLookup
from watcher.rules.rulebook import DEFAULT_URL, Api, Group, Keep, Rule, Rulebook, Secret, Watch
from watcher.rules.sections import models
from watcher.rules.sections.channels import Channels
from watcher.rules.sections.groups import NamedGroups
from watcher.rules.sections.models import DefaultsSection, shape
from watcher.rules.sections.own_catalogue import own_catalogue
from watcher.rules.sections.reading import Sections, has_sections, rules_in
from watcher.rules.sections.reports import NamedReports
from watcher.rules.sections.rule_builder import RuleBuilder
from watcher.rules.sections.subjects import Subjects
from watcher.rules.sections.validators import api_key, api_url, heartbeat
from watcher.rules.sections.watches import Watches, read_schedule

KEY, VENDORS_KEY = "KEYAPI_KEY", "KEYAPI_TOKEN"  # variables that hold the key

# Stands in where the defaults are broken, so that no watch is blamed for having no region.
_ANY_REGION = "US"


def assemble(
    files: Sequence[RuleFile], vault: Vault, categories: CategoryLookup
) -> Rulebook | None:
    """The rulebook of all files; None, or a useless one, where problems were reported."""
    usable = [file for file in files if has_sections(file)]
    return _Assembly(usable, vault, categories).rulebook() if usable else None


def _with_keys(rule: Rule, settled: Mapping[str, Watch], groups: Mapping[str, Group]) -> Rule:
    """The rule with its watches, and its group, as they are in the end."""
    group = rule.group and groups[rule.group.name]
    return replace(rule, watches=tuple(settled[watch.key] for watch in rule.watches), group=group)


class _Assembly:
    """Reads the sections in the order in which they need each other."""

    def __init__(self, files: Sequence[RuleFile], vault: Vault, categories: CategoryLookup) -> None:
        self._files = files
        self._read = Sections(files)
        self._vault = vault
        self._categories = categories

    def rulebook(self) -> Rulebook | None:
        api = self._api()
        section = self._read.shaped("keep", models.KeepSection)
        keep = Keep(section.observations, section.notifications) if section else Keep()
        defaults = self._defaults()
        timezone = str(defaults.timezone or "UTC")
        channels = Channels(timezone, defaults.language, defaults.page or "")
        for name, entry in self._read.entries("channels"):
            channels.add(name, entry)
        told = (channels.known(entry) for entry in self._read.sections("operator"))
        operator = tuple(dict.fromkeys(chain.from_iterable(told)))
        currency = api.gmv_currency if api is not None else None
        metrics = own_catalogue(self._read, currency, self._categories)
        watches = Watches(defaults.region, defaults.every, defaults.timezone, metrics)
        groups = NamedGroups(watches, metrics)
        for name, entry in self._watches_and_groups(watches):
            groups.add(name, entry)
        section_of = self._read.mapping("defaults")
        notify = channels.known(section_of["notify"]) if section_of is not None else ()
        subjects = Subjects(metrics, watches, groups)
        builder = RuleBuilder(subjects, channels, defaults, notify, keep.observations)
        rules = self._rules(builder)
        reports = NamedReports(subjects, channels, notify, timezone, keep.observations)
        for name, entry in self._read.entries("reports"):
            reports.add(name, entry)
        watches.warn_unused()
        groups.warn(keep.observations)
        settled = watches.settled()
        grouped = groups.settled(settled)
        rules = tuple(_with_keys(rule, settled, grouped) for rule in rules)
        channels.warn_unheard(rules, {*operator, *reports.channels})
        heartbeat = self._heartbeat()
        if api is None:
            return None
        return Rulebook(
            api,
            channels.whole,
            operator,
            rules,
            tuple(settled.values()),
            metrics,
            keep,
            heartbeat,
            timezone,
            groups=tuple(grouped.values()),
            reports=reports.settled(settled),
        )

    def _watches_and_groups(self, watches: Watches) -> list[tuple[str, Entry]]:
        """Read all watches; the groups, which may be of any of them, by name. Which of them has a
        name that two want the order of the files says: the page's rules come last."""
        groups = list[tuple[str, Entry]]()
        for each in map(Sections, zip(self._files)):
            for name, entry in each.entries("watches"):
                watches.add(name, entry)
            groups += [
                (name, entry) for name, entry in each.entries("groups")
                if watches.take_name(name, entry)
            ]  # fmt: skip
        return groups

    def _api(self) -> Api | None:
        section = self._read.shaped("api", models.ApiSection)
        if section is None:
            if any(self._read.sections("api")):
                return None
            section = shape(models.ApiSection, {})
        key = section.key or self._key_of_environment()
        url = section.url or self._from_environment("KEYAPI_URL", api_url) or DEFAULT_URL
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            message = "http:// shows your key to everyone on the way: use https://"
            self._files[0].warn(("api", "url"), message)
        others = section.model_dump(exclude={"key", "url"})
        return Api(Secret(key) if key else None, url, **others)

    def _key_of_environment(self) -> str | None:
        """The key in the environment: under our name for it, else under the vendor's."""
        ours, theirs = ((self._vault.get(name) or "").strip() for name in (KEY, VENDORS_KEY))
        if not ours:
            return self._from_environment(VENDORS_KEY, api_key)
        if theirs not in ("", ours):
            message = f"{KEY} and {VENDORS_KEY} hold different keys: that of {KEY} is taken"
            self._files[0].warn(("api", "key"), message)
        return self._from_environment(KEY, api_key)

    def _from_environment(self, name: str, check: Callable[[object], str]) -> str | None:
        value = self._vault.get(name)
        try:
            return check(value) if value else None
        except ValueError as error:
            self._files[0].report(("api",), f"the value of {name} {error}")
            return None

    def _rules(self, builder: RuleBuilder) -> tuple[Rule, ...]:
        lists = list(self._read.sections("rules"))
        rules = [*map(builder.rule, chain.from_iterable(map(rules_in, lists)))]
        if all(entry.value == [] for entry in lists):
            what = "there are no rules: write one under rules: (watcher init shows how)"
            self._files[0].report((), what, code=ProblemCode.NO_RULES)
        return builder.mutes.settled([rule for rule in rules if rule is not None], builder.names)

    def _heartbeat(self) -> Secret | None:
        entry = self._read.only("heartbeat")
        if entry is not None:
            try:
                return Secret(heartbeat(entry.value))
            except ValueError as error:
                entry.report(str(error))
        return None

    def _defaults(self) -> DefaultsSection:
        """The defaults. Their faults are reported here, not at each of their users."""
        found = self._read.shaped("defaults", DefaultsSection)
        entry = self._read.mapping("defaults")
        if entry is None:
            return found or shape(DefaultsSection, {})
        every, timezone = entry["every"].value, entry["timezone"].value
        if read_schedule("24h" if every is None else every, timezone, entry) is None:
            every = timezone = None
        if found is None:
            return shape(DefaultsSection, {"region": _ANY_REGION})
        return found.model_copy(update={"every": every, "timezone": timezone})
