"""The numbers of a rule that can be turned: which values make sense, and how they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from watcher.analysis.scores.claims import simple
from watcher.rules.conditions.base import Condition, has_sizes
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.compare import Compare
from watcher.rules.conditions.logic import All, Any
from watcher.rules.conditions.operands import ChangeBy
from watcher.rules.conditions.ranking import RankChange, Top
from watcher.rules.conditions.transition import Crosses
from watcher.rules.conditions.unusual import Unusual
from watcher.rules.conditions.values import number
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule
from watcher.rules.sections.ordering import ByCondition
from watcher.units import Unit

_WHOLE = frozenset({Unit.COUNT, Unit.PLACE, Unit.DAYS})
# Times the value of today, and that part of it: who writes "at_least: 50" where each product of the
# list sells 40,000 is to be told what does tell less.
_REACH = 100_000.0
_LONGEST = 3_600.0  # days; the file takes ten years
_TWO_DIGITS = [digits * 10.0**power for power in range(-16, 16) for digits in range(10, 100)]
_CROSSES = {True: ("crosses_above", 1), False: ("crosses_below", -1)}
_STRICTER = {"above": 1, "at_least": 1, "below": -1, "at_most": -1}


@dataclass(frozen=True, slots=True)
class Knob:
    """The number ``field`` of a rule's ``condition``, written beside ``operator``. ``stricter`` is
    1 where a larger one tells less, -1 where a smaller one does."""

    condition: Condition
    metric: Metric
    operator: str
    field: str
    stricter: int
    whole: bool

    @property
    def value(self) -> float:
        return float(getattr(self.condition, self.field))

    def turned(self, rule: Rule, value: float) -> Rule:
        given = int(value) if isinstance(self.condition, Top) else value
        fresh = replace(self.condition, **{self.field: given})  # type: ignore[type-var]
        when = _with(rule.when, self.condition, fresh)
        order = rule.order_by
        if isinstance(order, ByCondition):
            order = replace(order, when=when)
        return replace(rule, when=when, order_by=order)

    def ladder(self) -> list[float]:
        """Values of two digits from the loosest to the strictest, far either way."""
        sizes, found = list(self._sizes()), {self.value}
        if self.value >= 0:
            found.update(sizes)
        if self.value <= 0:
            found.update((0.0, *(-each for each in sizes)))
        return sorted(found, reverse=self.stricter < 0)

    def _sizes(self) -> Iterator[float]:
        size = abs(self.value) or 1.0
        low, high = size / _REACH, size * _REACH
        if self.metric.unit is Unit.DAYS:
            high = max(size, min(high, _LONGEST))
        for each in _TWO_DIGITS:
            if low <= each <= high:
                yield float(max(1, round(each))) if self.whole else round(each, 12)


def knobs(rule: Rule) -> list[Knob]:
    """The thresholds of ``when`` in the order of the file."""
    return [knob for part in simple(rule.when) if (knob := _knob(part)) is not None]


def _knob(condition: Condition) -> Knob | None:
    match condition:
        case RankChange(metric=metric, direction=direction):
            verb = "climbs" if direction == "falls" else "drops"
            return Knob(condition, metric, verb, "amount", 1, whole=True)
        case Unusual(metric=metric):
            return Knob(condition, metric, "unusual", "score", 1, whole=False)
        case Top(metric=metric, leaves=False):
            return Knob(condition, metric, "enters_top", "places", -1, whole=True)
        case ChangeBy():  # its amount is each product's own
            return None
        case Compare() | Change() | Crosses() if has_sizes(condition.metric):
            return _of_size(condition)
        case _:
            return None


def _of_size(condition: Compare | Change | Crosses) -> Knob | None:
    metric, whole = condition.metric, condition.metric.unit in _WHOLE
    match condition:
        case Change(direction=direction, percent=percent):
            return Knob(condition, metric, direction, "amount", 1, whole and not percent)
        case Crosses(above=above):
            verb, stricter = _CROSSES[above]
            return Knob(condition, metric, verb, "line", stricter, whole)
        case Compare(operator=operator) if operator in _STRICTER and metric.unit is not Unit.DAY:
            whole = whole and not metric.definition
            return Knob(condition, metric, operator, "limit", _STRICTER[operator], whole)
        case _:
            return None


def _with(condition: Condition, old: Condition, new: Condition) -> Condition:
    """The condition with this very part of it replaced."""
    if condition is old:
        return new
    if isinstance(condition, All | Any):
        return type(condition)(tuple(_with(part, old, new) for part in condition.parts))
    return condition


@dataclass(frozen=True, slots=True)
class Written:
    """A threshold as the rule file has it: the ``text`` from the metric to the number, ``line`` its
    first line in the file, and the number's place in it."""

    text: str
    line: int
    begin: int
    end: int

    @property
    def token(self) -> str:
        return self.text[self.begin : self.end]

    def with_value(self, value: float) -> str:
        return f"{self.text[: self.begin]}{like(self.token, value)}{self.text[self.end :]}"


_FACTORS = {"k": 1e3, "m": 1e6}
_WORD = r"""("[^"\n]*"|'[^'\n]*'|[^\s,{}\[\]#]+)"""
_TOKEN = re.compile(rf"\s*{_WORD}")
_ASIDE = re.compile(
    r"""(?:(?<=\s)|^)\#[^\n]* | (?<=[\s\[{,]) (?: "(?:\\.|[^"\\\n])*" | '[^'\n]*' )""", re.VERBOSE
)
_SAID = re.compile(r"""["'][\w.%+-]*["']""")  # quoted, and yet a key or a number
_KEY = re.compile(r"""(?<![\w.-])["']?([A-Za-z_]\w*)["']?\s*:(?=\s|$)""", re.MULTILINE)


def written(rule: Rule, knob: Knob) -> Written | None:
    """The place of the threshold in the rule file; None where it can't be found as it is meant."""
    for owner, token in _places(rule.text, knob):
        if _value_of(token[1], knob.metric) == knob.value:
            return _cut(rule, owner, token)
    return None


def _places(text: str, knob: Knob) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield the metric's key and the word after the operator, wherever ``when`` has them."""
    # A comment, or words in quotes, are as many blanks: no key is in them.
    bare = _ASIDE.sub(lambda at: at[0] if _SAID.fullmatch(at[0]) else " " * len(at[0]), text)
    keys = list(_KEY.finditer(bare))
    for place, key in enumerate(keys):
        around = keys[place::-1]
        if key[1] != knob.operator or not _in_when(around):
            continue
        owner, token = _owner(around, knob.metric.name), _TOKEN.match(text, key.end())
        if owner is not None and token is not None:
            yield owner, token


def _in_when(keys: Sequence[re.Match[str]]) -> bool:
    sections = (key[1] for key in keys if key[1] in ("when", "until"))
    return next(sections, "") == "when"


def _owner(keys: Sequence[re.Match[str]], metric: str) -> re.Match[str] | None:
    """The metric's key, if between it and the operator stand no more than the operator's like."""
    key = next((key for key in keys if key[1] in (metric, "when", "all", "any")), None)
    return key if key is not None and key[1] == metric else None


def _value_of(token: str, metric: Metric) -> float | None:
    try:
        plain: object = token.strip("\"'")
        with suppress(ValueError):
            plain = float(token.strip("\"'"))
        return number(plain, metric if metric.unit is Unit.DAYS else None)
    except ValueError:
        return None


def _cut(rule: Rule, owner: re.Match[str], token: re.Match[str]) -> Written:
    text = rule.text
    first = text.rfind("\n", 0, owner.start()) + 1
    last = text.find("\n", token.end())
    lines = text[first : len(text) if last < 0 else last]
    if not first:  # the rule's own first line, which the file has after a dash
        lines = f"- {lines}"
        first -= 2
    margin = len(lines) - len(lines.lstrip(" "))
    begin = token.start(1) - first
    if "\n" in lines:  # set out as a block: all its lines lose the same margin
        whole = lines
        lines = re.sub(rf"(?m)^ {{0,{margin}}}", "", lines)
        begin -= margin * (whole.count("\n", 0, begin) + 1)
    else:
        lines, begin = lines[margin:], begin - margin
    line = rule.line + text.count("\n", 0, owner.start())
    return Written(lines.rstrip(), line, begin, begin + len(token[1]))


def like(token: str, value: float) -> str:
    """A value in the manner of another one: ``50%``, ``10k``, ``"2w"``, ``4``."""
    quote = token[:1] if token[:1] in ("'", '"') else ""
    return f"{quote}{_plain_like(token.strip(quote), value)}{quote}"


def _plain_like(bare: str, value: float) -> str:
    suffix = bare[-1:]
    if suffix == "%":
        return f"{_digits(value * 100)}%"
    if suffix in ("d", "w", "h") and bare[0].isdigit():
        return f"{_digits(value)}d"
    factor = _FACTORS.get(suffix.lower(), math.inf)
    return f"{_digits(value / factor)}{suffix}" if abs(value) >= factor else _digits(value)


def _digits(value: float) -> str:
    """All digits that matter, and no thousands' commas, which YAML does not read."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def as_written(knob: Knob, value: float) -> str:
    """A value where the file's own manner is not known."""
    percent = isinstance(knob.condition, Change) and knob.condition.percent
    return like("%" if percent or knob.metric.unit is Unit.FRACTION else "", value)
