"""A score in words, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.analysis.scores.claims import Measure
from watcher.analysis.scores.course import DAYS, WENT_ON
from watcher.analysis.scores.fates import EARLY
from watcher.analysis.scores.score import Heard, RuleScore, Tally
from watcher.units import count_of, format_number, format_percent

# Of each measure: what its rules are called, and its two outcomes; none of what is only counted.
GROUPS: tuple[tuple[Measure, str, tuple[str, ...]], ...] = (
    (Measure.RISE, "Rules that claim a rise", ("Went on", "Fell back")),
    (Measure.STATE, "Rules that claim that something is so", ("Held", "Undone")),
    (Measure.NONE, "Rules of which nothing can be measured", ()),
)
OUTCOMES = {measure: words for measure, _, words in GROUPS}
_WORDS = {Measure.RISE: ("went on", "fell back"), Measure.STATE: ("still held", "undone")}


def measured(score: RuleScore) -> str:
    """A sentence on how the rule is measured."""
    match score.measure:
        case Measure.RISE:
            return (
                f"Went on: in the {DAYS} days from the morning it was told a product sold at least "
                f"{format_number(WENT_ON)} times as much a day as before, and that beyond what its "
                "list did."
            )
        case Measure.STATE:
            return f"It claims no rise. Held: {DAYS} days later it was still so: {score.condition}."
        case _:
            return "It claims nothing that could be measured later; its alerts are only counted."


def outcome_lines(score: RuleScore) -> Iterator[str]:
    """A line for each outcome that there is."""
    tally = score.tally
    if score.measure is Measure.NONE:
        return
    good, bad = _WORDS[score.measure]
    if tally.judged:
        part = share(tally)
        lower = f" (the lower: if none of those not known {good})" if " to " in part else ""
        yield f"{tally.went_on:,} {good}: {part}{lower}"
        yield f"{tally.fell_back:,} {bad}"
    if score.times is not None:
        yield (
            "of those whose sales are known, half sold at least "
            f"{format_number(score.times, 1)} times their level before"
        )
    if score.of_early:
        part = format_percent(round(score.early / score.of_early, 2))
        yield f"{score.early:,} of {score.of_early:,} undone within {EARLY} days ({part})"
    if tally.too_young:
        yield f"{tally.too_young:,} too young to say: told less than {DAYS} days ago, or awaited"
    if tally.unknown:
        whys = ", ".join(f"{why} {count:,}" for why, count in sorted(score.why_unknown.items()))
        yield f"{tally.unknown:,} not known" + (f": {whys}" if whys else "")


def share(tally: Tally) -> str:
    """Percent that went on: ``46%``, or from ``38%`` (if nothing of what is not known did) on."""
    if tally.share is None or tally.at_least is None:
        return ""
    low, high = (format_percent(round(each, 2)) for each in (tally.at_least, tally.share))
    return high if low == high else f"{low} to {high}"


def rate(heard: Heard) -> str:
    """``12 messages, 3.5 a week``."""
    count = count_of(heard.messages, "message")
    return count if heard.a_week is None else f"{count}, {format_number(heard.a_week, 1)} a week"
