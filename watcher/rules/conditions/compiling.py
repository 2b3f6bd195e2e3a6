"""A condition as it is written (``when``, ``until``) into one that judges; all errors at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeAlias

from watcher.categories import CATEGORY, LEVELS
from watcher.errors import ProblemCode, RulesError
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.grouping import AMONG
from watcher.rules.conditions.id_names import with_ids
from watcher.rules.conditions.logic import Not, all_of, any_of
from watcher.rules.conditions.operands import OF
from watcher.rules.conditions.other_words import INSTEAD_OF_RANK, OF_RULE, answer, of_no_metric
from watcher.rules.conditions.pasts import no_past
from watcher.rules.conditions.registry import (
    NUMBER_BY_NAME,
    OPTIONS,
    TEXT_BY_NAME,
    WORDS,
    RuleOperator,
    Takes,
)
from watcher.rules.conditions.text import PARTS_OF_TEXTS
from watcher.rules.conditions.values import FileValues, Setting, number
from watcher.rules.metrics import RANK, Attribute, Catalogue, Metric, unknown_metric
from watcher.words import WrongOption, code_of, either, kind, quoted

Path: TypeAlias = tuple[str | int, ...]
# Where simple conditions are written, by their ids: two may be equal and stand in two places. Each
# is kept beside its path, for its id must stay its own.
Places: TypeAlias = dict[int, tuple[Condition, Path]]

_GROUPS = ("all", "any", "not", *WORDS)
# What a category of whichever level takes, and whether one level that meets it is enough.
ON_CATEGORIES = {"equals": True, "in": True, "not_equals": False, "not_in": False}
_EMPTY = "has no condition in it"
_MOST_OF_FILE = 10  # values that are reported one by one
_EXAMPLE = "{at_least: 100}"
_BOUND = {
    OF: "{spu_avg_price: {below: 90%, of: target}}",
    AMONG: "{sales_growth: {highest: 5%, among: category_l3_id}}",
}
SORT = 'give the watch a sort, as "sort: total_sale_7d_cnt desc"'
NO_SORT = "the products of a shop, and your own, come in no order"


class Report(Protocol):
    """A receiver of problems; ``at_key`` points at the last key of the path, not at its value."""

    def __call__(
        self, path: Path, message: str, *, at_key: bool = False, code: ProblemCode = ...
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles what the user wrote; ``places`` is filled with where each simple condition stands.
    ``ranked`` is false for a watch without a sort, whose products have no rank; ``sorts`` says how
    it gets one, or why it can't. Of several watches ``unsorted`` names those. ``lists`` reads a
    file of values; ``RulesError`` says what is wrong with it. ``words`` are those that stand in
    place of a metric; a group has none. ``warn`` hears what is odd."""

    catalogue: Catalogue
    report: Report
    ranked: bool = True
    sorts: str = SORT
    places: Places = field(default_factory=dict)
    lists: Callable[[str], FileValues] | None = None
    unsorted: str = ""
    words: Mapping[str, tuple[Callable[[object], Condition], str]] = field(
        default_factory=lambda: WORDS
    )
    warn: Callable[[Path, str], None] | None = None

    def condition(self, value: object, path: Path) -> Condition | None:
        """All of the conditions in a mapping; None where something in it was reported."""
        if not isinstance(value, Mapping) or not value:
            self.report(path, _no_conditions(value, self.catalogue.tie))
            return None
        parts = [self._entry(str(key), inner, (*path, key)) for key, inner in value.items()]
        return _joined(parts, all_of)

    def _entry(self, key: str, value: object, path: Path) -> Condition | None:
        match key:
            case "all":
                return self._list(value, path, all_of)
            case "any":
                return self._list(value, path, any_of)
            case "not":
                return _joined([self.condition(value, path)], lambda parts: Not(parts[0]))
            # A user's metric of that name, older than the word, keeps its meaning.
            case word if word in self.words and self.catalogue.get(word) is None:
                return self._attempt(path, self.words[word][0], value)
            case _:
                return self._named(key, value, path)

    def _named(self, key: str, value: object, path: Path) -> Condition | None:
        """The conditions on the metric or attribute of that name."""
        subject = self.catalogue.get(key) or self.catalogue.attribute(key)
        if subject is not None:
            return self._subject(subject, value, path)
        if key == CATEGORY and any(map(self.catalogue.attribute, LEVELS)):
            return self._category(value, path)
        self._report_unknown(key, path)
        return None

    def _category(self, value: object, path: Path) -> Condition | None:
        """The conditions on a category of whichever level."""
        if not isinstance(value, Mapping):
            return self._on_any_level("equals", value, path)
        if not value:
            self.report(path, f'{_EMPTY}: write a name or an id, as {CATEGORY}: "Beauty"')
            return None
        return _joined(
            [self._on_any_level(str(key), inner, (*path, key)) for key, inner in value.items()],
            all_of,
        )

    def _on_any_level(self, name: str, value: object, path: Path) -> Condition | None:
        if name not in ON_CATEGORIES:
            known = ", ".join(ON_CATEGORIES)
            hint = answer(name, ON_CATEGORIES) if name not in TEXT_BY_NAME else ""
            what = f"{CATEGORY} takes {known}, not {quoted(name)}{hint}"
            self.report(path, f"{what}: {', '.join(LEVELS)} take all that texts do", at_key=True)
            return None
        attributes = filter(None, map(self.catalogue.attribute, LEVELS))  # of a group at most one
        parts = [
            self._operator(replace(each, level=0), name, Setting(value, {}, self.catalogue), path)
            for each in attributes
        ]
        return _joined(parts, any_of if ON_CATEGORIES[name] else all_of)

    def _report_unknown(self, key: str, path: Path) -> None:
        if key in NUMBER_BY_NAME or key in OPTIONS:
            known = NUMBER_BY_NAME.get(key)
            metric = RANK if known is not None and known.only_rank else self.catalogue.tie.name
            example = f"{metric}: {{{key}: ...}}"
            what = f'"{key}" is an operator: it stands under a metric, as {example}'
            self.report(path, what, at_key=True)
        elif key in WORDS:
            what = (
                f'"{key}" is said of products, and a group is on no list: it is judged from its '
                f"third product on; a figure may count them, as {{count: {{{key}: true}}}}"
            )
            self.report(path, what, at_key=True)
        elif key in OF_RULE:
            what = f'"{key}" is a key of the rule: it stands beside when, not in conditions'
            self.report(path, what, at_key=True)
        else:
            unknown = unknown_metric(key, self._hint(key))
            self.report(path, str(unknown), at_key=True, code=unknown.code)

    def _hint(self, key: str) -> str:
        group = {"and": "all", "or": "any"}.get(key.casefold())
        if group is not None:
            return f', did you mean "{group}"?'
        return of_no_metric(key) or self.catalogue.suggest(key, *_GROUPS)

    def _list(
        self, value: object, path: Path, join: Callable[[Sequence[Condition]], Condition]
    ) -> Condition | None:
        if not isinstance(value, list):
            self.report(path, f"takes a list of conditions, each after a dash, not {kind(value)}")
            return None
        if not value:
            self.report(path, _EMPTY)
            return None
        return _joined([self.condition(one, (*path, i)) for i, one in enumerate(value)], join)

    def _subject(self, subject: Metric | Attribute, value: object, path: Path) -> Condition | None:
        if self.lacks_rank(subject):
            which = f", which {self.unsorted} is not" if self.unsorted else ""
            self.report(
                path, f"{subject.name} needs a sorted list{which}: {self.sorts}", at_key=True
            )
        elif not isinstance(value, Mapping):
            return self._operator(subject, "equals", Setting(value, {}, self.catalogue), path)
        elif not value:
            self.report(path, f"{_EMPTY}: write what it should be, as {_example(subject)}")
        else:
            return self._operators(subject, value, path)
        return None

    def lacks_rank(self, subject: Metric | Attribute) -> bool:
        """Whether it asks for a place in a list that is not sorted."""
        return not self.ranked and isinstance(subject, Metric) and RANK in subject.needs

    def _operators(
        self, subject: Metric | Attribute, written: Mapping[str, object], path: Path
    ) -> Condition | None:
        """All of a subject's operators, each with those of the options beside it that it takes."""
        known = OPTIONS if isinstance(subject, Metric) else {}
        options = {key: value for key, value in written.items() if key in known}
        names = [key for key in written if key not in options]
        parts = [
            self._operator(subject, name, self._setting(name, written, options), (*path, name))
            for name in names
        ]
        fit = not options or self._check_options(options, names, path)
        return _joined(parts, all_of) if fit else None

    def _operator(
        self, subject: Metric | Attribute, name: str, setting: Setting, path: Path
    ) -> Condition | None:
        known: Mapping[str, RuleOperator[Any]]
        known = NUMBER_BY_NAME if isinstance(subject, Metric) else TEXT_BY_NAME
        operator = known.get(name)
        if operator is None:
            self.report(path, _no_operator(name, subject), at_key=True)
        elif operator.only_rank and subject.name != RANK:
            better = INSTEAD_OF_RANK.get(name)
            hint = f', did you mean "{better}"?' if better else ""
            self.report(path, f"{name} is only for rank, not for {subject.name}{hint}", at_key=True)
        else:
            return self._built(operator, subject, setting, path)
        return None

    def _built(
        self, operator: RuleOperator[Any], subject: Metric | Attribute, setting: Setting, path: Path
    ) -> Condition | None:
        if operator.takes in (Takes.VALUES, Takes.TEXTS) and isinstance(setting.value, Mapping):
            values = self._values(setting.value, path)
            if values is None or not self._fit(values, subject, path):
                return None
            setting = replace(setting, value=values)
        build = partial(self._with_names, operator, path)
        condition = self._attempt(path, build, operator.name, subject, setting)
        others = condition.metrics if condition is not None else ()
        lacking = next((each for each in others if self.lacks_rank(each)), None)
        if lacking is not None:
            self.report(path, f"{lacking.name} needs a sorted list: {self.sorts}")
            return None
        unknown = next(filter(None, map(no_past, condition.needs)), "") if condition else ""
        if unknown:
            self.report(path, unknown)
        return None if unknown else condition

    def _values(self, value: Mapping[str, object], path: Path) -> FileValues | None:
        """The values of ``{file: authorised.txt}``; None where they can't be had."""
        name = value.get("file")
        if list(value) != ["file"] or not isinstance(name, str) or not name.strip():
            self.report(path, "takes a list, or a file with a value a line, as {file: sellers.txt}")
            return None
        if self.lists is None:
            self.report(path, "no file can be read here: write the values, as [a, b]")
            return None
        try:
            return self.lists(name)
        except RulesError as error:
            for each in error.problems:
                self.report((*path, "file"), str(each))
        return None

    def _fit(self, values: FileValues, subject: Metric | Attribute, path: Path) -> bool:
        """Whether all values of a file can be compared with it; others are reported by line."""
        wrong = 0
        for value in values:
            try:
                _compared(value, subject)
            except ValueError as error:
                wrong += 1
                place = f"{values.file}:{values.lines.get(str(value), 0)}:1"
                if wrong <= _MOST_OF_FILE:
                    self.report((*path, "file"), f"{place}: {error}")
        if wrong > _MOST_OF_FILE:
            more = f"{values.file}: and {wrong - _MOST_OF_FILE:,} more like these"
            self.report((*path, "file"), more)
        return not wrong

    def _setting(
        self, name: str, written: Mapping[str, object], options: Mapping[str, object]
    ) -> Setting:
        taken = {one: given for one, given in options.items() if _takes(name, one)}
        return Setting(written[name], taken, self.catalogue)

    def _check_options(
        self, options: Mapping[str, object], operators: Sequence[str], path: Path
    ) -> bool:
        """Whether each option stands beside an operator that takes it."""
        if not NUMBER_BY_NAME.keys() >= set(operators):
            return False  # the operator that it goes with is perhaps the mistyped one
        stray = [one for one in options if not any(_takes(name, one) for name in operators)]
        for option in stray:
            self.report((*path, option), _goes_elsewhere(option, operators), at_key=True)
        binds = [one for one in (OF, AMONG) if one in options and one not in stray]
        if binds and len(operators) > 1:
            self.report((*path, binds[0]), _binds_one(binds[0], operators), at_key=True)
            return False
        return not stray

    def _with_names(
        self, operator: RuleOperator[Any], path: Path, name: str, subject: Metric | Attribute,
        setting: Setting,
    ) -> Condition:  # fmt: skip
        """The operator's condition; a name of an id stands for that."""
        if (
            isinstance(subject, Attribute)
            and subject.has_names
            and name not in PARTS_OF_TEXTS
            and operator.takes is not Takes.TRUE
        ):
            value, names, doubts = with_ids(subject, setting.value)
            setting = replace(setting, value=value)
            subject = replace(subject, names={**subject.names, **names}) if names else subject
            for each in doubts:
                self._warn(path, each)
        return operator.build(name, subject, setting)

    def _warn(self, path: Path, doubt: str) -> None:
        if self.warn is not None:
            self.warn(path, doubt)

    def _attempt(
        self, path: Path, build: Callable[..., Condition], *given: object
    ) -> Condition | None:
        try:
            condition = build(*given)
        except WrongOption as error:
            self.report((*path[:-1], error.option), str(error), code=error.code)
        except ValueError as error:
            self.report(path, str(error), code=code_of(error))
        else:
            self.places[id(condition)] = condition, path
            return condition
        return None


def _compared(value: object, subject: Metric | Attribute) -> None:
    """Raise ``ValueError`` where a value can't be compared with it."""
    if isinstance(subject, Metric):
        number(value, subject)
    elif subject.has_names:
        subject.id_of(str(value))


def _joined(
    parts: Sequence[Condition | None], join: Callable[[Sequence[Condition]], Condition]
) -> Condition | None:
    """None if any part is: the rest was looked at only for its own problems."""
    whole = [part for part in parts if part is not None]
    return join(whole) if len(whole) == len(parts) else None


def _takes(operator: str, option: str) -> bool:
    known = NUMBER_BY_NAME.get(operator)
    return known is not None and option in known.options


def _example(subject: Metric | Attribute) -> str:
    return _EXAMPLE if isinstance(subject, Metric) else '{contains: "serum"}'


def _no_conditions(value: object, metric: Metric) -> str:
    """The message of a value that is no mapping with conditions in it, as one on a metric."""
    example = f"{metric.name}: {_EXAMPLE}"
    if isinstance(value, Mapping):
        return f"{_EMPTY}: write one, as {example}"
    if isinstance(value, list):
        return 'needs "all:" or "any:" before a list of conditions'
    return f"must be conditions, as {example}, not {kind(value)}"


def _goes_elsewhere(option: str, operators: Sequence[str]) -> str:
    """The message of an option that none of the operators beside it takes."""
    if option == "over" and not operators:
        return 'unknown operator "over", did you mean "above"?'
    takers = ", ".join(name for name in NUMBER_BY_NAME if _takes(name, option))
    return f'"{option}" only goes with {takers}'


def _binds_one(option: str, operators: Sequence[str]) -> str:
    """The message of an ``of`` or ``among`` beside several operators."""
    listed = ", ".join(operators)
    return (
        f'"{option}" binds the one operator beside it, and here are {listed}: write each in a '
        f"mapping of its own under all:, as all: [{_BOUND[option]}, ...]"
    )


def _no_operator(name: str, subject: Metric | Attribute) -> str:
    """The message of a name that no operator of the subject has."""
    if isinstance(subject, Metric):
        return _no_operator_of_numbers(name, subject)
    return _no_operator_of_texts(name, subject)


def _no_operator_of_numbers(name: str, metric: Metric) -> str:
    if name in TEXT_BY_NAME:
        return f"{name} is for texts, and {metric.name} is a number"
    rank = metric.name == RANK
    names = [each.name for each in NUMBER_BY_NAME.values() if rank or not each.only_rank]
    hint = answer(name, (*names, *OPTIONS)) or f": there are {either([*map(quoted, names)])}"
    return f"unknown operator {quoted(name)}{hint}"


def _no_operator_of_texts(name: str, attribute: Attribute) -> str:
    known = ", ".join(TEXT_BY_NAME)
    if name == "from":
        return f'leave "from" out: {attribute.name} is a text, held against its last known one'
    if name in NUMBER_BY_NAME or name in OPTIONS:
        return f"{name} needs a number, and {attribute.name} is a text: it takes {known}"
    return (
        f"unknown operator {quoted(name)}{answer(name, TEXT_BY_NAME) or f': a text takes {known}'}"
    )
