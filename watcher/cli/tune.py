"""``watcher tune``: the threshold that would have told as many as one likes."""

from __future__ import annotations

import math

import click

from watcher.analysis.scores.claims import claim_of
from watcher.analysis.scores.score import DEFAULT_DAYS
from watcher.analysis.scores.tuning import Reached, Step, Tuning, Wanted, chosen_knob, tune
from watcher.analysis.scores.wording import OUTCOMES, share
from watcher.cli import options
from watcher.cli.completion import metric_names, rule_names
from watcher.cli.lookup import chosen
from watcher.cli.output import answer, as_json, console, prints
from watcher.cli.progress import progress
from watcher.cli.tables import Cell
from watcher.rules.rulebook import Rule, Rulebook
from watcher.units import DAY, format_number, format_span

_RATE = click.FloatRange(min=0.1, max=10_000)


def _number(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """A range takes "nan", which is in none."""
    if math.isnan(value):
        raise click.BadParameter("nan is no number")
    return value


@click.command()
@click.argument("name", metavar="RULE", shell_complete=rule_names)
@options.files
@click.option(
    "--per-week", type=_RATE, callback=_number, default=5, help="How many alerts it should tell."
)
@options.days(DEFAULT_DAYS, "How far back to begin.")
@click.option(
    "--metric", shell_complete=metric_names, help="Whose threshold to turn; its score's by default."
)
@as_json
@prints(Tuning)
def command(
    name: str, files: options.Files, per_week: float, days: int, metric: str | None
) -> None:
    """Find the threshold of RULE that would have told about so many alerts a week.

    The rule is replayed over the stored scans of its watch with other values of one number: that
    of its score (a surge, a growth, `unusual`), else of a move (`rises`, `climbs` ...), else its
    first. Shown are the alerts that each would have told, what became of them (as `watcher score`
    says it), and the line to paste. Nothing is changed.

    \b
      watcher tune breakout --per-week 5
      watcher tune breakout --per-week 2 --metric total_sale_7d_cnt
    """
    book, now = files.book, files.now
    rule = chosen("rule", name, book.rules)
    wanted = Wanted(rule, chosen_knob(rule, metric), per_week)
    with files.open() as opened, progress(f"Replaying {rule.name}", "scans") as report:
        found = tune(opened, book, wanted, (now - days * DAY, now), report)
    answer(found, lambda: _show(found, rule, book))


def _show(found: Tuning, rule: Rule, book: Rulebook) -> None:
    out = console()
    out.say(
        f"{found.rule} on {found.watch}: {found.metric} {found.operator}, over {found.scans} "
        f"scans from {format_span(found.since, found.until, book.zone)}"
    )
    good = OUTCOMES[claim_of(rule).measure][:1]
    known = (*good, "of known") if good else ()
    columns = ("Threshold", "Alerts a week", "Messages a week", "Products", *known, "")
    rows = [_row(step, found, judged=bool(good)) for step in found.steps]
    out.table(columns, rows, apart=True, numbers=columns[:-1])
    out.say(f"\n{_verdict(found)}")
    if found.best.threshold != found.now.threshold:
        place = found.place or "In the rule's when"
        out.say(f"\n{place}:")
        for line in found.line.split("\n"):
            out.say(f"  {line}")
    if found.others:
        out.say(f"\nIt has more numbers to turn: --metric {' or --metric '.join(found.others)}")


def _row(step: Step, found: Tuning, *, judged: bool) -> tuple[Cell, ...]:
    marks = {"nearest": found.best, "as it is now": found.now}
    said = [mark for mark, each in marks.items() if each.threshold == step.threshold]
    known = (share(step.tally), step.tally.judged) if judged else ()
    counts = (step.a_week, step.messages_a_week, step.products)
    return (step.said, *counts, *known, ", ".join(said))


def _verdict(found: Tuning) -> str:
    best, wanted = found.best, format_number(found.per_week, 1)
    said = format_number(best.a_week, 1)
    more = f" ({best.at_first:,} more held at the first scan, and are not counted)"
    first = more if best.at_first else ""
    told = f"{said} a week would have been told, with {best.said}, not {wanted}."
    match found.reached:
        case Reached.FEWER:
            why = "Its other conditions, its cooldown or its list keep it that low."
            return f"Not reached: at most {told} {why}"
        case Reached.MORE:
            advice = "A longer cooldown, or another condition beside it, tells less."
            return f"Not reached: at least {told} {advice}"
        case Reached.LEAPS:
            nearest = f"{best.said} comes nearest with {said}"
            return f"No threshold tells about {wanted} a week: {nearest}{first}."
        case _ if best.threshold == found.now.threshold:
            return f"{best.said} is right as it is: {said} alerts a week{first}."
        case _:
            return f"{best.said} would have told {said} alerts a week{first}."
