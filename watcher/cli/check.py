"""``watcher check``: every error of the rule files, or what they will read and cost."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from msgspec import UNSET

from watcher.analysis.forecast import Forecast, forecast
from watcher.cli import options
from watcher.cli.endpoints import (
    category_doubts,
    endpoint_doubts,
    endpoint_lines,
    endpoint_states,
    name_lines,
    refresh_lines,
)
from watcher.cli.output import Output, as_json, console, json_wanted, print_json, prints
from watcher.cli.stored_facts import StoredFacts, stored_facts
from watcher.errors import Problem, ProblemCode, RulesError, StoreError
from watcher.importing import without_garbage
from watcher.model import Instant
from watcher.page_text import PAGE_FILE
from watcher.rules.rulebook import Rulebook
from watcher.units import count_of, format_instant, format_number

_DOUBT = ProblemCode.DOUBT


def _shapes() -> tuple[type, ...]:
    from watcher.cli import check_shapes  # noqa: PLC0415 - as above

    return check_shapes.PrintedCheck, check_shapes.PrintedProblems


@click.command()
@options.files
@as_json
@prints(_shapes)
def command(files: options.Files) -> None:
    """Check the rule files, and say what they will read and cost."""
    book, warnings = _read(files)
    from watcher import network  # noqa: PLC0415 - after Apprise it costs nothing

    warnings += [Problem("environment", 0, 0, "", text, _DOUBT) for text in network.doubts()]
    known = stored_facts(files, book)
    warnings += known.doubts
    states, now = endpoint_states(book, known.probes), files.now
    costs = forecast(book.with_followed(known.followed), known.pages, files.now, known.spent)
    trouble = [f"the costs are estimates: {known.trouble}"] if known.trouble else []
    doubts = (
        *warnings, *costs.warnings, *trouble, *endpoint_doubts(states, now),
        *category_doubts(book, known.categories),
    )  # fmt: skip
    told = [
        *endpoint_lines(states, now),
        *name_lines(book, known.categories),
        *refresh_lines(book, known.branches, known.probes),
    ]
    if json_wanted():
        from watcher.cli.check_shapes import (  # noqa: PLC0415 - what depths are of
            PlannedNext,
            PrintedCheck,
        )

        found = {each.endpoint.name: each.state for each in states}
        reports = [
            PlannedNext(name=each.name, at=str(each.at), next=each.at.next(now))
            for each in book.reports
        ]
        print_json(
            PrintedCheck.of(
                known,
                rules=len(book.rules),
                forecast=costs,
                warnings=warnings,
                endpoints=found or UNSET,
                reports=reports or UNSET,
            )
        )
    else:
        _show(files.named, book, costs, now, (told, doubts), known)


def _read(files: options.Files) -> tuple[Rulebook, list[Problem]]:
    """The rules with their doubts; where they have errors, the end of the command."""
    warnings: list[Problem] = []
    try:
        book = _fresh(files, warnings)
        warnings += (*book.page_trouble, *book.warnings, *_of_a_lonely_operator(files.named, book))
        warnings += _try_channels(book)
    except RulesError as error:
        if not json_wanted():
            _warn(warnings)  # a URL that can't be used hides no other doubt
            raise
        from watcher.cli.check_shapes import PrintedProblems  # noqa: PLC0415

        print_json(PrintedProblems(problems=error.problems, warnings=warnings))
        sys.exit(1)
    return book, warnings


def _fresh(files: options.Files, warnings: list[Problem]) -> Rulebook:
    """The rules, if need be without those of the page: then it is told that these were not read."""
    try:
        return files.fresh_book(page_needed=True)
    except StoreError as error:
        book = files.fresh_book(page_needed=False)
        what = f"the rules of the page were not read: {error}"
        warnings.append(Problem(PAGE_FILE, 0, 0, "", what, _DOUBT))
        return book


def _show(
    rules: str, book: Rulebook, costs: Forecast, now: Instant,
    told: tuple[Sequence[str], Sequence[object]], known: StoredFacts,
) -> None:  # fmt: skip
    """``told`` is what is good to know, and what is doubtful."""
    lines, doubts = told
    out = console()
    out.say(f"{rules}: {count_of(len(book.rules), 'rule')}, no errors.\n")
    _show_costs(out, book, costs, now)
    for line in lines:
        out.say(line)
    if book.api.key is None:
        out.say("\nNo key yet: before `watcher run` set KEYAPI_KEY (or KEYAPI_TOKEN), or api.key.")
    _warn(doubts)
    if known.unmet:
        out.say("\nNothing in the stored scans met these rules:")
    for each in known.unmet:
        out.say(f"  {each.file}:{each.line}: {each}")
    if known.shallower:
        out.say("\nThese lists could be read less deep:")
    for less in known.shallower:
        out.say(f"  {less}")


def _try_channels(book: Rulebook) -> list[Problem]:
    """Doubts of the channels' URLs; raises ``RulesError`` with all that Apprise can't use."""
    if not book.channels:
        return []
    with without_garbage():  # Apprise has 186 plugins
        from watcher.daemon.connections import doubts_of, targets_of  # noqa: PLC0415 - 0.15 s

        return doubts_of(book, targets_of(book))


def _of_a_lonely_operator(rules: str, book: Rulebook) -> list[Problem]:
    """A dead target is told by the operator's other targets: where there is one only, by none."""
    targets = {name for channel in book.operator for name in book.channels[channel].targets}
    if len(targets) != 1:
        return []
    text = f"only {targets.pop()} hears of the watcher's troubles: if that is dead, nobody hears"
    return [Problem(rules, 0, 0, "operator", text, _DOUBT)]


def _warn(warnings: Sequence[object]) -> None:
    for warning in warnings:
        console().say(f"\nwarning: {warning}", "yellow")


def _show_costs(out: Output, book: Rulebook, costs: Forecast, now: Instant) -> None:
    columns = ("Watch", "When", "Requests a scan", "Scans a day", "Credits a day", "30 days")
    rows = []
    for cost in costs.watches:
        day = (cost.requests, cost.scans_a_day, cost.credits_a_day)
        rows.append((cost.watch, cost.schedule, *day, round(cost.credits_a_month)))
    out.table(columns, rows, numbers=columns[2:], texts=columns[:2])
    for use in costs.groups:
        of, figures = ", ".join(use.watches), ", ".join(use.figures)
        out.say(
            f"\nGroup {use.group}: {use.many} of {of}, by {figures}; it reads nothing more, "
            f"and costs no credits. {count_of(len(use.rules), 'rule')}: {', '.join(use.rules)}."
        )
    for report in book.reports:
        when = format_instant(report.at.next(now), report.zone)
        out.say(f"\nReport {report.name}: {report.at}, next at {when}; of {report.watched}.")
    for each in costs.probes:
        region = f"region {each.region}" if each.region else "lists without a region"
        out.say(
            f"\nProbes of {region}: about {format_number(each.usual, 0)} credits a day, at most "
            f"{each.most} (api.probes_per_day)."
        )
    out.say(
        f"\nTogether {count_of(round(costs.credits_a_day), 'credit')} a day, "
        f"{format_number(costs.credits_a_month, 0)} in 30 days (1 credit a request of 10 products)."
    )
