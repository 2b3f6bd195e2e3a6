"""A YAML file of rule tests into a ``Suite``: every problem of it at once, each with its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path as FilePath
from typing import TypeVar

from watcher.analysis.ruletests.cases import (
    FREE_TEXTS,
    Actor,
    Case,
    Expectation,
    Suite,
    doubled,
)
from watcher.analysis.ruletests.given_facts import fact_value, given_categories, with_given
from watcher.analysis.ruletests.given_groups import groups_of, known_id
from watcher.analysis.ruletests.given_values import (
    INTERVAL,
    read_interval,
    read_scan,
    read_scan_at,
    read_series,
    read_start,
)
from watcher.analysis.ruletests.series import Series, TextSeries, parse_texts
from watcher.errors import Problem, RulesError
from watcher.model import OF_LIST, Instant
from watcher.rules.files.document import MAX_BYTES, MAX_PROBLEMS, Document, Path, Unreadable, read
from watcher.rules.files.fact_files import FactFile, read_facts
from watcher.rules.files.loading import load
from watcher.rules.files.side_files import SideFiles
from watcher.rules.metrics import RANK
from watcher.rules.rulebook import Rule, Rulebook
from watcher.words import Wrong, kind, listing, nearest, quoted

_NOT_GIVEN = {"product_id": "is the product's own key", "region": "is that of the watch"}


@dataclass(frozen=True, slots=True)
class TestSource:
    """A document and the list of what is wrong with it."""

    document: Document
    problems: list[Problem] = dataclasses.field(default_factory=list)

    __test__ = False  # pytest: no tests are in here

    def report(self, path: Path, message: str, *, at_key: bool = False) -> None:
        """Note a problem of the value at ``path``, or of its key. Raises ``RulesError`` where there
        are so many that reading on is of no use."""
        self.problems.append(self.document.problem(path, message, at_key=at_key))
        if len(self.problems) >= MAX_PROBLEMS:
            self.raise_problems()

    def raise_problems(self) -> None:
        """Raises ``RulesError`` where any were reported, in the order of the file."""
        if self.problems:
            found = dict.fromkeys(self.problems)
            raise RulesError(tuple(sorted(found, key=lambda one: (one.line, one.column))))

    def line(self, path: Path) -> int:
        return self.document.problem(path, "").line

    def mapping(
        self, value: object, path: Path, keys: Sequence[str] | None = None
    ) -> Mapping[str, object]:
        """The value as a mapping of ``keys`` (any, if None); what it is not is reported."""
        if not isinstance(value, dict):
            self.report(path, f"must be a mapping, not {kind(value)}")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                hint = nearest(key, keys, 1) or f": there are {', '.join(keys)}"
                self.report((*path, key), f"unknown field {quoted(key)}{hint}", at_key=True)
        return value


def listed(value: object) -> list[object]:
    """A single value as a list of it; nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


START: Instant = 1_767_225_600  # 2026-01-01T00:00Z

_FILE_KEYS = ("rules", "env", "facts", "categories", "tests")
_CASE_KEYS = (
    "name", "rule", "start", "interval", "facts", "products", "watches", "alerts",
)  # fmt: skip
_ALERT_KEYS = ("at", "scan", "firing", "pending", "told")

_T = TypeVar("_T")


def read_suite(path: FilePath, env: Mapping[str, str] | None = None) -> Suite:
    """The tests in the file at ``path``, with the rules it names, relative to it. ``env`` fills in
    what the file's own ``env:`` does not. Raises ``RulesError`` with all problems."""
    source = _open(path)
    document = source.mapping(source.document.value, (), _FILE_KEYS)
    files = listed(document.get("rules"))
    if not files or not all(isinstance(file, str) for file in files):
        source.report(("rules",), "takes the rule file that is tested, or a list of them")
    own = source.mapping(document.get("env", {}), ("env",))
    given = {**(env or {}), **{name: str(value) for name, value in own.items()}}
    source.raise_problems()
    paths, facts = [path.parent / str(file) for file in files], _facts(source, path, document)
    named = source.mapping(document.get("categories", {}), ("categories",))
    categories = given_categories(named, source.report)
    source.raise_problems()

    def load_with(own: FactFile | None) -> Rulebook:
        return load(paths, given, facts=own, categories=categories())

    book = load_with(facts)
    cases = tuple(_cases(source, book, load_with, document.get("tests")))
    source.raise_problems()
    return Suite(str(path), book, cases)


def _facts(source: TestSource, path: FilePath, document: Mapping[str, object]) -> FactFile | None:
    """The user's own numbers that the tests name, relative to their file; None: the rules' own."""
    name = document.get("facts")
    if name is None:
        return None
    if not isinstance(name, str) or not name.strip():
        source.report(("facts",), "takes a CSV file beside this one, as facts: products.csv")
        source.raise_problems()
    return SideFiles().use(path.parent / str(name).strip(), read_facts)


def _cases(
    source: TestSource, book: Rulebook, load_with: Callable[[FactFile], Rulebook], raw: object
) -> Iterator[Case]:
    if not isinstance(raw, list) or not raw:
        source.report(("tests",), f"takes a list of tests, each after a dash, not {kind(raw)}")
        return
    for turn, each in enumerate(raw):
        case = _Case(source, book, ("tests", turn), load_with).read(each)
        if case is not None:
            yield case


def _same(book: Rulebook, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules of these names in another reading of them."""
    by_name = {rule.name: rule for rule in book.rules}
    return tuple(by_name[rule.name] for rule in rules)


def _open(path: FilePath) -> TestSource:
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        return TestSource(read(data, str(path), texts=True))
    except OSError as error:
        why = f"the file can't be read: {error.strerror or error}"
        raise RulesError((Problem(str(path), 0, 0, "", why),)) from error
    except Unreadable as error:
        raise RulesError(error.problems) from None


@dataclass(frozen=True, slots=True)
class _Cast:
    """The products of one list in a test: the key of its ``watch``, and where they are written."""

    watch: str
    path: Path
    actors: tuple[Actor, ...]


class _Case:
    """Reads one test."""

    def __init__(
        self,
        source: TestSource,
        book: Rulebook,
        path: Path,
        load_with: Callable[[FactFile], Rulebook],
    ) -> None:
        self._source = source
        self._book = book
        self._path = path
        self._load_with = load_with
        self._facts: dict[str, dict[str, object]] = {}

    def read(self, raw: object) -> Case | None:
        """The test; None where something about it was reported."""
        before = len(self._source.problems)
        if not isinstance(raw, dict):
            self._source.report(self._path, f"a test is a mapping, not {kind(raw)}")
            return None
        given = self._source.mapping(raw, self._path, _CASE_KEYS)
        name = str(given.get("name") or "")
        if not name:
            self._source.report(self._path, "the test needs a name")
        rules = self._rules(given)
        casts = self._casts(given, rules)
        actors = tuple(actor for cast in casts for actor in cast.actors)
        start = self._value(given, "start", START, read_start)
        interval = self._value(given, "interval", INTERVAL, read_interval)
        self._read_facts(given.get("facts"), (*self._path, "facts"))
        groups = groups_of(rules, ((cast.watch, cast.actors) for cast in casts))
        alerts = list(self._alerts(given, [*(one.product_id for one in actors), *groups], interval))
        size = self._size(casts, alerts)
        if len(self._source.problems) > before:
            return None
        line, expected, book = self._source.line(self._path), tuple(alerts), self._book_with_facts()
        own = rules if book is None else _same(book, rules)
        first, *others = (
            Case(name, line, own, start, interval, size, cast.actors, expected, book, cast.watch)
            for cast in casts
        )
        return dataclasses.replace(first, others=tuple(others), groups=groups)

    def _read_facts(self, raw: object, path: Path) -> None:
        """The user's own numbers of a test, by product."""
        for product, values in self._source.mapping({} if raw is None else raw, path).items():
            place = (*path, product)
            for name, value in self._source.mapping(values, place).items():
                self._fact(product, name, value, (*place, name))

    def _fact(self, product: str, name: str, value: object, path: Path) -> None:
        table = self._book.metrics.facts
        if table is None or name not in table.names:
            known = list(table.names) if table is not None else []
            hint = nearest(name, known) or f": there are {listing(known) or 'none'}"
            what = f"the facts of the rules have no column {quoted(name)}{hint}"
            self._source.report(path, what, at_key=True)
            return
        read_ = partial(fact_value, table, name)
        self._facts.setdefault(product, {})[name] = self._read(path, read_, value, None)

    def _book_with_facts(self) -> Rulebook | None:
        """The rules with what the test gives of the user's own; None where it gives nothing."""
        table = self._book.metrics.facts
        if table is None or not self._facts:
            return None
        return self._load_with(with_given(table, self._facts))

    def _value(
        self, given: Mapping[str, object], key: str, default: _T, read_: Callable[[object], _T]
    ) -> _T:
        raw = given.get(key)
        return default if raw is None else self._read((*self._path, key), read_, raw, default)

    def _read(self, path: Path, read_: Callable[[object], _T], raw: object, default: _T) -> _T:
        """A value as it is read, or ``default`` where what is wrong with it was reported."""
        try:
            return read_(raw)
        except ValueError as error:
            self._source.report(path, str(error))
            return default

    def _rules(self, given: Mapping[str, object]) -> tuple[Rule, ...]:
        rules, path = self._book.rules, (*self._path, "rule")
        if given.get("rule") is not None:
            rules = self._named(map(str, listed(given["rule"])), path)
        return rules

    def _casts(self, given: Mapping[str, object], rules: tuple[Rule, ...]) -> list[_Cast]:
        """The products of each list that is read: of the only one of all rules, or by name."""
        there = {watch.name: watch.key for rule in rules for watch in rule.watches}
        if "watches" in given:
            return self._by_watch(given, rules, there)
        if len(there) > 1:
            names = listing(sorted(there))
            path = (*self._path, "rule") if "rule" in given else self._path
            what = (
                f"the rules of a test must have the same watch, these have {names}: name one rule "
                "with rule:, or give each list's products under watches: NAME:"
            )
            self._source.report(path, what)
        path = (*self._path, "products")
        return [_Cast(next(iter(there.values()), ""), path, self._actors(given, path))]

    def _by_watch(
        self, given: Mapping[str, object], rules: tuple[Rule, ...], there: Mapping[str, str]
    ) -> list[_Cast]:
        path = (*self._path, "watches")
        if "products" in given:
            what = "stands beside watches: give the products of each list there"
            self._source.report((*self._path, "products"), what)
        raw = self._source.mapping(given["watches"], path, list(there))
        casts = [
            _Cast(there[name], (*path, name), self._actors(raw, (*path, name)))
            for name in raw
            if name in there
        ]
        read = {cast.watch for cast in casts}
        for rule in rules:
            if not any(watch.key in read for watch in rule.watches):
                what = f"rule {quoted(rule.name)} reads {rule.watched}: give its products"
                self._source.report(path, what)
        return casts

    def _named(self, names: Iterable[str], path: Path) -> tuple[Rule, ...]:
        by_name = {rule.name: rule for rule in self._book.rules}
        found: dict[str, Rule] = {}
        for name in names:
            if name not in by_name:
                hint = nearest(name, by_name) or f": there are {listing(by_name)}"
                self._source.report(path, f"no rule {quoted(name)}{hint}")
            elif name in found:
                self._source.report(path, f"names {quoted(name)} twice")
            else:
                found[name] = by_name[name]
        return tuple(found.values())

    def _actors(self, given: Mapping[str, object], path: Path) -> tuple[Actor, ...]:
        """The products that stand under the last key of a path."""
        raw = given.get(str(path[-1]))
        if not isinstance(raw, dict) or not raw:
            what = f"{path[-1]} takes a mapping of product ids and their series"
            self._source.report(path if raw is not None else path[:-1], f"{what}, not {kind(raw)}")
            return ()
        return tuple(self._actor(name, value, (*path, name)) for name, value in raw.items())

    def _actor(self, name: str, raw: object, path: Path) -> Actor:
        texts: dict[str, TextSeries] = {}
        series: dict[str, Series] = {}
        for field, value in self._source.mapping({} if raw is None else raw, path).items():
            place = (*path, field)
            metric = self._book.metrics.get(field)
            if self._is_fact(field):
                self._fact(name, field, value, place)
            elif refusal := self._refusal(field):
                self._source.report(place, refusal, at_key=True)
            elif metric is None:
                texts[field] = self._read(place, partial(self._texts, field), value, ())
            else:
                series[field] = self._read(place, partial(read_series, metric), value, ())
        for number, text in doubled(texts, series):
            what = f"is read of {text}, which this product gives too: give one of the two"
            self._source.report((*path, number), what, at_key=True)
        return Actor(name, _read_ones(texts), _read_ones(series))

    def _texts(self, field: str, value: object) -> TextSeries:
        """A series of texts; a name that the user gave an id stands for that, as in rules."""
        found = parse_texts(value, free=field in FREE_TEXTS)
        ids = {name: each for each, name in self._names_of(field).items()}
        return tuple(ids.get(text, text) if isinstance(text, str) else text for text in found)

    def _names_of(self, field: str) -> Mapping[str, str]:
        attribute = self._book.metrics.attribute(field)
        return attribute.names if attribute is not None else {}

    def _is_fact(self, field: str) -> bool:
        table = self._book.metrics.facts
        return table is not None and field in table.names

    def _refusal(self, field: str) -> str:
        """The reason why a test can't give this field; empty where it can."""
        metrics = self._book.metrics
        if field in _NOT_GIVEN:
            return f"{field} {_NOT_GIVEN[field]}"
        if metrics.attribute(field) is not None:
            return ""
        metric = metrics.get(field)
        if metric is None:
            return f"unknown field {quoted(field)}{metrics.suggest(field)}"
        if metric.needs != {metric.name}:
            own = [fact.name for fact in metric.facts]
            parts = [*sorted(metric.needs - {*OF_LIST}), *own]
            return f"{field} is computed: give {', '.join(parts)}"
        return ""

    def _alerts(
        self, given: Mapping[str, object], known: Sequence[str], interval: int
    ) -> Iterator[Expectation]:
        path: Path = (*self._path, "alerts")
        raw = given.get("alerts")
        if not isinstance(raw, list) or not raw:
            what = "takes a list of times and what fires then, as {at: 3d, firing: [...]}"
            if "alerts" in given:
                self._source.report(path, what)
            else:
                self._source.report(self._path, f"the test needs alerts: it {what}")
            return
        for turn, each in enumerate(raw):
            place = (*path, turn)
            if isinstance(each, dict):
                entry = self._source.mapping(each, place, _ALERT_KEYS)
                yield self._expectation(entry, place, self._scan(entry, place, interval), known)
            else:
                self._source.report(place, f"is {kind(each)}: write {{at: 3d, firing: [...]}}")

    def _expectation(
        self, entry: Mapping[str, object], path: Path, scan: int, known: Sequence[str]
    ) -> Expectation:
        firing = self._products(entry, "firing", path, known)
        pending = self._products(entry, "pending", path, known)
        told = self._products(entry, "told", path, known) if "told" in entry else None
        return Expectation(scan, firing, pending, told, self._source.line(path))

    def _scan(self, entry: Mapping[str, object], path: Path, interval: int) -> int:
        """The number of the scan that an expectation is about; 0 where that was reported."""
        if ("at" in entry) == ("scan" in entry):
            what = "needs a time, as at: 3d, or the number of a scan, as scan: 3"
            self._source.report(path, what)
            return 0
        if "scan" in entry:
            return self._read((*path, "scan"), read_scan, entry["scan"], 0)
        return self._read((*path, "at"), partial(read_scan_at, interval), entry["at"], 0)

    def _products(
        self, entry: Mapping[str, object], key: str, path: Path, known: Sequence[str]
    ) -> frozenset[str]:
        found = set[str]()
        for each in listed(entry.get(key)):
            try:
                found.add(known_id(str(each), known, self._book))
            except Wrong as error:
                self._source.report((*path, key), str(error))
        return frozenset(found)

    def _size(self, casts: Sequence[_Cast], alerts: list[Expectation]) -> int:
        """The number of scans: what the series cover, or up to the last time where all are
        constant."""
        longest = max((actor.length for cast in casts for actor in cast.actors), default=1)
        last = max((alert.scan for alert in alerts), default=0)
        if longest == 1:
            for cast in casts:
                self._check_places(cast, 1)
            return last + 1
        for turn, alert in enumerate(alerts):
            if alert.scan >= longest:
                what = f"is after the last of the {longest} scans that the series cover"
                self._source.report((*self._path, "alerts", turn), what)
        for cast in casts:
            self._check_lengths(cast, longest)
            self._check_places(cast, longest)
        return longest

    def _check_lengths(self, cast: _Cast, longest: int) -> None:
        for actor in cast.actors:
            for field, values in actor.all_series.items():
                if len(values) not in (1, longest):
                    self._source.report(
                        (*cast.path, actor.product_id, field),
                        f"has {len(values)} values where the longest series of this test has "
                        f"{longest}: a series has one for each scan, or a single one for all",
                    )

    def _check_places(self, cast: _Cast, size: int) -> None:
        """No two products of a list may have the same rank at a scan."""
        taken: dict[tuple[int, float | None], str] = {}
        for actor in cast.actors:
            series = actor.series.get(RANK, ())
            for turn, place in enumerate(series * size if len(series) == 1 else series):
                other = taken.setdefault((turn, place), actor.product_id)
                if place is not None and place > 0 and other != actor.product_id:
                    self._source.report(
                        (*cast.path, actor.product_id, RANK),
                        f"has the rank {place:.0f} at scan {turn}, as {quoted(other)} has",
                    )
                    break


def _read_ones(given: Mapping[str, tuple[_T, ...]]) -> Mapping[str, tuple[_T, ...]]:
    return {field: values for field, values in given.items() if values}
