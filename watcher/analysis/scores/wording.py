"""A score in words, for the terminal (in English) and the page."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.analysis.scores.claims import Measure
from watcher.analysis.scores.course import DAYS, WENT_ON
from watcher.analysis.scores.fates import EARLY, Fate, FateKind
from watcher.analysis.scores.score import Heard, RuleScore, Tally
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.units import counted, format_number, format_percent

# Of each measure: what its rules are called, and its two outcomes; none of what is only counted.
GROUPS: tuple[tuple[Measure, str, tuple[str, ...]], ...] = (
    (Measure.RISE, N_("Rules that claim a rise"), (N_("Went on"), N_("Fell back"))),
    (Measure.STATE, N_("Rules that claim that something is so"), (N_("Held"), N_("Undone"))),
    (Measure.NONE, N_("Rules of which nothing can be measured"), ()),
)
OUTCOMES = {measure: words for measure, _, words in GROUPS}
# Of each measure: so many turned out well, or did not; and the lower of two shares.
_OUTCOME_LINES = {
    Measure.RISE: (
        N_("{count} went on: {share}"),
        N_("{count} fell back"),
        N_("{count} went on: {share} (the lower: if none of those not known went on)"),
    ),
    Measure.STATE: (
        N_("{count} still held: {share}"),
        N_("{count} undone"),
        N_("{count} still held: {share} (the lower: if none of those not known still held)"),
    ),
}


def measured(score: RuleScore) -> str:
    """A sentence on how the rule is measured."""
    match score.measure:
        case Measure.RISE:
            return _(
                "Went on: in the {days} days from the morning it was told a product sold at least "
                "{times} times as much a day as before, and that beyond what its list did."
            ).format(days=DAYS, times=format_number(WENT_ON))
        case Measure.STATE:
            return _(
                "It claims no rise. Held: {days} days later it was still so: {condition}."
            ).format(days=DAYS, condition=score.condition)
        case Measure.NONE:
            return _("It claims nothing that could be measured later; its alerts are only counted.")


def outcome_lines(score: RuleScore) -> Iterator[str]:
    """A line for each outcome that there is."""
    tally = score.tally
    if score.measure is Measure.NONE:
        return
    good, bad, ranged = _OUTCOME_LINES[score.measure]
    if tally.judged:
        low, high = _shares(tally)
        text = good if low == high else ranged
        yield _(text).format(count=format_number(tally.went_on), share=share(tally))
        yield _(bad).format(count=format_number(tally.fell_back))
    if score.times is not None:
        yield _(
            "of those whose sales are known, half sold at least {times} times their level before"
        ).format(times=format_number(score.times, 1))
    if score.of_early:
        yield _("{count} of {all} undone within {days} days ({share})").format(
            count=format_number(score.early),
            all=format_number(score.of_early),
            days=EARLY,
            share=format_percent(round(score.early / score.of_early, 2)),
        )
    if tally.too_young:
        yield _("{count} too young to say: told less than {days} days ago, or awaited").format(
            count=format_number(tally.too_young), days=DAYS
        )
    if tally.unknown:
        yield _unknown(score)


def fate_lines(fate: Fate, measure: Measure) -> Iterator[str]:
    """Sentences on what became of one alert, by the measure of its rule."""
    rises = measure is Measure.RISE
    match fate.outcome:
        case FateKind.WENT_ON:
            yield (
                _("By the score of its rule it went on.")
                if rises
                else _("By the score of its rule it still held.")
            )
        case FateKind.FELL_BACK:
            yield (
                _("By the score of its rule it fell back.")
                if rises
                else _("By the score of its rule it was undone.")
            )
        case FateKind.TOO_YOUNG:
            yield _("It is too young to say: told less than {days} days ago, or awaited.").format(
                days=DAYS
            )
        case FateKind.UNKNOWN:
            yield _("The score of its rule can't say: {why}.").format(why=_(fate.why))
    if fate.times is not None:
        yield _("It sold {times} times its level before, beyond what its list did.").format(
            times=format_number(fate.times, 1)
        )
    if fate.early:
        yield _("It was undone within {days} days.").format(days=EARLY)


def _unknown(score: RuleScore) -> str:
    count = format_number(score.tally.unknown)
    whys = _(", ").join(
        _("{why} {count}").format(why=_(why), count=format_number(each))
        for why, each in sorted(score.why_unknown.items())
    )
    if not whys:
        return _("{count} not known").format(count=count)
    return _("{count} not known: {reasons}").format(count=count, reasons=whys)


def _shares(tally: Tally) -> tuple[str, str]:
    """The share that went on, if nothing of what is not known did, and of what is known."""
    low, high = (format_percent(round(each or 0.0, 2)) for each in (tally.at_least, tally.share))
    return low, high


def share(tally: Tally) -> str:
    """Percent that went on: ``46%``, or from ``38%`` (if nothing of what is not known did) on."""
    if tally.share is None or tally.at_least is None:
        return ""
    low, high = _shares(tally)
    return high if low == high else _("{low} to {high}").format(low=low, high=high)


def rate(heard: Heard) -> str:
    """``12 messages, 3.5 a week``."""
    count = counted("{count} message", "{count} messages", heard.messages)
    if heard.a_week is None:
        return count
    a_week = format_number(heard.a_week, 1)
    return _("{messages}, {number} a week").format(messages=count, number=a_week)
