"""A counter that is nulled or shifted: what compares waits, and is compared with the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.world import HEAD
from tests.store import making
from tests.store.making import DAY, SALES, START, scan
from watcher.analysis.backtest import backtest
from watcher.analysis.explain import explain
from watcher.evaluation.jumps import median_change
from watcher.incidents.data import forget_jumps, note_jump
from watcher.incidents.operator import Operator
from watcher.model import ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.conditions.registry import NUMBER_OPERATORS
from watcher.rules.files.loading import load_text
from watcher.store.engine import open_store
from watcher.store.ports import Store
from watcher.store.records import WindowQuery
from watcher.store.sqlite.database import Database
from watcher.text.messages import text_of, title_of
from watcher.units import HOUR

GMV = "total_sale_gmv_7d_amt"
USUAL = {str(n): 100.0 + n for n in range(12)}
NOTHING: dict[str, float | None] = dict.fromkeys(USUAL)
ZERO = dict.fromkeys(USUAL, 0.0)
THREE_TIMES = {key: 3 * value for key, value in USUAL.items()}
TEN_TIMES = {key: 10 * value for key, value in USUAL.items()}

Sales = Mapping[str, float | None]


def rules(when: str, more: str = "", watch: str = "sort: total_sale_7d_cnt desc") -> str:
    """A rule file of one rule."""
    return f"{HEAD}operator: [boss]\nrules:\n- {{name: r, watch: {{{watch}}}, when: {when}{more}}}"


@dataclass
class JumpingList:
    """A list scanned each day; ``fired`` are the days with news, and of which products."""

    store: Store
    text: str
    day: int = 0
    step: int = DAY
    stands_since: int = 0  # the day since which the data is the same
    fired: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book = load_text(self.text)
        self.store.rules.sync(self.book.marks, START)
        self.policies = policies_of(self.book.channels)
        self.books = self.book  # all that the daemon reads

    @property
    def now(self) -> int:
        return START + self.day * self.step

    def scans(self, *days: Sales, state: ScanState = ScanState.COMPLETE) -> JumpingList:
        """A scan a day; the products in the order of their sales."""
        (watch,) = self.book.used_watches
        for sales in days:
            self.day += 1
            ordered = sorted(sales, key=lambda key: -(sales[key] or 0))
            values = {key: self.values(sales[key]) for key in ordered}
            made = scan(self.now, values, watch=watch.key, state=state)
            outcome = evaluate(
                self.store, made, self.book.rules, self.policies, self.book.metrics, self.now
            )
            operator = [self.policies["boss"]]
            jump = outcome.jump
            now = made.finished
            note_jump(Operator(self.store, operator, now), self.books, watch, made, jump)
            if outcome.fired:
                self.fired[self.day] = len(outcome.fired)
        return self

    def values(self, sales: float | None) -> dict[str, float]:
        """GMV moves a little each day, or the data would be late."""
        moved = self.stands_since or self.day
        return {} if sales is None else {SALES: sales, GMV: 2 * sales + moved / 100}

    def heard(self) -> list[str]:
        """What the operator was told, in short."""
        rows = self.store.outbox.waiting_for("boss/1")
        return [title_of(row.message) for row in rows if row.message.kind == "operator"]


BEGINS, OVER = (f"watcher: {how}region US: 7-day sales jumped" for how in ("", "over: "))
RISES = "{total_sale_7d_cnt: {rises: 50%}}"
FALLS = "{total_sale_7d_cnt: {falls: 50%}}"
CHANGES = "{total_sale_7d_cnt: {changes: 50%}}"


@pytest.mark.parametrize("broken", [NOTHING, ZERO, TEN_TIMES, dict.fromkeys(USUAL, 1.0)])
@pytest.mark.parametrize("from_", ["last", "1d ago", "2d ago", "median 3d", "max 3d", "min 3d"])
def test_a_counter_that_is_mended_is_no_news(store: Database, broken: Sales, from_: str) -> None:
    """Neither when it breaks nor when it is back, nor by a statistic that had swallowed it."""
    when = f"{{total_sale_7d_cnt: {{changes: 30%, from: {from_}}}}}"
    market = JumpingList(store, rules(when)).scans(*[USUAL] * 5, broken, *[USUAL] * 5)
    assert market.fired == {}
    # A field that is gone from the whole list is told as such, by who looks for that.
    assert market.heard() == ([] if broken is NOTHING else [BEGINS, OVER])


@pytest.mark.parametrize(
    ("when", "then"),
    [
        (RISES, THREE_TIMES),
        (FALLS, {key: value / 3 for key, value in USUAL.items()}),
        ("{total_sale_7d_cnt: {rises: 50%, from: 1d ago}}", THREE_TIMES),
        ("{total_sale_7d_cnt: {rises: 50%, from: median 3d}}", THREE_TIMES),
        ("{total_sale_7d_cnt: {rises: 50%, from: max 3d}}", THREE_TIMES),
        ("{total_sale_7d_cnt: {crosses_above: 200}}", THREE_TIMES),
        ("{total_sale_gmv_7d_amt: {rises: 50%}}", THREE_TIMES),
    ],
)
def test_a_true_jump_is_told_a_scan_late_and_once(store: Database, when: str, then: Sales) -> None:
    """Compared with the scan before it."""
    market = JumpingList(store, rules(when)).scans(*[USUAL] * 4, *[then] * 4)
    assert market.fired == {6: 12}
    assert market.heard() == [BEGINS, OVER]
    (alert, *_) = store.alerts.list(rule="r")
    assert alert.alert.evidence[0].baseline_at in (START + 4 * DAY, START + 3 * DAY)


def test_the_operator_hears_what_it_was(store: Database) -> None:
    """Of one that is mended, and of one that stays."""
    JumpingList(store, rules(RISES)).scans(USUAL, USUAL, ZERO, USUAL, USUAL, TEN_TIMES, TEN_TIMES)
    texts = [text_of(row.message) for row in store.outbox.waiting_for("boss/1")]
    operator = [text for text in texts if "7-day sales" in text]
    assert ["-100%" in operator[0], "+900%" in operator[2]] == [True, True]
    assert "The values of before are back" in operator[1]
    assert "taken for true" in operator[3]


def test_two_jumps_in_a_row_wait_for_both(store: Database) -> None:
    """Neither as before nor as the last one: what follows is compared with the scan before."""
    market = JumpingList(store, rules(CHANGES)).scans(USUAL, USUAL, ZERO, TEN_TIMES)
    assert market.fired == {}
    market.scans(TEN_TIMES)
    assert market.fired == {5: 12}
    market.scans(TEN_TIMES)
    assert (market.fired, market.heard()) == ({5: 12}, [BEGINS, OVER])
    # Only the last of them turned out to be right.
    key, products = market.book.watches[0].key, np.arange(1, 13)
    within = (START, market.now)
    (window,) = store.history.windows(WindowQuery(key, "US", products, within, [SALES], scan_id=99))
    assert window.values[SALES].min(axis=1).tolist() == [100, 100, 100, 1000, 1000]


def test_the_same_answer_once_more_decides_nothing(store: Database) -> None:
    """Where the data is late the list is what it was: what compares waits for the next that moves,
    and the jump is not lost meanwhile."""
    market = JumpingList(store, rules(RISES)).scans(USUAL, USUAL, THREE_TIMES)
    market.stands_since = 3
    assert market.scans(THREE_TIMES, THREE_TIMES).fired == {}
    market.stands_since = 0
    assert market.scans(THREE_TIMES, THREE_TIMES).fired == {6: 12}
    assert market.heard() == [BEGINS, OVER]


def test_places_of_a_list_that_jumped_are_in_no_statistic(store: Database) -> None:
    """It was sorted by what was wrong."""
    upset = {str(n): 2000.0 - n for n in range(12)}
    climbs, rises = "climbs: 2, from: mean 5d", "rises: 900%, from: mean 5d"
    both = f"any: [{{rank: {{{climbs}}}}}, {{total_sale_7d_cnt: {{{rises}}}}}]"
    market = JumpingList(store, rules(f"{{{both}}}")).scans(*[USUAL] * 4, upset, USUAL, USUAL)
    assert market.fired == {}


def test_two_jumps_and_back(store: Database) -> None:
    """Back at what was before: no news at all."""
    market = JumpingList(store, rules(CHANGES)).scans(USUAL, USUAL, ZERO, TEN_TIMES, USUAL, USUAL)
    assert (market.fired, market.heard()) == ({}, [BEGINS, OVER])


def test_who_jumps_for_ever_is_believed_after_a_week(store: Database) -> None:
    """Rules must not be mute for good."""
    scans = [TEN_TIMES if day % 2 else ZERO for day in range(12)]
    market = JumpingList(store, rules(CHANGES)).scans(USUAL, *scans)
    assert min(market.fired) == 9


def test_a_restart_between_changes_nothing(tmp_path: Path) -> None:
    """All of it is in the database."""
    for sales, expected in ((THREE_TIMES, {4: 12}), (USUAL, {})):
        path = making.place(tmp_path, f"{len(expected)}.db")
        with open_store(path) as store:
            before = JumpingList(store, rules(RISES)).scans(USUAL, USUAL, THREE_TIMES)
        with open_store(path) as store:
            after = JumpingList(store, rules(RISES), day=3).scans(sales, sales)
        assert (before.fired, after.fired) == ({}, expected)


def test_what_does_not_compare_is_not_held(store: Database) -> None:
    """Thresholds, who appears, and growth, which is of one answer."""
    for when in (
        "{total_sale_7d_cnt: {at_least: 300}}",
        "{total_sale_7d_cnt: {at_least: 300}, not: {spu_avg_price: {above: 5}}}",
    ):
        market = JumpingList(Database.in_memory(), rules(when)).scans(USUAL, THREE_TIMES)
        assert market.fired == ({2: 12} if "not" not in when else {})
    appears = JumpingList(Database.in_memory(), rules("{appears: true}"))
    assert appears.scans(USUAL, {**TEN_TIMES, "new": 5000.0}).fired == {2: 1}
    growth = "metrics: {half: total_sale_gmv_7d_amt / 2}\n" + rules("{half: {at_least: 300}}")
    assert JumpingList(Database.in_memory(), growth).scans(USUAL, THREE_TIMES).fired == {2: 12}


def test_until_does_not_end_by_a_jump(store: Database) -> None:
    """Where only ``until`` compares, the rule fires as ever and is not ended by the fault."""
    until = ", until: {total_sale_7d_cnt: {falls: 50%}}"
    market = JumpingList(store, rules("{total_sale_gmv_7d_amt: {at_least: 214}}", until))
    market.scans(USUAL)
    assert market.fired == {1: 5}  # 2 times 107 to 111
    assert [market.scans(each).store.alerts.counts() for each in (ZERO, USUAL)] == [
        market.store.alerts.counts()
    ] * 2
    market.scans({**USUAL, "11": 50.0})
    assert sum(market.store.alerts.counts().values()) == 4


def test_who_enters_the_top_of_a_list_that_jumped(store: Database) -> None:
    """A nulled counter turns the order round: nobody entered; a true one is told late."""
    turned = {str(n): 200.0 - n for n in range(12)}
    enters = rules("{rank: {enters_top: 3}}")
    upset = {key: 10 * value for key, value in turned.items()}
    market = JumpingList(store, enters).scans(USUAL, upset, USUAL, USUAL)
    assert market.fired == {}
    market.scans(upset, upset, upset)
    assert market.fired == {6: 3}
    leaves = JumpingList(Database.in_memory(), rules("{rank: {leaves_top: 3}}"))
    assert leaves.scans(USUAL, upset, USUAL, USUAL).fired == {}
    climbs = JumpingList(Database.in_memory(), rules("{rank: {climbs: 5}}"))
    assert climbs.scans(USUAL, upset, USUAL, USUAL).fired == {}


@pytest.mark.parametrize(
    ("factor", "jumps"),
    [(0.6, False), (0.59, True), (0.77, False), (2.0, False), (2.01, True), (1.0, False)],
)
def test_the_limits(store: Database, factor: float, *, jumps: bool) -> None:
    """From 40% down to twice as much, both included, a list may really move."""
    moved = dict.fromkeys(USUAL, 1000 * factor)
    market = JumpingList(store, rules(RISES)).scans(dict.fromkeys(USUAL, 1000.0), moved)
    assert bool(market.heard()) is jumps


def test_the_median_product_decides(store: Database) -> None:
    """Half of the list may go wild."""
    keys = list(USUAL)
    five = {**USUAL, **dict.fromkeys(keys[:5], 0.0)}
    seven = {**USUAL, **dict.fromkeys(keys[:7], 0.0)}
    assert JumpingList(store, rules(FALLS)).scans(USUAL, five).fired == {2: 5}
    assert JumpingList(Database.in_memory(), rules(FALLS)).scans(USUAL, seven).fired == {}


def test_nine_products_say_nothing(store: Database) -> None:
    """Nor do scans more than two days apart."""
    nine = {str(n): 100.0 for n in range(9)}
    assert JumpingList(store, rules(FALLS)).scans(nine, dict.fromkeys(nine, 1.0)).fired == {2: 9}
    rare = JumpingList(Database.in_memory(), rules(FALLS), step=48 * HOUR + 1)
    assert rare.scans(USUAL, ZERO).fired == {2: 12}
    two_days = JumpingList(Database.in_memory(), rules(FALLS), step=48 * HOUR)
    assert two_days.scans(USUAL, ZERO).fired == {}


def test_a_list_that_never_sold_begins_to(store: Database) -> None:
    """From nothing to something is a jump as well; a few that begin to sell are none."""
    when = "{total_sale_7d_cnt: {rises: 1}}"
    assert JumpingList(store, rules(when)).scans(ZERO, USUAL, USUAL, USUAL).fired == {3: 12}
    few = {**ZERO, "1": 5.0, "2": 5.0}
    assert JumpingList(Database.in_memory(), rules(when)).scans(ZERO, few).fired == {2: 2}


def test_a_jump_of_most_is_one_though_no_number_of_the_others_moved(store: Database) -> None:
    """Eight of twelve have three times as much, four have the very numbers of the day before."""
    most = USUAL | {key: THREE_TIMES[key] for key in [*USUAL][:8]}
    market = JumpingList(store, rules(RISES), stands_since=1).scans(USUAL, most)
    assert market.fired == {}
    assert market.heard() == [BEGINS]


def test_a_failed_scan_between_is_no_scan(store: Database) -> None:
    """And one with few products decides nothing."""
    market = JumpingList(store, rules(CHANGES)).scans(USUAL, USUAL, THREE_TIMES)
    market.scans({}, state=ScanState.FAILED)
    market.scans({"1": 303.0}, state=ScanState.PARTIAL)
    assert market.fired == {}
    assert market.scans(THREE_TIMES).fired == {6: 12}


@pytest.mark.parametrize("state", [ScanState.PARTIAL, ScanState.COMPLETE])
def test_a_scan_of_a_part_confirms_nothing(store: Database, state: ScanState) -> None:
    """Or what it does not list would be compared with the jump, and a true one not be told."""
    size = 30
    usual, jumped = ({f"{n}": times * (100.0 + n) for n in range(size)} for times in (1, 3))
    most, part = ({key: jumped[key] for key in list(jumped)[:count]} for count in (20, 19))
    market = JumpingList(store, rules(RISES)).scans(usual, jumped).scans(part, state=state)
    assert (market.fired, market.heard()) == ({}, [BEGINS])
    assert market.scans(jumped, jumped).fired == {4: size}
    assert market.heard() == [BEGINS, OVER]
    (told,) = [row.message for row in store.outbox.waiting_for("me/1")]
    assert {why.gap for item in told.items for why in item.why} == {None}  # each scan saw it
    other = JumpingList(Database.in_memory(), rules(RISES)).scans(usual, jumped)
    assert other.scans(most, state=state).fired == {3: 20}


def test_a_list_that_is_always_cut_off_there_is_confirmed(store: Database) -> None:
    """It lists what the doubted scan listed."""
    market = JumpingList(store, rules(RISES)).scans(USUAL, {**USUAL, "x": 5.0})
    market.scans(THREE_TIMES, THREE_TIMES, state=ScanState.PARTIAL)
    assert market.fired == {4: 12}


def two_lists(store: Database) -> tuple[JumpingList, JumpingList]:
    """Two lists of one region that one daemon reads."""
    one, other = (
        JumpingList(store, rules(RISES, watch=f"sort: total_sale_7d_cnt desc, top: {top}"))
        for top in (100, 200)
    )
    one.books = other.books = replace(
        one.book,
        rules=one.book.rules + other.book.rules,
        watches=one.book.watches + other.book.watches,
    )
    return one, other


def test_one_message_for_all_lists_of_a_region(store: Database) -> None:
    """It is over when none of them waits any more."""
    one, other = two_lists(store)
    for sales in (USUAL, USUAL, ZERO):
        one.scans(sales)
        other.scans(sales)
    assert one.heard() == [BEGINS]
    one.scans(USUAL)
    assert one.heard() == [BEGINS]
    other.scans(USUAL)
    assert one.heard() == [BEGINS, OVER]
    assert (one.fired, other.fired) == ({}, {})


@pytest.mark.parametrize("then", ["stays", "mended"])
def test_each_list_is_told_as_what_became_of_it(store: Database, then: str) -> None:
    """Whichever of them is the last, and whatever became of an earlier jump."""
    one, other = two_lists(store)
    first, last = (THREE_TIMES, USUAL) if then == "mended" else (USUAL, THREE_TIMES)
    for sales in (USUAL, USUAL, ZERO, USUAL, USUAL, THREE_TIMES):
        one.scans(sales)
        other.scans(sales)
    one.scans(first)
    other.scans(last)
    assert one.heard() == [BEGINS, OVER] * 2
    *_, begun, over = [text_of(row.message) for row in store.outbox.waiting_for("boss/1")]
    stays = (one if then == "mended" else other).book.used_watches[0].name
    assert over == (
        f'This is over: {begun}. It stays so in "{stays}": there it is taken for true, and what '
        "follows from it is told. In the other lists the values of before are back, so nothing is "
        "told of them."
    )


def test_what_became_of_lists_that_agree_is_told_once(store: Database) -> None:
    """And an earlier jump that stayed is no part of it."""
    one, other = two_lists(store)
    for sales in (USUAL, USUAL, THREE_TIMES, THREE_TIMES, ZERO, THREE_TIMES):
        one.scans(sales)
        other.scans(sales)
    _, stays, _, mended = [text_of(row.message) for row in store.outbox.waiting_for("boss/1")]
    assert mended.endswith(". The values of before are back, so nothing is told of it.")
    assert stays.endswith(". It stays so: it is taken for true, and what follows from it is told.")


def test_another_lists_fault_is_no_baseline_either(store: Database) -> None:
    """Numbers of the past count from any watch, but not doubted ones."""
    text = rules("{total_sale_7d_cnt: {changes: 30%, from: 1d ago}}")
    daily = JumpingList(store, text)
    seven = "sort: total_sale_7d_cnt desc, top: 7"
    other = JumpingList(store, rules(RISES, watch=seven), step=12 * HOUR)
    for turn in range(1, 5):
        daily.scans(USUAL)
        other.day = 2 * turn
        other.scans(NOTHING if turn == 3 else USUAL)
    assert daily.fired == {}


def test_explain_says_that_it_waits(store: Database) -> None:
    """And afterwards with what it was compared."""
    market = JumpingList(store, rules(RISES)).scans(USUAL, USUAL, THREE_TIMES)
    (rule,) = market.book.rules
    (facts,) = store.history.find("1", "US")
    waits = explain(store, market.book, rule, facts, market.now)
    assert "jumped at this scan" in waits.when.why
    market.scans(THREE_TIMES)
    told = explain(store, market.book, rule, facts, market.now).when.evidence
    assert told is not None
    assert (told.value, told.baseline, told.baseline_at) == (303, 101, START + 2 * DAY)
    market.scans(THREE_TIMES)
    over = explain(store, market.book, rule, facts, market.now).when.evidence
    assert over is not None
    assert over.baseline == 303


def test_a_backtest_says_the_same(store: Database) -> None:
    """Also where the jump lies just before the time that is asked for."""
    market = JumpingList(store, rules(RISES, ", notify: [me]"))
    market.scans(*[USUAL] * 3, ZERO, *[USUAL] * 3, *[THREE_TIMES] * 3)
    (rule,) = market.book.rules
    assert market.fired == {9: 12}
    for begin in range(1, 10):
        time = (START + begin * DAY, market.now)
        found = backtest(store, market.book, rule, time)
        assert found.fired == 12, begin
        (told,) = found.told
        assert told.message.data_at == START + 9 * DAY


def test_every_operator_that_compares_waits(store: Database) -> None:
    """None of the language is left out: each has no data at a scan that jumped."""
    given = {
        "rises": "1", "falls": "1", "changes": "1", "becomes": "300", "leaves": "100",
        "crosses_above": "150", "crosses_below": "150", "unusual": "0.1", "climbs": "1",
        "drops": "1", "enters_top": "3", "leaves_top": "3",
    }  # fmt: skip
    compares = {operator.name for operator in NUMBER_OPERATORS if operator.name in given}
    assert compares == set(given)
    for name, value in given.items():
        metric = "rank" if name in ("climbs", "drops", "enters_top", "leaves_top") else SALES
        text = rules(f"{{{metric}: {{{name}: {value}}}}}")
        market = JumpingList(Database.in_memory(), text)
        market.scans(*[dict.fromkeys(USUAL, 100.0 + day % 3) for day in range(20)])
        market.fired.clear()
        (watch,) = market.book.used_watches
        made = scan(
            market.now + DAY, {str(n): 3000.0 - n for n in range(11, -1, -1)}, watch=watch.key
        )
        outcome = evaluate(
            market.store, made, market.book.rules, market.policies, market.book.metrics, made.at
        )
        assert (outcome.judged[0].met, outcome.judged[0].no_data) == (0, 12), name


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ([100.0] * 10, [50.0] * 10, -0.5),
        ([100.0] * 10, [np.nan] * 10, -1.0),
        ([100.0] * 9, [50.0] * 9, None),
        ([np.nan] * 10, [50.0] * 10, np.inf),
        ([0.0] * 10, [0.0] * 10, 0.0),
        ([0.0] * 30, [1.0] * 10 + [0.0] * 20, 0.0),
        ([0.0] * 19, [1.0] * 10 + [0.0] * 9, np.inf),
        ([100.0] * 10 + [0.0] * 90, [100.0] * 10 + [7.0] * 90, 0.0),
    ],
)
def test_the_median_change(
    before: Sequence[float], now: Sequence[float], change: float | None
) -> None:
    """Of those that sold before; where hardly any did, of whether most do now."""
    assert median_change(np.array(now), np.array(before)) == change


def test_an_empty_list_decides_nothing(store: Database) -> None:
    """A scan that lists nobody is neither a jump nor the end of one."""
    market = JumpingList(store, rules(CHANGES)).scans(USUAL, THREE_TIMES, {})
    keys = [watch.key for watch in market.book.watches]
    assert store.jumps.waits(keys)
    assert market.scans(USUAL).fired == {}
    assert not store.jumps.waits(keys)


def test_what_waits_no_more_for_it_is_gone_is_forgotten(store: Database) -> None:
    """A list whose query was edited never has a next scan."""
    market = JumpingList(store, rules(RISES)).scans(USUAL, USUAL, ZERO)
    forget_jumps(store, market.book, market.now)
    assert len(store.health.incidents()) == 1
    edited = load_text(rules(RISES, watch="sort: total_sale_7d_cnt desc, top: 50"))
    forget_jumps(store, edited, market.now)
    assert store.health.incidents() == []
