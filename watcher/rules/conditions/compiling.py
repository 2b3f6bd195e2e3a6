"""A condition as it is written (``when``, ``until``) into one that judges; all errors at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from watcher.errors import ProblemCode
from watcher.rules.conditions.appears import appears
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.logic import Not, all_of, any_of
from watcher.rules.conditions.other_words import answer, instead_of_rank, listed, of_no_metric
from watcher.rules.conditions.registry import (
    NUMBER_BY_NAME,
    OPTIONS,
    TEXT_BY_NAME,
    NumberOperator,
)
from watcher.rules.conditions.values import Setting
from watcher.rules.metrics import RANK, Attribute, Catalogue, Metric
from watcher.words import WrongOption, kind, quoted

Path: TypeAlias = tuple[str | int, ...]

_GROUPS = ("all", "any", "not", "appears")
_EMPTY = "has no condition in it"


class Report(Protocol):
    """A receiver of problems; ``at_key`` points at the last key of the path, not at its value."""

    def __call__(
        self, path: Path, message: str, *, at_key: bool = False, code: ProblemCode = ...
    ) -> None: ...


class Locations:
    """The places where simple conditions are written. Two may be equal and stand in two places."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Condition, Path]] = {}

    def put(self, condition: Condition, path: Path) -> None:
        """Remember ``path``; the condition is kept, for its id must stay its own."""
        self._known[id(condition)] = condition, path

    def of(self, condition: Condition, otherwise: Path) -> Path:
        """The path of this very condition."""
        return self._known.get(id(condition), (condition, otherwise))[1]


def compile_condition(
    value: object,
    path: Path,
    catalogue: Catalogue,
    report: Report,
    *,
    ranked: bool = True,
    places: Locations | None = None,
) -> Condition | None:
    """The condition at ``path``; None where something in it was reported.

    ``ranked`` is false for a watch without a sort, whose products have no rank. ``places`` is
    filled with where each simple condition stands.
    """
    places = Locations() if places is None else places
    return _Compiler(catalogue, report, places, ranked=ranked).mapping(value, path)


class _Compiler:
    def __init__(
        self, catalogue: Catalogue, report: Report, places: Locations, *, ranked: bool
    ) -> None:
        self._catalogue = catalogue
        self._report = report
        self._places = places
        self._ranked = ranked

    def mapping(self, value: object, path: Path) -> Condition | None:
        """A mapping is "all of these"."""
        if not isinstance(value, Mapping):
            self._report(path, self._no_mapping(value))
            return None
        if not value:
            self._report(path, f"{_EMPTY}: write one, as total_sale_7d_cnt: {{at_least: 100}}")
            return None
        parts = [self._entry(str(key), inner, (*path, key)) for key, inner in value.items()]
        return _joined(parts, all_of)

    def _no_mapping(self, value: object) -> str:
        if isinstance(value, list):
            return 'needs "all:" or "any:" before a list of conditions'
        return f"must be conditions, as total_sale_7d_cnt: {{at_least: 100}}, not {kind(value)}"

    def _entry(self, key: str, value: object, path: Path) -> Condition | None:
        match key:
            case "all":
                return self._list(value, path, all_of)
            case "any":
                return self._list(value, path, any_of)
            case "not":
                part = self.mapping(value, path)
                return None if part is None else Not(part)
            case "appears":
                return self._attempt(path, lambda: appears(value))
        metric = self._catalogue.get(key)
        if metric is not None:
            return self._metric(metric, value, path)
        attribute = self._catalogue.attribute(key)
        if attribute is not None:
            return self._attribute(attribute, value, path)
        if key in NUMBER_BY_NAME or key in OPTIONS:
            what = f'"{key}" is an operator: it stands under a metric, as {_example(key)}'
            self._report(path, what, at_key=True)
        else:
            code = ProblemCode.UNKNOWN_METRIC
            self._report(path, self._unknown(key), at_key=True, code=code)
        return None

    def _unknown(self, key: str) -> str:
        group = {"and": "all", "or": "any"}.get(key.casefold())
        if group is not None:
            return f'unknown metric {quoted(key)}, did you mean "{group}"?'
        if other := of_no_metric(key):
            return f"unknown metric {quoted(key)}{other}"
        hint = self._catalogue.suggest(key, *_GROUPS)
        return f"unknown metric {quoted(key)}{hint or ' (watcher metrics lists all)'}"

    def _list(
        self, value: object, path: Path, join: Callable[[Sequence[Condition]], Condition]
    ) -> Condition | None:
        if not isinstance(value, list):
            self._report(path, f"takes a list of conditions, each after a dash, not {kind(value)}")
            return None
        if not value:
            self._report(path, _EMPTY)
            return None
        return _joined([self.mapping(one, (*path, i)) for i, one in enumerate(value)], join)

    def _metric(self, metric: Metric, value: object, path: Path) -> Condition | None:
        if RANK in metric.needs and not self._ranked:
            self._report(
                path,
                f"{metric.name} needs a sorted list: give the watch a sort, "
                'as "sort: total_sale_7d_cnt desc"',
                at_key=True,
            )
            return None
        if not isinstance(value, Mapping):
            equals = NUMBER_BY_NAME["equals"]
            return self._number(equals, metric, Setting(value), path)
        if not value:
            self._report(path, f"{_EMPTY}: write what it should be, as {{at_least: 100}}")
            return None
        options = {key: inner for key, inner in value.items() if key in OPTIONS}
        operators = [key for key in value if key not in options]
        parts = [
            self._operator(metric, key, Setting(value[key], _options(key, options)), (*path, key))
            for key in operators
        ]
        fit = self._check_options(options, operators, path)
        return _joined(parts, all_of) if parts and fit else None

    def _operator(
        self, metric: Metric, name: str, setting: Setting, path: Path
    ) -> Condition | None:
        operator = NUMBER_BY_NAME.get(name)
        if operator is None:
            self._report(path, _unknown_operator(name, metric), at_key=True)
            return None
        if operator.only_rank and metric.name != RANK:
            what = f"{name} is only for rank, not for {metric.name}{instead_of_rank(name)}"
            self._report(path, what, at_key=True)
            return None
        return self._number(operator, metric, setting, path)

    def _number(
        self, operator: NumberOperator, metric: Metric, setting: Setting, path: Path
    ) -> Condition | None:
        return self._attempt(path, lambda: operator.build(metric, setting))

    def _check_options(
        self, options: Mapping[str, object], operators: Sequence[str], path: Path
    ) -> bool:
        """Whether each option stands beside an operator that takes it."""
        if not all(operator in NUMBER_BY_NAME for operator in operators):
            return False  # the operator that it goes with is perhaps the mistyped one
        stray = [one for one in options if not any(_takes(name, one) for name in operators)]
        for option in stray:
            takers = ", ".join(name for name in NUMBER_BY_NAME if _takes(name, option))
            message = f'"{option}" only goes with {takers}'
            if option == "over" and not operators:
                message = 'unknown operator "over", did you mean "above"?'
            self._report((*path, option), message, at_key=True)
        return not stray

    def _attribute(self, attribute: Attribute, value: object, path: Path) -> Condition | None:
        if not isinstance(value, Mapping):
            build = TEXT_BY_NAME["equals"].build
            return self._attempt(path, lambda: build(attribute, Setting(value)))
        if not value:
            self._report(path, f'{_EMPTY}: write what it should be, as {{contains: "serum"}}')
            return None
        parts = [
            self._text(attribute, str(key), inner, (*path, key)) for key, inner in value.items()
        ]
        return _joined(parts, all_of)

    def _text(self, attribute: Attribute, name: str, value: object, path: Path) -> Condition | None:
        operator = TEXT_BY_NAME.get(name)
        if operator is not None:
            return self._attempt(path, lambda: operator.build(attribute, Setting(value)))
        known = ", ".join(TEXT_BY_NAME)
        if name in NUMBER_BY_NAME or name in OPTIONS:
            message = f"{name} needs a number, and {attribute.name} is a text: it takes {known}"
        else:
            hint = answer(name, TEXT_BY_NAME) or f": a text takes {known}"
            message = f"unknown operator {quoted(name)}{hint}"
        self._report(path, message, at_key=True)
        return None

    def _attempt(self, path: Path, build: Callable[[], Condition]) -> Condition | None:
        try:
            condition = build()
        except WrongOption as error:
            self._report((*path[:-1], error.option), str(error))
        except ValueError as error:
            self._report(path, str(error))
        else:
            self._places.put(condition, path)
            return condition
        return None


def _joined(
    parts: Sequence[Condition | None], join: Callable[[Sequence[Condition]], Condition]
) -> Condition | None:
    """None if any part is: the rest was looked at only for its own problems."""
    whole = [part for part in parts if part is not None]
    return join(whole) if len(whole) == len(parts) else None


def _options(operator: str, options: Mapping[str, object]) -> Mapping[str, object]:
    return {key: value for key, value in options.items() if _takes(operator, key)}


def _takes(operator: str, option: str) -> bool:
    known = NUMBER_BY_NAME.get(operator)
    return known is not None and option in known.options


def _unknown_operator(name: str, metric: Metric) -> str:
    if name in TEXT_BY_NAME:
        return f"{name} is for texts, and {metric.name} is a number"
    known = [one for one in NUMBER_BY_NAME.values() if not one.only_rank or metric.name == RANK]
    names = [operator.name for operator in known]
    return f"unknown operator {quoted(name)}{answer(name, (*names, *OPTIONS)) or listed(names)}"


def _example(key: str) -> str:
    return f"total_sale_7d_cnt: {{{key}: ...}}"
