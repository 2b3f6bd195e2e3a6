"""Plays the tests of a suite, and says where the alerts are not what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.alert import AlertState
from watcher.analysis.replay import Played, Stage
from watcher.analysis.ruletests.cases import Case, Expectation, Suite, scene
from watcher.analysis.ruletests.saying import missing_of, said
from watcher.data_days import APART, DataDay, day_after
from watcher.evaluation.again import evidence_of
from watcher.evaluation.judging import all_present
from watcher.evaluation.jumps import remember, stored_table
from watcher.evaluation.present import Present, Presents
from watcher.evaluation.tabling import needs_of
from watcher.evidence import Evidence
from watcher.model import Scan
from watcher.rules.rulebook import Rule, Rulebook
from watcher.schedule import Refresh, Schedule
from watcher.units import format_duration, format_instant


class Player(Stage):
    """Plays scans of watches to their rules, the oldest first; channels are told at once."""

    def examine(self, scan: Scan) -> Present | Presents:
        """Record a scan, and judge it with the past that there is."""
        self._renew(scan)
        schedule, rules = self._schedule(scan), self._of(scan)
        recorded = remember(self.database, scan, schedule)
        table = stored_table(self.database, scan, recorded, needs_of(rules), schedule)
        return all_present(self.database, table, rules, keeps=True)

    def remember(self, scan: Scan) -> None:
        """Record a scan, as the past of the next."""
        self._renew(scan)
        remember(self.database, scan, self._schedule(scan))

    def _renew(self, scan: Scan) -> None:
        """On a watch that is read with the refresh each scan has new data: of another day, where
        it is not of the same hours."""
        schedule = self._schedule(scan)
        if not isinstance(schedule, Refresh):
            return
        last = self.database.refreshes.data_days(schedule.region).last
        if last is None or scan.at >= last.began + APART:
            day = day_after(last, 0, scan.at)
            self.database.refreshes.begin_day(schedule.region, DataDay(day, scan.at, 0, scan.at))

    def play(self, scans: Iterable[Scan]) -> Played:
        """All of one moment, one after the other."""
        written: list[int] = []
        for scan, keeper in self.round_of([*scans]):
            self._renew(scan)
            written += self.judge(scan, keeper).notifications
        return self.played(scan.at, written)

    def again(self, rule: Rule, present: Present | Presents, product: int) -> Iterator[Evidence]:
        """Yield how far a product of a scan went since each channel was told of it."""
        entries = self.database.alerts.told(rule.name, [product], with_values=True)
        told = {entry.told_with.at: entry.told_with for entry in entries if entry.told_with}
        for values in told.values():
            yield from evidence_of(rule, present, product, values)

    def _of(self, scan: Scan) -> list[Rule]:
        return [rule for rule in self.rules if rule.reads(scan.watch)]

    def _schedule(self, scan: Scan) -> Schedule:
        return self._of(scan)[0].watch_of(scan.watch).schedule

    def states(self, played: Played) -> Mapping[str, frozenset[str]]:
        """The ids of the products whose alerts fire and are pending, and which were told."""
        alerts = self.database.alerts.live([rule.name for rule in self.rules])
        found = {
            "firing": {each.product for each in alerts if each.state is AlertState.FIRING},
            "pending": {each.product for each in alerts if each.state is AlertState.PENDING},
            "told": played.products,
        }
        facts = self.database.history.facts([*set[int]().union(*found.values())])
        return {
            what: frozenset(facts[product].product_id for product in products)
            for what, products in found.items()
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """An expectation that was not met, and what the conditions found of each product concerned."""

    line: int
    when: str
    compared: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    values: tuple[tuple[str, tuple[str, ...]], ...]

    def lines(self) -> Iterator[str]:
        yield f"line {self.line}: {self.when}"
        for what, expected, got in self.compared:
            yield f"  {what}: expected {_ids(expected)}, got {_ids(got)}"
        for product, found in self.values:
            for index, text in enumerate(found):
                yield f"  {product if not index else ' ' * len(product)}  {text}"


@dataclass(frozen=True, slots=True)
class Result:
    """The differences of one test."""

    name: str
    line: int
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        lines = [line for difference in self.differences for line in difference.lines()]
        return "\n".join([f"{'passed' if self.passed else 'failed'}: {self.name}", *lines])


def run_suite(suite: Suite) -> Iterator[Result]:
    """Run the tests of a file in their order."""
    for case in suite.cases:
        yield run_case(case, case.book or suite.book)


def run_case(case: Case, book: Rulebook) -> Result:
    """Play all scans of a test, and look at the alerts wherever the test says what they are."""
    found: list[Difference] = []
    with Player(book, case.rules) as player:
        for turn in range(case.size):
            played = player.play([scene(part, turn) for part in case.parts])
            for expectation in case.expectations:
                if expectation.scan == turn:
                    found += _compare(case, book, player.states(played), expectation)
    return Result(case.name, case.line, tuple(found))


def _compare(
    case: Case, book: Rulebook, states: Mapping[str, frozenset[str]], expected: Expectation
) -> Iterator[Difference]:
    wrong = {what: each for what, each in expected.states.items() if each != states[what]}
    if wrong:
        concerned = {product for what, each in wrong.items() for product in each ^ states[what]}
        moment = case.at(expected.scan)
        after = format_duration(moment - case.start)
        yield Difference(
            expected.line,
            f"scan {expected.scan}, {after} after the start ({format_instant(moment)})",
            tuple(
                (what, _ordered(case, each), _ordered(case, states[what]))
                for what, each in wrong.items()
            ),
            tuple(_values(case, book, expected.scan, _ordered(case, concerned))),
        )


def _ordered(case: Case, products: Iterable[str]) -> tuple[str, ...]:
    wanted = set(products)
    return tuple(each for each in case.subjects if each in wanted)


def _values(
    case: Case, book: Rulebook, scan: int, products: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what the conditions say of some products: the scans once more, up to that one. What
    was told of them, which ``again`` asks for, is known where they are played in whole."""
    again = [rule for rule in case.rules if rule.again is not None]
    # What groups of products were is kept only where their rules are played.
    whole = again or any(rule.group is not None for rule in case.rules)
    with Player(book, case.rules) as player:
        for turn in range(scan):
            scenes = [scene(part, turn) for part in case.parts]
            if whole:
                player.play(scenes)
                continue
            for each in scenes:
                player.remember(each)
        now = [(part, scene(part, scan)) for part in case.parts]
        judged = [(part, player.examine(each)) for part, each in now]
        listed = {each for _, of_list in now for each in of_list.product_ids}
        for product in products:
            key = _key(player, product)
            found = [
                f"{of}{said(each, book, case.at(scan))}"
                for part, present in judged
                for of, each in _evidence(part, present, key, several=len(judged) > 1)
            ]
            found += [
                f"again: {said(each, book, case.at(scan))}"
                for _, present in judged
                for rule in again
                for each in player.again(rule, present, key)
            ]
            yield product, (*missing_of(product, listed, found), *found)


def _key(player: Player, product_id: str) -> int:
    """The store's key of a product; 0 of one that was never listed."""
    return next((each.product for each in player.database.history.find(product_id)), 0)


def _evidence(
    case: Case, present: Present | Presents, product: int, *, several: bool
) -> Iterator[tuple[str, Evidence]]:
    """Yield all evidence on a product; and the list and the rule that it is of, where there are
    ``several``: of one that is not listed only of rules that say of it that it is gone."""
    on = f"{case.watch.name}: " if several else ""
    for rule in (each for each in case.rules if each.reads(case.watch.key)):
        of = f"{on}{rule.name}: " if len(case.rules) > 1 else on
        part = present.part(product)
        place = part.place_of(rule, product) if part is not None else None
        if place is None:
            continue
        for condition in rule.spoken:
            yield from ((of, each) for each in condition.evidence(*place))


def _ids(products: Sequence[str]) -> str:
    return ", ".join(products) or "nothing"
