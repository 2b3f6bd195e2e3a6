"""Reasons and facts of a product in words, as messages tell them. Every text is neutralised."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from watcher import attributes
from watcher.evidence import OUTSIDE, Criterion, Evidence
from watcher.fields import unit_of
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import ngettext
from watcher.message import Item
from watcher.model import Verdict
from watcher.text.evidence import (
    NO_NAMES,
    PATTERNS,
    beyond,
    condition_of,
    flag_of,
    is_record,
    named,
    peers_of,
    spelled,
)
from watcher.text.sanitize import neutralise, neutralise_name
from watcher.units import (
    NO_CURRENCIES,
    Currencies,
    Unit,
    currency_leads,
    enumerated,
    format_number,
    format_percent,
    format_value,
)

SHORT = 60  # characters of a text
_UNITS = frozenset(Unit)
_FORMS = {
    "normal": N_("{label} (normal form)"),
    "sparse": N_("{label} (sparse form)"),
}


@dataclass(frozen=True, slots=True)
class ReasonInWords:
    """One condition's evidence now, and as the alert fired, if that was otherwise."""

    now: Evidence
    began: Evidence | None = None

    @property
    def met(self) -> bool:
        return Verdict.MET in (self.now.verdict, self.began and self.began.verdict)


def reasons_of(item: Item, names: Mapping[str, str]) -> list[ReasonInWords]:
    """A product's reasons in words, its own rule's alone."""
    if not item.now:
        return [ReasonInWords(as_told(each, names)) for each in item.why]
    return [ReasonInWords(as_told(now, names), _began(now, item.why, names)) for now in item.now]


def as_told(evidence: Evidence, names: Mapping[str, str]) -> Evidence:
    """Evidence in words, as a message says them; what a record beat is no place that the value came
    from."""
    condition = peers_of(evidence) or beyond(evidence)
    words = spelled(evidence, names)
    if is_record(evidence):
        words = msgspec.structs.replace(words, baseline=None)
    return msgspec.structs.replace(words, condition=condition) if condition else words


def _asked(evidence: Evidence) -> str:
    """The condition without what another metric, which stands for a limit, was then."""
    asked = evidence.condition
    if isinstance(asked, Criterion) and asked.measures:
        measures = [each and msgspec.structs.replace(each, value=None) for each in asked.measures]
        asked = msgspec.structs.replace(asked, measures=tuple(measures))
        evidence = msgspec.structs.replace(evidence, condition=asked)
    return condition_of(evidence)


def _began(now: Evidence, why: Sequence[Evidence], names: Mapping[str, str]) -> Evidence | None:
    """Evidence of the condition as the alert fired, or the metric's only one, if it was edited;
    None of what is as it was."""
    others = [each for each in why if each.metric == now.metric]
    same = [each for each in others if _asked(each) == _asked(now)]
    if not same and len(others) != 1:
        return None
    began = as_told((same or others)[0], names)
    return began if _is_otherwise(as_told(now, names), began) else None


def _is_otherwise(now: Evidence, began: Evidence) -> bool:
    if began.baseline != now.baseline or began.value != now.value:
        return True
    # An event has no value: it is met or not.
    return now.value is None and began.verdict != now.verdict


def clauses(said: str, *more: str) -> str:
    """``7-day GMV 1,200 → 4,830, 41 days known``: what is said, and what else there is to it."""
    return _(", ").join(filter(None, (said, *more)))


def of_products(evidence: Evidence) -> str:
    """``of 34 of 37 products``: those that a change of a group's figure holds."""
    if evidence.compared is None:
        return ""
    held, size = evidence.compared
    pattern = ngettext("of {held} of {count} product", "of {held} of {count} products", size)
    return pattern.format(held=format_number(held), count=format_number(size))


def with_condition(told: str, evidence: Evidence) -> str:
    """``sales growth 336% (at least 50%)``: a value with what the condition asks for."""
    condition = neutralise(evidence.condition, 80)
    if not condition:
        return told
    if evidence.peers is not None:
        pattern = _("{told}: {condition}")
    elif condition.endswith((")", "\uff09")) and not condition.startswith(_before_a_pattern()):
        # A metric with its value: two brackets in one are hard to read.
        pattern = _("{told}, {condition}")
    else:
        pattern = _("{told} ({condition})")
    return pattern.format(told=told, condition=condition)


def _before_a_pattern() -> tuple[str, str]:
    """The words before a pattern that a text matches, which may end as it likes."""
    matches = _(PATTERNS["matches"]).partition("{0}")[0]
    return matches, _("not: {condition}").format(condition=matches)


def metric_label(evidence: Evidence) -> str:
    """The metric's name, with the form of its formula where it has two."""
    label = neutralise(evidence.label or evidence.metric, 60)
    if not evidence.form:
        return label
    if evidence.form in _FORMS:
        return _(_FORMS[evidence.form]).format(label=label)
    return f"{label} ({neutralise(evidence.form, 20)} form)"


def moves(evidence: Evidence) -> bool:
    """Whether a value is told with the one that it came from."""
    return evidence.baseline is not None and evidence.value not in (None, evidence.baseline)


def moved(
    evidence: Evidence, currencies: Currencies = NO_CURRENCIES,
    names: Mapping[str, str] = NO_NAMES,
) -> str:  # fmt: skip
    """``1,200 → 4,830 (+303%)``; empty of what does not move."""
    if isinstance(evidence.baseline, str) and isinstance(evidence.value, str):
        return _reworded(evidence.metric, evidence.baseline, evidence.value, names)
    # "4,830 USD" is enough; a sign before the amount would stand on one side alone.
    before = currencies if currency_leads() else NO_CURRENCIES
    baseline = shown_value(evidence.baseline, evidence, before, names)
    value = shown_value(evidence.value, evidence, currencies, names)
    if value is None or baseline is None:
        return ""
    return with_share(f"{baseline} → {value}", evidence)


def _reworded(name: str, was: str, now: str, names: Mapping[str, str]) -> str:
    """Two texts, of long ones the part where they differ."""
    parts = attributes.excerpts(attributes.shown(name, was), attributes.shown(name, now), SHORT)
    return " \u2192 ".join(named(name, neutralise_name(each, SHORT), names) for each in parts)


def shown_value(
    value: float | str | None, evidence: Evidence, currencies: Currencies, names: Mapping[str, str]
) -> str | None:
    """A value with its unit, a flag's by its name; None where there is none to show."""
    if value == OUTSIDE and evidence.unit == Unit.PLACE:
        return _("outside")
    if isinstance(value, str):
        return named(
            evidence.metric,
            neutralise_name(attributes.shown(evidence.metric, value), SHORT),
            names,
        )
    if value is None or not math.isfinite(value):
        return None
    flag = flag_of(evidence.metric, value)
    if flag is not None:
        return flag
    unit = unit_of(evidence.metric, evidence.unit)
    return format_value(value, unit if unit in _UNITS else Unit.SCORE, currencies)


def with_share(told: str, evidence: Evidence) -> str:
    """A move with its percent, if it has one."""
    share = share_of(evidence)
    return _("{told} ({share})").format(told=told, share=share) if share else told


def share_of(evidence: Evidence) -> str:
    """``+303%``, relative to the baseline; empty where a ratio says nothing."""
    value, baseline = evidence.value, evidence.baseline
    if not isinstance(value, int | float) or not isinstance(baseline, int | float):
        return ""
    if baseline <= 0 or evidence.unit in (Unit.PLACE, Unit.FLAG, Unit.DAY, Unit.TEXT):
        return ""
    return format_percent(value / baseline - 1, signed=True)


def facts_of(facts: Mapping[str, float | None], currencies: Currencies) -> Iterator[str]:
    """Price, sales, trend, rank, creators and commission, in this order, as far as known."""

    def told(name: str, unit: Unit, pattern: str = "{}") -> str:
        value = facts.get(name)
        if value is None or not math.isfinite(value):
            return ""
        named = flag_of(name, value) if unit is Unit.FLAG else format_value(value, unit, currencies)
        return pattern.format(named) if named else ""

    sold = told("total_sale_7d_cnt", Unit.COUNT, _("{} sold"))
    gmv = told("total_sale_gmv_7d_amt", Unit.GMV, _("GMV {}"))
    creators = told("total_ifl_cnt", Unit.COUNT, _("{} creators in all"))
    this_week = told(
        "creators_7d", Unit.COUNT, _("{} this week") if creators else _("{} creators this week")
    )
    yield told("spu_avg_price", Unit.MONEY)
    week = enumerated(filter(None, (sold, gmv)))
    yield _("7 days: {week}").format(week=week) if week else ""
    yield told("sales_trend_flag", Unit.FLAG)
    yield told("rank", Unit.PLACE) if facts.get("rank") else ""
    yield enumerated(filter(None, (creators, this_week)))
    yield told("commission", Unit.FRACTION, _("{} commission"))
