"""The ``reports:`` section: what is told of lists at fixed times, whether anything fired or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, replace

from watcher.rules.conditions.operands import refuse_fact
from watcher.rules.files.rule_file import Entry, Names
from watcher.rules.metrics import RANK, Catalogue, Metric, unknown_metric
from watcher.rules.report import ORDER_BY, PlannedReport, ShownParts
from watcher.rules.rulebook import Watch
from watcher.rules.sections.channels import Channels
from watcher.rules.sections.models import ReportSection, ShowSection
from watcher.rules.sections.subjects import Subjects
from watcher.rules.sections.validators import LONGEST_NAME, is_short
from watcher.schedule import longest_gap, parse_digest, shortest_gap
from watcher.units import HOUR, Unit, format_duration
from watcher.words import Wrong, listing, nearest, quoted

_CHANGE, _RISING = "change", {"desc": True, "asc": False}
# What has no more or less, or is no number of a day.
_NO_ORDER = (Unit.FLAG, Unit.DAY, Unit.TEXT)


class NamedReports:
    """Reads reports; all that is wrong with each is reported, also where its shape is broken."""

    def __init__(
        self, subjects: Subjects, channels: Channels, default_notify: tuple[str, ...],
        timezone: str, kept: int,
    ) -> None:  # fmt: skip
        self._subjects, self._channels = subjects, channels
        self._default_notify, self._timezone, self._kept = default_notify, timezone, kept
        self._names = Names()
        self._found: list[PlannedReport] = []

    def add(self, name: str, entry: Entry) -> None:
        """Read one."""
        if not self._names.take(name, entry):
            return
        fresh = is_short(name)
        if not fresh:
            how = f"use up to {LONGEST_NAME} letters, digits and dashes"
            entry.report(f"{quoted(name)} is no name for a report: {how}", at_key=True)
        section = entry.shape(ReportSection)
        watches = self._watches(entry["watch"], name)
        show = self._show(entry["show"])
        notify = self._notify(entry["notify"])
        ordered = self._ordered(entry["order_by"], watches or ())
        if section is None or watches is None or show is None or ordered is None or not fresh:
            return
        metric, rising = ordered
        zone = section.timezone or self._timezone
        report = PlannedReport(
            name,
            parse_digest(section.at, zone),
            watches,
            metric,
            section.compare,
            show,
            notify,
            rising,
            entry.file.name,
            entry.line,
        )
        self._found.append(report)
        self._doubt(report, entry)

    def settled(self, watches: Mapping[str, Watch]) -> tuple[PlannedReport, ...]:
        """The reports with their watches as these are in the end, by the keys of so far."""
        return tuple(
            replace(each, watches=tuple(watches[watch.key] for watch in each.watches))
            for each in self._found
        )

    @property
    def channels(self) -> set[str]:
        """The channels that some report is told to."""
        return {channel for each in self._found for channel in each.notify}

    def _watches(self, entry: Entry, name: str) -> tuple[Watch, ...] | None:
        groups = self._subjects.groups
        for each in entry.items if entry.value is not None else ():
            if isinstance(each.value, str) and each.value in groups:
                known = {one.group.name: one.group for one in groups}
                of = listing([one.name for one in known[each.value].watches])
                what = f"{quoted(each.value)} is a group, and a report tells of products"
                each.report(f"{what}: name its watches, {of}" if of else what)
                return None
        if entry.value is None:
            return None
        return self._subjects.watches.find(entry, f"{name} (report)", enabled=True)

    def _show(self, entry: Entry) -> ShownParts | None:
        """The rows of each part; one that is not named has the usual ones."""
        if entry.value is None:
            return ShownParts()
        section = entry.shape(ShowSection)
        if section is None:
            return None
        given = {name: rows for name, rows in section.model_dump().items() if rows is not None}
        show = replace(ShownParts(), **given)
        if not any(astuple(show)):
            entry.report("shows nothing: leave a part of it in")
            return None
        return show

    def _notify(self, entry: Entry) -> tuple[str, ...]:
        return self._channels.known(entry) if entry.value is not None else self._default_notify

    def _ordered(
        self, entry: Entry, watches: tuple[Watch, ...]
    ) -> tuple[Metric, bool | None] | None:
        """The metric whose changes are told, and which of them come first."""
        catalogue, text = self._subjects.metrics, entry.value
        if text is None:
            return catalogue[ORDER_BY], None
        if not isinstance(text, str):
            return None
        try:
            return _order_of(text, catalogue, watches)
        except Wrong as error:
            entry.report(str(error), error.code)
            return None

    def _doubt(self, report: PlannedReport, entry: Entry) -> None:
        ago = f"{format_duration(report.compare)} ago"
        place = entry["compare"] if entry["compare"].value is not None else entry
        if report.compare > self._kept:
            kept = format_duration(self._kept)
            place.warn(f"nothing is known of {ago}: observations are kept for {kept}")
        for watch in report.watches:
            if longest_gap(watch.schedule) > report.compare:
                place.warn(
                    f"{watch.name} is read {watch.schedule}, too seldom to be compared with {ago}"
                )
        if shortest_gap(report.at) < HOUR:
            entry["at"].warn(f"{report.at} is more often than hourly")
        if not report.notify:
            entry.warn(f"nobody is told: it has no notify (watcher report {report.name} shows it)")


def _order_of(
    text: str, catalogue: Catalogue, watches: tuple[Watch, ...]
) -> tuple[Metric, bool | None]:
    """``METRIC [change] [asc|desc]``; raises ``Wrong``."""
    name, *words = text.split() or [""]
    metric = catalogue.get(name)
    if metric is None:
        raise unknown_metric(name, catalogue.suggest(name, texts=False))
    refuse_fact(metric, _CHANGE)
    if metric.figures:
        raise Wrong(f"{name} is a figure of many products: a report compares single ones")
    if metric.unit in _NO_ORDER:
        raise Wrong(f"{name} is no amount that can be compared with what it was")
    unsorted = [watch.name for watch in watches if not watch.query.sort]
    if RANK in metric.needs and unsorted:
        raise Wrong(f"{name} needs a watch with a sort, which {listing(unsorted)} has not")
    rest = [word.casefold() for word in words]
    rest = rest[1:] if rest[:1] == [_CHANGE] else rest
    if not rest:
        return metric, None
    if len(rest) == 1 and rest[0] in _RISING:
        rising = _RISING[rest[0]]
        return metric, rising
    odd = next((each for each in rest if each not in (_CHANGE, *_RISING)), rest[-1])
    hint = nearest(odd, (_CHANGE, *_RISING), 1)
    raise Wrong(f"{quoted(odd)} is no order{hint or f': write {name}, {name} desc or {name} asc'}")
