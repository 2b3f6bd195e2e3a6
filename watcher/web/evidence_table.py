"""Evidence of an alert as a table: what each condition asked, what it found as the alert fired,
with what it was compared, and what is so now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.delivery.reasons import shown_value
from watcher.evidence import Evidence
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Verdict
from watcher.text.evidence import (
    compared_of,
    condition_of,
    days_of,
    gap_of,
    label_of,
    members_of,
    peers_of,
)
from watcher.units import Currencies

_VERDICTS = {
    Verdict.MET: N_("met"),
    Verdict.NOT_MET: N_("not met"),
    Verdict.NO_DATA: N_("no data"),
}


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One condition: its ``label`` and what it ``asked``; the ``value`` then, and the one
    ``before`` with its time; the value ``now`` and whether the condition is met by it. ``notes``
    are what else is known. What there is none of is empty."""

    label: str
    asked: str
    value: str
    before: str
    before_at: Instant | None
    verdict: str
    now: str
    verdict_now: str
    notes: tuple[str, ...]


def evidence_lines(
    then: Sequence[Evidence],
    now: Sequence[Evidence],
    currencies: Currencies,
    names: Mapping[str, str],
) -> list[EvidenceLine]:
    """A line for each condition as the alert fired; where nothing of that is known, as it is now.
    ``names`` stand beside the ids that occur."""
    begun = then or now
    later = _matched(begun, now)
    return [
        EvidenceLine(
            label_of(each),
            condition_of(each, names),
            _value(each.value, each, currencies, names) if then else "",
            _value(each.baseline, each, currencies, names),
            each.baseline_at if _is_time(each.baseline_at) else None,
            _(_VERDICTS[each.verdict]) if then else "",
            _value(new.value, new, currencies, names) if new is not None else "",
            _(_VERDICTS[new.verdict]) if new is not None else "",
            tuple(_notes(each, currencies)),
        )
        for each, new in zip(begun, later, strict=True)
    ]


def _matched(then: Sequence[Evidence], now: Sequence[Evidence]) -> Iterator[Evidence | None]:
    """Yield the evidence of now on each condition: that in its place, or else the metric's only
    one."""
    for place, each in enumerate(then):
        same = [one for one in now if one.metric == each.metric]
        here = now[place] if len(now) == len(then) else None
        if here is not None and here.metric == each.metric:
            yield here
        else:
            yield same[0] if len(same) == 1 else None


def _value(
    value: float | str | None, each: Evidence, currencies: Currencies, names: Mapping[str, str]
) -> str:
    return shown_value(value, each, currencies, names) or ""


def _is_time(instant: Instant | None) -> bool:
    return instant is not None and math.isfinite(instant) and instant > 0


def _notes(each: Evidence, currencies: Currencies) -> Iterator[str]:
    yield from filter(
        None, (gap_of(each), days_of(each), peers_of(each, currencies), compared_of(each))
    )
    for name, part in members_of(each, currencies):
        yield _("{name}: {said}").format(name=name, said=part) if part else name
