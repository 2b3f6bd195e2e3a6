"""The overview in tables: watches, rules, reports, credits and the queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo

from watcher.analysis.overview import (
    QUIET_DAYS,
    Overview,
    RefreshStatus,
    RuleStatus,
    WatchStatus,
)
from watcher.analysis.reports.due import ReportStatus
from watcher.cli.held import held_lines
from watcher.cli.output import Output, console
from watcher.cli.report import skipped_lines
from watcher.cli.tables import Cell
from watcher.evaluation.empty_list_guard import said_of
from watcher.store.records import ScanRow
from watcher.units import HOUR, MINUTE, count_of, format_ago, format_since
from watcher.words import listing


def show(state: Overview, zone: tzinfo = UTC) -> None:
    """Print the overview in tables; times in ``zone``."""
    out = console()
    for trouble in state.troubles:
        out.say(f"trouble since {format_since(trouble.since, state.now)}: {trouble.text}\n", "red")
    _show_tables(out, state)
    for line in _failures(state):
        out.say(line, "red")
    if quiet := [rule.name for rule in state.rules if rule.quiet]:
        names = listing(quiet)
        out.say(f"\nNot fired in {QUIET_DAYS} days: {names} (`watcher check` says how near)")
    for watch in state.watches:
        if watch.not_indexed:
            number = count_of(len(watch.not_indexed), "product")
            out.say(f"\n{watch.name}: {number} not indexed: {listing(watch.not_indexed)}")
        if watch.doubt:
            out.say(f"\n{watch.name}: {watch.doubt}")
    for line in _problems(state, zone):
        out.say(line, "yellow")
    for line in skipped_lines(state.reports, zone):
        out.say(f"\n{line}", "yellow")
    out.say(f"\nCredits: {_credits(state)}. Messages: {_queue(state)}.")
    for line in held_lines(state.waiting, state.now, zone):
        out.say(line)


def _show_tables(out: Output, state: Overview) -> None:
    heads = ("Watch", "Last scan", "Next", "Products", "Credits today", "State")
    watches = [_watch(watch, state.now) for watch in state.watches]
    out.table(heads, watches, numbers=("Products", "Credits today"), texts=("Watch",))
    if state.refreshes:
        columns = ("Region", "New data since", "Usually at (UTC)", "Next probe", "Probes today")
        regions = [_refresh(each, state.now) for each in state.refreshes]
        out.table(columns, regions, apart=True, numbers=("Probes today",), texts=("Region",))
    heads = ("Rule", "Watch", "Severity", "Firing", "Pending", "State")
    rules = [*map(_rule, state.rules)]
    out.table(heads, rules, apart=True, numbers=("Firing", "Pending"), texts=("Rule", "Watch"))
    if state.reports:
        of_reports = ("Report", "When", "Next", "Last told")
        reports = [_report(each, state.now) for each in state.reports]
        out.table(of_reports, reports, apart=True, texts=("Report", "When"))


def _watch(watch: WatchStatus, now: int) -> tuple[Cell, ...]:
    when, products, how = _last_scan(watch.last, now)
    state = "failing" if watch.health.failing_since is not None else how
    return (watch.name, when, format_ago(watch.due, now), products, watch.credits_today, state)


def _refresh(region: RefreshStatus, now: int) -> tuple[Cell, ...]:
    """A region's row: when its data was renewed, and when that is looked for."""
    last = format_since(region.last, now) if region.last is not None else "never seen"
    if region.missed:
        last += f", {count_of(region.missed, 'day')} left out"
    hour = f"{_clock(region.hour.low)}-{_clock(region.hour.high)}" if region.hour else "not learned"
    look = format_ago(region.next_look, now) if region.next_look is not None else "after a scan"
    return region.region or "none", last, hour, look, f"{region.looks} of {region.most_looks}"


def _clock(seconds: int) -> str:
    return f"{seconds // HOUR:02}:{seconds % HOUR // MINUTE:02}"


def _last_scan(last: ScanRow | None, now: int) -> tuple[str, int | None, str]:
    """Its age, its products, and how it went."""
    if last is None:
        return "never", None, "waiting"
    problems = ", with problems" if last.doubt is not None or last.problems else ""
    return format_since(last.at, now), last.products, f"{last.state.value}{problems}"


def _rule(rule: RuleStatus) -> tuple[Cell, ...]:
    state = "failing" if rule.health.failing_since is not None else "ok"
    state = state if rule.enabled else "not enabled"
    return (rule.name, rule.watch, rule.severity, rule.firing, rule.pending, state)


def _report(report: ReportStatus, now: int) -> tuple[Cell, ...]:
    told = format_since(report.told, now) if report.told is not None else "never"
    return report.name, report.at, format_ago(report.next, now), told


def _failures(state: Overview) -> Iterator[str]:
    """A line for each failure: since when and why."""
    parts: tuple[WatchStatus | RuleStatus, ...] = (*state.watches, *state.rules)
    for name, health in ((part.name, part.health) for part in parts):
        if health.failing_since is not None:
            since = format_since(health.failing_since, state.now)
            yield f"\n{name}: failing since {since}: {health.last_error}"


def _problems(state: Overview, zone: tzinfo) -> Iterator[str]:
    """A line or two for the doubts and problems of each watch's last scan."""
    for name, last in ((each.name, each.last) for each in state.watches if each.last is not None):
        if last.doubt is not None:
            yield f"\n{name}: {said_of(last.doubt, zone)}"
        if last.problems:
            first, *others = last.problems
            more = f" and {len(others)} more" if others else ""
            yield f"\n{name}: problems of the last scan: {first}{more}"


def _credits(state: Overview) -> str:
    spent = state.credits
    spans = (("today", spent.day, spent.day_cap), ("this month", spent.month, spent.month_cap))
    return ", ".join(f"{used:,} {span}{f' of {cap:,}' if cap else ''}" for span, used, cap in spans)


def _queue(state: Overview) -> str:
    counts = (f"{count:,} {name}" for name, count in state.queue.items() if count)
    return ", ".join(counts) or "none yet"
