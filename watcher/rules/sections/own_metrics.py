"""The ``metrics:`` section: the user's formulas into metrics like any other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from watcher.categories import CATEGORY, CategoryLookup
from watcher.errors import Problem, ProblemCode
from watcher.model import Floats
from watcher.rules.conditions.grouping import AMONG
from watcher.rules.conditions.presence import DISAPPEARS, REAPPEARS
from watcher.rules.conditions.registry import NUMBER_BY_NAME, OPTIONS, TEXT_BY_NAME
from watcher.rules.files.rule_file import Entry
from watcher.rules.metrics import (
    ADDED_LATER,
    NORMAL,
    SPARSE,
    Catalogue,
    Columns,
    Metric,
    When,
    label_of,
    unknown_metric,
)
from watcher.rules.own_facts import FactTable
from watcher.rules.sections.expressions import FUNCTIONS, Expression, parse_expression
from watcher.rules.sections.own_figures import own_figure, words_in
from watcher.units import Unit
from watcher.words import Wrong, is_number, kind, quoted

NAME_PATTERN = "[A-Za-z_][A-Za-z0-9_]{0,63}"
_NAME = re.compile(NAME_PATTERN, re.ASCII)
_WORDS = "all any not appears if else".split()
# Words of the rule language, which no metric may be named by.
# "of" and "among" are none of them: they stand beside an operator only, and may have been names
# before.
TAKEN = frozenset([*NUMBER_BY_NAME, *TEXT_BY_NAME, *OPTIONS, *FUNCTIONS, *_WORDS]) - {"of", AMONG}
# Words too, but users may have given them to metrics before.
WORDS_ADDED_LATER = frozenset([REAPPEARS, DISAPPEARS, AMONG, CATEGORY])
_BUILT_IN = Catalogue()
# Formulas that use each other grow by powers: both limits are far above what anybody needs.
_DEEPEST = 30
_LONGEST = 20_000  # characters of a formula with the formulas in it written out


class OwnMetrics:
    """Formulas by name, put into an order in which each can use the others: over what is ``known``,
    or over the metrics of products and the columns of the user's own ``facts``."""

    def __init__(self, facts: FactTable | None = None, known: Catalogue | None = None) -> None:
        self._facts = facts
        self._known = Catalogue(facts=facts) if known is None else known
        self._of_group = known is not None
        self._formulas: dict[str, tuple[Expression, Entry]] = {}
        self._figures: dict[str, Entry] = {}
        self._sellers: Mapping[str, str] | None = None
        self._categories: CategoryLookup | None = None
        self._broken: set[str] = set()
        self._done: dict[str, Metric] = {}

    def add(self, name: str, entry: Entry) -> None:
        """Take one entry; what is wrong with it is reported. Its name may have become a built-in
        metric's since it was written: it keeps its meaning."""
        if not self._of_group and (name in ADDED_LATER or name in WORDS_ADDED_LATER):
            what = f"metric {quoted(name)}" if name in ADDED_LATER else f"word {quoted(name)}"
            instead = "and this formula is used in its place: give yours another name to have both"
            if name == AMONG:
                instead = "which stands beside operators: this formula is yours as before"
            entry.warn(f"there is a {what} by now, {instead}")
        if trouble := no_name(name):
            entry.report(trouble, at_key=True)
            self._broken.add(name)
            return
        if isinstance(entry.value, Mapping) and not self._of_group:
            self._figures[name] = entry
            return
        try:
            self._formulas[name] = (parse_expression(_formula(entry.value)), entry)
        except ValueError as error:
            self._fail(name, entry, str(error))

    def catalogue(
        self,
        gmv_currency: str | None = None,
        sellers: Mapping[str, str] | None = None,
        categories: CategoryLookup | None = None,
    ) -> Catalogue:
        """All metrics, the user's own among them."""
        self._sellers, self._categories = sellers, categories
        return Catalogue(self.metrics(), gmv_currency, self._facts, sellers, categories)

    def metrics(self) -> tuple[Metric, ...]:
        """The user's own; a broken one is there too, so that its users are not blamed."""
        for name in (*self._formulas, *self._figures):
            self._metric(name, ())
        broken = (self.broken(name) for name in self._broken if name not in self._done)
        return (*self._done.values(), *broken)

    @staticmethod
    def broken(name: str) -> Metric:
        """A metric of that name, of which nothing more is known."""
        return Metric(name, name, Unit.SCORE, "", frozenset(), _never)

    def _fail(
        self, name: str, entry: Entry, message: str, code: ProblemCode = ProblemCode.INVALID
    ) -> None:
        self._broken.add(name)
        entry.report(message, code)

    def _metric(self, name: str, above: tuple[str, ...]) -> Metric | None:
        """The metric of a name; ``above`` are the formulas that it is being used in."""
        if name in self._done or name in self._broken:
            return self._done.get(name)
        entry = self._figures.get(name) or self._formulas.get(name, (None, None))[1]
        if entry is None:
            return self._known.get(name)
        if wrong := _too_deep(name, above):
            self._fail(name, entry, wrong)
            return None
        metric = (self._figure if name in self._figures else self._formula)(name, above)
        if metric is None:
            self._broken.add(name)
        elif len(metric.definition) > _LONGEST:
            self._fail(name, entry, "the formula and those that it uses are too long together")
        else:
            self._done[name] = metric
        return self._done.get(name)

    def _figure(self, name: str, above: tuple[str, ...]) -> Metric | None:
        """A number of many products, over what stands before it."""
        entry = self._figures[name]
        for part in dict.fromkeys(words_in(entry.value)):
            if part in self._formulas or part in self._figures:
                self._metric(part, (*above, name))
        if name in self._broken:  # it needs itself
            return None
        broken = map(self.broken, self._broken - self._done.keys())
        own = (*self._done.values(), *broken)
        known = Catalogue(own, None, self._facts, self._sellers, self._categories)
        return own_figure(name, entry, known)

    def _formula(self, name: str, above: tuple[str, ...]) -> Metric | None:
        expression, _ = self._formulas[name]
        parts = self._parts(name, above)
        return None if len(parts) < len(expression.names) else _own(name, expression, parts)

    def _parts(self, name: str, above: tuple[str, ...]) -> dict[str, Metric]:
        """The metrics that are in a formula; those that there are not are reported."""
        expression, entry = self._formulas[name]
        found = {part: self._metric(part, (*above, name)) for part in expression.names}
        for part, metric in found.items():
            if metric is None and part not in {*self._formulas, *self._figures, *self._broken}:
                unknown = self._unknown(part)
                self._fail(name, entry, str(unknown), unknown.code)
        return {part: metric for part, metric in found.items() if metric is not None}

    def _unknown(self, name: str) -> Wrong:
        if self._known.attribute(name) is not None:
            return Wrong(f"{name} is a text, and a formula takes numbers")
        return unknown_metric(
            name, self._known.suggest(name, *self._formulas, *self._figures, texts=False)
        )


def taken_columns(table: FactTable, formulas: Collection[str]) -> Iterator[tuple[str, Problem]]:
    """Yield the columns of a table that can't be called so, each with a word on it."""
    for name in table.names:
        if name in formulas:
            why = "metrics: has a formula of that name, which is used in its place"
        elif name in TAKEN or name in ("product_id", "of"):
            why = "that is a word of the rule language"
        elif name in _BUILT_IN.names():
            why = "that is the name of a number or text of KeyAPI's"
        else:
            continue
        better = f"name the column otherwise, as my_{name}, to have both"
        message = f"the column {quoted(name)} is not read: {why}; {better}"
        yield name, Problem(table.file, 1, 1, "", message, ProblemCode.DOUBT)


def later_columns(table: FactTable) -> Iterator[Problem]:
    """A word on each column that keeps its meaning, though its name is a word by now."""
    for name in sorted(WORDS_ADDED_LATER.intersection(table.names)):
        message = (
            f"there is a word {quoted(name)} by now, and your column is used in its place: name it "
            f"otherwise, as my_{name}, to have both"
        )
        yield Problem(table.file, 1, 1, "", message, ProblemCode.DOUBT)


def _formula(value: object) -> str:
    if not isinstance(value, str) and not is_number(value):
        raise Wrong(f"must be a formula, not {kind(value)}")
    return str(value)


def _too_deep(name: str, above: tuple[str, ...]) -> str:
    if name in above:
        circle = " -> ".join([*above[above.index(name) :], name])
        return f"the formula needs itself: {circle}"
    if len(above) >= _DEEPEST:
        return f"formulas use each other more than {_DEEPEST} deep here"
    return ""


def _never(_columns: Columns, _at: When) -> Floats:
    raise NotImplementedError


def _own(name: str, expression: Expression, parts: Mapping[str, Metric]) -> Metric:
    def compute(columns: Columns, at: When) -> Floats:
        return expression({part: metric.compute(columns, at) for part, metric in parts.items()})

    # Meaning changes with the meaning of the parts: the definition has theirs in it.
    inner = [f"{part}:={metric.definition}" for part, metric in parts.items() if metric.definition]
    needs = frozenset(need for metric in parts.values() for need in metric.needs)
    facts = tuple({fact.name: fact for part in parts.values() for fact in part.facts}.values())
    figures = tuple(dict.fromkeys(each for part in parts.values() for each in part.figures))
    label, meaning = label_of(name), f"your own: {expression.text}"
    definition, unused = "; ".join([expression.text, *inner]), _unused(needs, parts.values())
    return Metric(
        name, label, Unit.SCORE, meaning, needs, compute,
        definition=definition, unused=unused, facts=facts, parts=figures,
    )  # fmt: skip


def _unused(needs: frozenset[str], parts: Iterable[Metric]) -> dict[str, frozenset[str]]:
    """The fields that no part takes in a form, where one of the parts has forms."""
    parts = [*parts]
    if not any(part.unused for part in parts):
        return {}
    return {
        form: needs.difference(*(part.needs - part.unused.get(form, frozenset()) for part in parts))
        for form in (NORMAL, SPARSE)
    }


def no_name(name: str) -> str:
    """The reason why no metric of the user's may be called so; empty where one may."""
    if not _NAME.fullmatch(name):
        return f"{quoted(name)} is no name for a metric: letters, digits and _, a letter first"
    if name in TAKEN:
        return f"{quoted(name)} is a word of the rule language: name your metric otherwise"
    if name in _BUILT_IN.names() and name not in ADDED_LATER:
        return f"there is a metric {quoted(name)} already: name yours otherwise"
    return ""
