"""Evidence in words: operators, limits and gaps as messages, page and commands say them, in the
language that is spoken."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from msgspec.structs import replace

from watcher.evidence import Criterion, Evidence, Gap, GapKind, Member, MetricLimit
from watcher.fields import BY_NAME, IDS
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import ngettext, texts
from watcher.model import Verdict
from watcher.units import (
    DAY,
    HOUR,
    NO_CURRENCIES,
    Currencies,
    Unit,
    counted,
    enumerated,
    format_duration,
    format_number,
    format_percent,
    format_value,
    in_percent,
)

PATTERNS = {
    "appears": N_("appears for the first time"),
    "reappears": N_("is listed again"),
    "disappears": N_("is gone from it"),
    "equals": N_("is {0}"),
    "not_equals": N_("is not {0}"),
    "in": N_("is one of {all}"),
    "not_in": N_("is none of {all}"),
    "above": N_("above {0}"),
    "below": N_("below {0}"),
    "at_least": N_("at least {0}"),
    "at_most": N_("at most {0}"),
    "between": N_("between {0} and {1}"),
    "rises": N_("rises {0} from {since}"),
    "falls": N_("falls {0} from {since}"),
    "changes": N_("changes {0} from {since}"),
    "becomes": N_("becomes {0}"),
    "leaves": N_("leaves {0}"),
    "crosses_above": N_("crosses above {0}"),
    "crosses_below": N_("crosses below {0}"),
    "climbs": N_("climbs {0} from {since}"),
    "drops": N_("drops {0} from {since}"),
    "enters_top": N_("enters the top {0}"),
    "leaves_top": N_("leaves the top {0}"),
    "lowest": N_("lowest in {time}"),
    "highest": N_("highest in {time}"),
    "unchanged": N_("unchanged for {time}"),
    "unusual": N_("unusual by {0} over {time}"),
    "contains": N_("contains {0}"),
    "matches": N_("matches {0}"),
}
_BARE = {"changes": N_("changes")}
_AMONG = {"lowest": N_("lowest {0} among {among}"), "highest": N_("highest {0} among {among}")}
_GAPS = {
    GapKind.NO_VALUE: N_("no value for {age}"),
    GapKind.NOT_LISTED: N_("not on the list for {age}"),
    GapKind.NOT_SEEN: N_("not seen for {age}"),
}
_RECORDS = ("lowest", "highest", "unchanged")
_SIDES = ("above", "at_least", "below", "at_most")
_OVER_TIME = ("median", "mean", "min", "max", "usual")  # baselines
_WHOLE = 0.095  # a distance from here on is said in whole percents
_TRUTH = ((N_("no"), 0), (N_("yes"), 1))
_BASELINES = {
    "last": N_("last"),
    "told": N_("what was last told"),
    "ago": N_("{time} ago"),
    "median": N_("median {time}"),
    "mean": N_("mean {time}"),
    "min": N_("min {time}"),
    "max": N_("max {time}"),
    "usual": N_("usual {time}"),
}

NO_NAMES: Mapping[str, str] = MappingProxyType({})


def spelled(evidence: Evidence, names: Mapping[str, str] = NO_NAMES) -> Evidence:
    """Evidence with its label, condition and gap in words, as older versions stored it. ``names``
    are shown beside the ids that they belong to."""
    return replace(
        evidence,
        label=label_of(evidence),
        condition=condition_of(evidence, names),
        gap=gap_of(evidence) or None,
        score=None,
        negations=0,
    )


def with_name(text: str, names: Mapping[str, str]) -> str:
    """An id with its name before it, where it has one."""
    return _("{name} ({id})").format(name=names[text], id=text) if text in names else text


def categories_said(ids: Sequence[str], names: Mapping[str, str]) -> str:
    """A product's categories, from level 1 on: ``Beauty (601450) > Skincare (849672)``."""
    return " > ".join(with_name(each, names) for each in ids) or _("unknown")


def named(metric: str, text: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """An id with its name, where it has one: ``GlowLab (7495981769829615944)``; else the text in
    quotes."""
    known = metric in IDS and text in names
    return with_name(text, names) if known else _('"{text}"').format(text=text)


def ids_in(evidence: Iterable[Evidence], attributes: Collection[str]) -> list[str]:
    """The ids of these attributes that occur in evidence, each once."""
    found: dict[str, None] = {}
    for each in evidence:
        if each.metric in attributes:
            asked = each.condition.limits if isinstance(each.condition, Criterion) else ()
            texts = (each.value, each.baseline, *asked)
            found.update(dict.fromkeys(text for text in texts if isinstance(text, str)))
    return [*found]


def condition_of(evidence: Evidence, names: Mapping[str, str] = NO_NAMES) -> str:
    """The condition: ``rises 30% from 7d ago``."""
    asked = evidence.condition
    if isinstance(asked, Criterion):
        asked = criterion(asked, evidence.metric, evidence.unit, names)
    for _turn in range(evidence.negations):
        asked = _("not: {condition}").format(condition=asked)
    return asked


def label_of(evidence: Evidence) -> str:
    """The metric's name, with the statistic or the score that its baseline is: ``price (median
    14d)``."""
    label, time = label_said(evidence.metric, evidence.label), time_of(evidence)
    return _("{label} ({time})").format(label=label, time=time) if time else label


def time_of(evidence: Evidence) -> str:
    """The time that a baseline is taken over: ``median 14d``, ``usual 28d, z 3.2``, or nothing."""
    asked = evidence.condition
    if not isinstance(asked, Criterion) or asked.baseline not in _OVER_TIME:
        return ""
    if evidence.score is None:
        return _baseline(asked)
    score = format_number(evidence.score, 1)
    return _("{baseline}, z {score}").format(baseline=_baseline(asked), score=score)


def is_record(evidence: Evidence) -> bool:
    """Whether it says of the value itself what it was in a time: it did not move from anywhere."""
    asked = evidence.condition
    return isinstance(asked, Criterion) and asked.operator in _RECORDS


def days_of(evidence: Evidence) -> str:
    """The number of days on which a value is known of the time that is looked at: ``41 days
    known``, or nothing where it is of one moment."""
    return (
        ""
        if evidence.days is None
        else counted("{count} day known", "{count} days known", evidence.days)
    )


def peers_of(evidence: Evidence, currencies: Currencies = NO_CURRENCIES) -> str:
    """The place among the peers: ``top 3% of 37 peers (median 6%)``; empty where none is known."""
    peers, asked = evidence.peers, evidence.condition
    if peers is None or not isinstance(asked, Criterion):
        return ""
    if asked.operator == "lowest":
        pattern = _("bottom {share} of {count} peers (median {middle})")
    else:
        pattern = _("top {share} of {count} peers (median {middle})")
    middle = said(evidence.metric, peers.median, evidence.unit, currencies)
    return pattern.format(
        share=_part(peers.share, asked), count=format_number(peers.size), middle=middle
    )


def _part(share: float, asked: Criterion) -> str:
    """A part in percent, rounded up, but never beyond a limit that it is within."""
    limit = asked.limits[0] if asked.limits and isinstance(asked.limits[0], float) else 1.0
    for digits in (0, 1, 2):
        scale = 10.0**digits
        shown = math.ceil(share * 100 * scale - 1e-6) / scale
        if share > limit or shown <= limit * 100 + 1e-6:
            break
    return in_percent(format_number(shown, 2))


def compared_of(evidence: Evidence) -> str:
    """The number of a group's products that a change is of, those that were listed at both times:
    ``41 of 50 products compared``; empty of any other evidence."""
    if evidence.compared is None:
        return ""
    both, every = evidence.compared
    pattern = ngettext(
        "{both} of {count} product compared", "{both} of {count} products compared", every
    )
    return pattern.format(both=format_number(both), count=format_number(every))


def members_of(
    evidence: Evidence, currencies: Currencies = NO_CURRENCIES
) -> Sequence[tuple[str, str]]:
    """The names of the products that did most of what is said of a group, each with its part as
    far as that is of one kind with it: ``+1,200`` of a change."""
    return [(each.name, _part_of(evidence, each, currencies)) for each in evidence.members]


def _part_of(evidence: Evidence, member: Member, currencies: Currencies) -> str:
    if member.value is None:
        return ""
    sign = "+" if evidence.compared is not None and member.value > 0 else ""
    return f"{sign}{said(evidence.metric, member.value, evidence.unit, currencies)}"


def gap_of(evidence: Evidence) -> str:
    """The reason why the baseline is old: ``not on the list for 9 days``, or nothing."""
    gap = evidence.gap
    if not isinstance(gap, Gap):
        return gap or ""
    age = format_duration(gap.seconds)
    if gap.seconds >= 2 * DAY:
        age = counted("{count} day", "{count} days", round(gap.seconds / DAY))
    elif gap.seconds >= 2 * HOUR:
        age = counted("{count} hour", "{count} hours", gap.seconds // HOUR)
    return _(_GAPS[gap.kind]).format(age=age)


def criterion(asked: Criterion, metric: str, unit: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """A criterion in words: ``at least 50%``."""
    if names:
        return _criterion(asked, metric, unit, names)
    # A rule asks the same of each product of a message.
    return _criterion_known(texts(), asked, metric, unit)


@lru_cache(maxsize=1_024)
def _criterion_known(_texts: object, asked: Criterion, metric: str, unit: str) -> str:
    return _criterion(asked, metric, unit, NO_NAMES)


def _criterion(asked: Criterion, metric: str, unit: str, names: Mapping[str, str]) -> str:
    limits = _limits(asked, metric, unit, names)
    # Of a text there is no how much.
    known = _AMONG if asked.among else PATTERNS if asked.limits else {**PATTERNS, **_BARE}
    told = _(known[asked.operator]).format(
        *limits,
        all=_every(asked, limits),
        since=_baseline(asked),
        time=format_duration(asked.seconds),
        among=asked.among,
    )
    if asked.floor is None:
        return told
    least = _amount(asked.floor, metric, unit)
    return _("{condition}, by {amount} at least").format(condition=told, amount=least)


def _every(asked: Criterion, limits: Sequence[str]) -> str:
    """All limits as far as they are known; the others are counted."""
    told = enumerated(limits)
    if asked.file:
        count = format_number(asked.more)
        return told + _("the {count} in {file}").format(count=count, file=asked.file)
    if not asked.more:
        return told
    return _("{some} and {count} more").format(some=told, count=format_number(asked.more))


def _limits(asked: Criterion, metric: str, unit: str, names: Mapping[str, str]) -> list[str]:
    limits = [
        _text_limit(asked, each, metric, names)
        if isinstance(each, str)
        else _limit(asked, each, metric, unit)
        for each in asked.limits
    ]
    for place, measure in enumerate(asked.measures):
        if measure is not None:
            limits[place] = measured(measure, unit)
    return limits


def measured(measure: MetricLimit, unit: str) -> str:
    """A metric that stands for a limit of another, which has that ``unit``: ``90% of target
    (19.90)``."""
    limit = _with_worth(measure, unit)
    if measure.factor is None:
        return limit
    return _("{share} of {limit}").format(share=_percent(measure.factor), limit=limit)


def _with_worth(measure: MetricLimit, unit: str) -> str:
    """A metric's name with its value, where that is known."""
    if measure.value is None:
        return measure.metric
    # A column of one's own counts in what it is held against, where it does not say itself.
    own = unit if measure.unit in ("", Unit.SCORE) else measure.unit
    value = said(measure.metric, measure.value, own)
    return _("{metric} ({value})").format(metric=measure.metric, value=value)


def beyond(evidence: Evidence) -> str:
    """The distance of a value from another metric, where the condition asks for a part of that:
    ``14% below target (19.90)``; empty of any other condition."""
    asked = evidence.condition
    if not isinstance(asked, Criterion) or asked.operator not in _SIDES or evidence.negations:
        return ""
    measure = next(iter(asked.measures), None)
    if measure is None or measure.factor is None or not measure.value:
        return ""
    if evidence.verdict is not Verdict.MET or not isinstance(evidence.value, int | float):
        return ""
    share = evidence.value / measure.value - 1
    if measure.value < 0 or (share < 0) is not (asked.operator in ("below", "at_most")):
        return ""
    pattern = _("{share} below {limit}") if share < 0 else _("{share} above {limit}")
    far = abs(share)
    told = in_percent(f"{far * 100:.0f}") if far >= _WHOLE else format_percent(far)
    return pattern.format(share=told, limit=_with_worth(measure, evidence.unit))


def value_of(value: float, metric: str, unit: str) -> str:
    """A limit, exact and as the user would write it: ``50%``, ``rising``."""
    if named := _name_in(_names_of(metric) or (_TRUTH if unit == Unit.FLAG else ()), value):
        return named
    if unit == Unit.FRACTION:
        return _percent(value)
    return format_value(value, unit) if unit in (Unit.DAY, Unit.PLACE) else format_number(value, 6)


def _name_in(names: Sequence[tuple[str, int]], value: float) -> str | None:
    return next((_(name) for name, flag in names if flag == value), None)


def _percent(value: float) -> str:
    return in_percent(format_number(value * 100, 6))


def _names_of(metric: str) -> Sequence[tuple[str, int]]:
    """The names of the values of a flag of the source's; none of any other metric."""
    field = BY_NAME.get(metric)
    return (field.names or _TRUTH) if field is not None and field.unit is Unit.FLAG else ()


def flag_of(metric: str, value: float) -> str | None:
    """The name of a flag's value: ``rising`` of ``sales_trend_flag`` 1."""
    return _name_in(_names_of(metric), int(value))


def said(
    metric: str, value: float | None, unit: Unit | str, currencies: Currencies = NO_CURRENCIES
) -> str:
    """A metric's value; a flag's by its name."""
    named = flag_of(metric, value) if value is not None else None
    return named or format_value(value, unit, currencies)


def _text_limit(asked: Criterion, text: str, metric: str, names: Mapping[str, str]) -> str:
    return text if asked.operator == "matches" else named(metric, text, names)


def _limit(asked: Criterion, value: float, metric: str, unit: str) -> str:
    if asked.percent:
        return _percent(value)
    return _LIMITS.get(asked.operator, value_of)(value, metric, unit)


def _amount(value: float, metric: str, unit: str) -> str:
    # From 10% to 12% is a fifth more, or two points: "2%" could mean either.
    if unit == Unit.FRACTION:
        return _("{count} points").format(count=format_number(value * 100, 6))
    return value_of(value, metric, unit)


def _places(number: float, _metric: str, _unit: str) -> str:
    return counted("{count} place", "{count} places", number)


_LIMITS: dict[str, Callable[[float, str, str], str]] = {
    **dict.fromkeys(("rises", "falls", "changes"), _amount),
    **dict.fromkeys(("climbs", "drops"), _places),
    **dict.fromkeys(
        ("unusual", "enters_top", "leaves_top"), lambda value, *_of: format_number(value, 6)
    ),
}  # of the other operators, values


def _baseline(asked: Criterion) -> str:
    return baseline_said(asked.baseline, asked.seconds)


def baseline_said(baseline: str, seconds: int) -> str:
    """The baseline that a value is compared with, in words: ``median 14d``."""
    time = format_duration(seconds)
    if baseline in _BASELINES:
        return _(_BASELINES[baseline]).format(time=time)
    return f"{baseline} {time}" if seconds else baseline
