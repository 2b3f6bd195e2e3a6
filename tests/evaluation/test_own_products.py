"""Shops and products of one's own through the whole middle: who appears, who is gone, and whose
numbers count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

import numpy as np
import pytest

from tests.store.making import DAY, SALES, START, raw, scan
from watcher.analysis.backtest import backtest
from watcher.analysis.depth import longer_shops
from watcher.analysis.overview import overview
from watcher.daemon.scheduling.arrival import believed
from watcher.evaluation.list_facts import with_facts
from watcher.incident import IncidentKind
from watcher.incidents.data import note_changes, note_fields, note_jump
from watcher.incidents.operator import Operator, forget_orphans
from watcher.message import Message
from watcher.model import Instant, Scan, ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import ScanOutcome, evaluate
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Watch
from watcher.source.scan import ScanResult
from watcher.store.ports import Store
from watcher.text.messages import title_of

A, B, C = (str(1_729_000_000_000_000_000 + number) for number in range(3))
HEAD = """
channels: {me: {url: "json://localhost/"}}
operator: [me]
defaults: {notify: [me]}
"""
OWN = f"watches: {{mine: {{products: ['{A}', '{B}', '{C}']}}}}\n"
SHOP = "watches: {mine: {shop: '7495981769829615944', top: 30}}\n"

Numbers = Mapping[str, float | Mapping[str, float]]


@dataclass
class Mine:
    """A watch of one's own and its rules; a day for each scan."""

    database: Store
    text: str
    day: int = 0

    def __post_init__(self) -> None:
        self.reread(self.text)

    def reread(self, text: str) -> None:
        """The rules as the file has them now."""
        self.text = HEAD + text
        self.book = load_text(self.text)
        self.database.rules.sync(self.book.marks, self.now)

    @property
    def now(self) -> Instant:
        return START + self.day * DAY

    @property
    def watch(self) -> Watch:
        return next(each for each in self.book.watches if each.name == "mine")

    def made(
        self, products: Numbers, *, regions: Sequence[str] = (), cut: bool = False,
        state: ScanState = ScanState.COMPLETE,
    ) -> Scan:  # fmt: skip
        """The next day's scan, of products in these regions."""
        self.day += 1
        given = tuple(regions) or ("US",) * len(products)
        query = self.watch.query
        region = max(given, key=given.count, default="")
        made = scan(self.now, products, watch=self.watch.key, region=region, state=state,
                    ranked=False)  # fmt: skip
        return replace(
            made,
            of_market=False,
            regions=given,
            cut=cut,
            asked=query.ids or None,
            texts={**made.texts, "region": given},
        )

    def scan(self, products: Numbers, **how: object) -> ScanOutcome:
        return self.judged(self.made(products, **how))  # type: ignore[arg-type]

    def judged(self, made: Scan, watch: Watch | None = None) -> ScanOutcome:
        """What follows from a scan."""
        return evaluate(
            self.database, made, self.book.rules_of(watch or self.watch),
            policies_of(self.book.channels), self.book.metrics, self.now + 60,
        )  # fmt: skip

    def told(self) -> list[Message]:
        return [each.message for each in self.database.outbox.waiting_for("me/1")]

    def names(self, outcome: ScanOutcome) -> tuple[list[str], list[str]]:
        """The ids of the products of which an alert began, and of which one ended."""
        facts = self.database.history.facts([*outcome.fired.products, *outcome.resolved.products])
        fired, resolved = (
            sorted(facts[key].product_id for key in keys)
            for keys in (outcome.fired.products, outcome.resolved.products)
        )
        return fired, resolved

    def state(self) -> int:
        """The number of live alerts."""
        return len(self.database.alerts.active(["r"]))


APPEARS = "rules: [{name: r, watch: mine, when: {appears: true}}]"
SELLS = "rules: [{name: r, watch: mine, resolved: true, when: {total_sale_7d_cnt: {above: 5}}}]"


def test_who_was_asked_for_and_comes_appears(store: Store) -> None:
    """Not who is asked for since today; nor who was there before."""
    mine = Mine(store, OWN + APPEARS)
    assert mine.names(mine.scan({A: 1})) == ([], [])
    assert mine.names(mine.scan({A: 1, B: 1}))[0] == [B]
    new = str(int(C) + 5)
    mine.reread(OWN.replace("['", f"['{new}', '") + APPEARS)
    assert mine.names(mine.scan({A: 1, B: 1, new: 1}))[0] == []
    assert mine.names(mine.scan({A: 1, B: 1, new: 1, C: 1}))[0] == [C]
    assert raw(store).rows("SELECT count(*), count(until) FROM asked") == [(4, 0)]


def test_a_stored_scan_knows_who_had_appeared(store: Store) -> None:
    """As when it was made: an id that it was the first to ask for had not."""
    mine = Mine(store, OWN.replace(f", '{C}'", "") + APPEARS)
    mine.scan({A: 1})
    mine.reread(OWN + APPEARS)
    mine.scan({A: 1, B: 1, C: 1})
    for product_id, appeared in ((A, False), (B, True), (C, False)):
        (facts,) = store.history.find(product_id)
        seen = store.history.sighting(mine.watch.key, facts.product)
        assert seen is not None
        place = seen.recorded.products.tolist().index(facts.product)
        assert bool(seen.recorded.first_seen[place]) is appeared


def test_who_was_asked_for_at_each_scan(store: Store) -> None:
    """From the scan on that asked first, up to the one that asked no more."""
    mine = Mine(store, OWN + APPEARS)
    mine.scan({B: 1})
    mine.scan({A: 1, B: 1})
    mine.reread(OWN.replace(f"'{A}', ", "") + APPEARS)
    mine.scan({B: 1})
    (facts,) = store.history.find(A)
    scans = [each.id for each in store.history.scans(mine.watch.key, limit=3)]
    key = np.array([facts.product])
    left = [store.history.taken_out(mine.watch.key, each, key)[0] for each in scans]
    assert left == [True, False, False]
    assert store.lookups.asked_by_scans(mine.watch.key) == {B, C}


def test_back_is_who_was_asked_for_while_away(store: Store) -> None:
    """Of an id that was taken out and added again only the scans since then count."""
    mine = Mine(store, OWN + "rules: [{name: r, watch: mine, when: {reappears: true}}]")
    without = mine.text.removeprefix(HEAD).replace(f"'{A}', ", "")
    mine.scan({A: 1, B: 1})
    for missed, back in ((1, []), (2, [A])):
        mine.reread(without)
        for _ in range(3):
            mine.scan({B: 1})
        mine.reread(without.replace("['", f"['{A}', '"))
        for _ in range(missed):
            assert mine.names(mine.scan({B: 1}))[0] == []
        assert mine.names(mine.scan({A: 1, B: 1}))[0] == back


def test_an_id_that_is_added_again_has_not_appeared(store: Store) -> None:
    """It begins anew."""
    mine = Mine(store, OWN + APPEARS)
    mine.scan({A: 1})
    mine.reread(OWN.replace(f", '{B}'", "") + APPEARS)
    mine.scan({A: 1})
    assert raw(store).rows("SELECT product_id FROM asked WHERE until IS NOT NULL") == [(B,)]
    mine.reread(OWN + APPEARS)
    assert mine.names(mine.scan({A: 1, B: 1}))[0] == []


def test_a_partial_scan_is_no_time_of_asking(store: Store) -> None:
    """Who is missing from it may have been there."""
    mine = Mine(store, OWN + APPEARS)
    mine.scan({A: 1})
    new = str(int(C) + 5)
    mine.reread(OWN.replace("['", f"['{new}', '") + APPEARS)
    mine.scan({A: 1}, state=ScanState.PARTIAL)
    assert mine.names(mine.scan({A: 1, new: 1}))[0] == []


def test_who_is_gone_for_two_scans_is_told(store: Store) -> None:
    """As of a list."""
    mine = Mine(store, OWN + SELLS)
    assert mine.names(mine.scan({A: 9, B: 9, C: 1}))[0] == [A, B]
    mine.scan({B: 9, C: 1})
    assert mine.names(mine.scan({B: 9, C: 1}))[1] == [A]
    assert mine.told()[-1].ended == 1


def test_who_was_taken_out_ends_without_a_word(store: Store) -> None:
    """At once, and whatever ``resolved`` says: the user knows."""
    mine = Mine(store, OWN + SELLS)
    mine.scan({A: 9, B: 9})
    told = len(mine.told())
    mine.reread(OWN.replace(f"'{A}', ", "") + SELLS)
    assert mine.names(mine.scan({B: 9})) == ([], [A])
    assert len(mine.told()) == told
    (reason,) = raw(store).all(str, "SELECT reason FROM alerts WHERE resolved_at IS NOT NULL")
    assert reason == "no longer asked for"
    assert mine.state() == 1


def test_a_shop_that_is_longer_proves_nothing(store: Store) -> None:
    """Neither who appears nor who is gone, as long as it is."""
    mine = Mine(store, SHOP + APPEARS + "\n")
    mine.scan({A: 1}, cut=False)
    assert mine.names(mine.scan({A: 1, B: 1}))[0] == [B]
    cut = mine.scan({A: 1, C: 1}, cut=True)
    assert mine.names(cut)[0] == []
    assert cut.judged[0].no_data == 2
    again = Mine(store, SHOP + SELLS.replace("name: r", "name: s"), day=mine.day)
    assert again.names(again.scan({A: 9, B: 9}, cut=True))[0] == [A, B]
    for _ in range(3):
        assert again.names(again.scan({B: 9}, cut=True)) == ([], [])
    again.scan({B: 9})
    assert again.names(again.scan({B: 9}))[1] == [A]


def test_a_longer_shop_is_said(store: Store) -> None:
    """In ``status`` and on the page: as long as it is, and no more once it was read to its end."""
    mine = Mine(store, SHOP + APPEARS)
    for cut in (False, True, False):
        mine.scan({A: 1}, cut=cut)
        (watch,) = overview(store, mine.book, mine.now).watches
        assert ("no end at its top of 30" in watch.doubt) == cut
        assert [each.name for each in longer_shops(store, mine.book.used_watches)] == ["mine"] * cut


def test_a_shop_that_was_always_longer(store: Store) -> None:
    """Has never had a whole list: nobody appears."""
    mine = Mine(store, SHOP + APPEARS)
    for products in ({A: 1}, {B: 1}, {C: 1}):
        outcome = mine.scan(products, cut=True)
        assert mine.names(outcome)[0] == []
        assert outcome.judged[0].no_data == 1


def test_products_of_several_regions(store: Store) -> None:
    """Each is known in its own, and has its own past there, whichever most are of at a scan."""
    rules = (
        "rules:\n- {name: last, watch: mine, when: {total_sale_7d_cnt: {rises: 50%}}}\n"
        "- {name: ago, watch: mine, when: {total_sale_7d_cnt: {rises: 50%, from: 2d ago}}}\n"
        "- {name: mean, watch: mine, when: {total_sale_7d_cnt: {rises: 50%, from: mean 4d}}}\n"
    )
    mine = Mine(store, OWN + rules)
    for regions in (("US", "GB", "US"), ("US", "GB", "GB"), ("US", "GB", "GB"), ("US", "GB", "US")):
        mine.scan({A: 10, B: 10, C: 10}, regions=regions)
    keys = raw(store).rows("SELECT region, product_id FROM products ORDER BY 2, 1")
    assert keys == [("US", A), ("GB", B), ("GB", C), ("US", C)]
    outcome = mine.scan({A: 20, B: 20}, regions=("US", "GB"))
    assert {judged.rule: judged.met for judged in outcome.judged} == {
        "last": 2, "ago": 2, "mean": 2,
    }  # fmt: skip
    assert [title_of(message) for message in mine.told()] == ["2 last, 2 ago, 2 mean (US, GB)"]


def test_numbers_of_a_market_count_for_both(store: Store) -> None:
    """A list of the region saw the product two days ago; and the own scans count for the list."""
    both = (
        OWN.replace("}}\n", "}, list: {region: GB}}\n")
        + "rules:\n- {name: r, watch: [mine, list], "
        "when: {total_sale_7d_cnt: {rises: 50%, from: 2d ago}}}\n"
    )
    mine = Mine(store, both)
    listed = next(each for each in mine.book.watches if each.name == "list")
    for _ in range(3):
        mine.day += 1
        mine.judged(scan(mine.now, {B: 10}, watch=listed.key, region="GB", ranked=False), listed)
    assert mine.names(mine.scan({B: 20, A: 5}, regions=("GB", "US")))[0] == [B]
    mine.scan({B: 20, A: 5, C: 8}, regions=("GB", "US", "GB"))
    mine.day += 2
    made = scan(mine.now, {C: 16}, watch=listed.key, region="GB", ranked=False)
    assert mine.names(mine.judged(made, listed))[0] == [C]


def test_a_backtest_tells_the_same(store: Store) -> None:
    """Of who appears, who was taken out, and a shop's cut scans."""
    mine = Mine(store, OWN + APPEARS)
    mine.scan({A: 1})
    mine.scan({A: 1, B: 1})
    mine.reread(OWN.replace(f"'{B}', ", "") + APPEARS)
    mine.scan({A: 1})
    mine.scan({A: 1, C: 1})
    found = backtest(store, mine.book, mine.book.rules[0], (START, mine.now))
    assert (found.fired, len(found.told), found.ended) == (2, 2, 1)


# ------------------------------------------------------------------ no false alarm


def few(number: int, **fields: float) -> dict[str, dict[str, float]]:
    """So many products, with these numbers."""
    ids = [str(int(A) + each) for each in range(number)]
    return {each: {SALES: 7, "spu_avg_price": 9, **fields} for each in ids}


def noted(mine: Mine, made: Scan, missing: Sequence[str] = ()) -> set[IncidentKind]:
    """The incidents that are on after a scan, which lost some fields."""
    operator = Operator(mine.database, [], mine.now)
    watch, book = mine.watch, mine.book
    made = believed(mine.database, watch, made)
    note_fields(operator, book, watch, made, ScanResult(made, missing=frozenset(missing)))
    outcome = mine.judged(made)
    note_jump(operator, book, watch, made, outcome.jump)
    note_changes(operator, made, UTC)
    return {incident.kind for incident in mine.database.health.incidents()}


def test_three_products_raise_no_alarm(store: Store) -> None:
    """Whatever they do together: lose a field, jump, stand still, go."""
    mine = Mine(
        store, OWN + "rules: [{name: r, watch: mine, when: {total_sale_7d_cnt: {rises: 50%}}}]"
    )
    for _ in range(5):
        assert noted(mine, mine.made(few(3))) == set()
    assert noted(mine, mine.made(few(3, **{SALES: 90})), ["spu_avg_price"]) == set()
    outcome = mine.scan(few(3, **{SALES: 300}))
    assert outcome.judged[0].met == 3
    assert noted(mine, mine.made({})) == set()
    assert store.history.last_scan(mine.watch.key).state is ScanState.COMPLETE  # type: ignore[union-attr]


def test_a_shop_that_leaves_the_affiliates_has_lost_no_field(store: Store) -> None:
    """All of a seller's products may lose their commission at once; a price, no."""
    mine = Mine(store, SHOP + SELLS)
    rate = "product_commission_rate"
    for _ in range(2):
        noted(mine, mine.made(few(12, **{rate: 0.1})))
    assert noted(mine, mine.made(few(12)), [rate]) == set()
    assert noted(mine, mine.made(few(12)), ["spu_avg_price"]) == {IncidentKind.FIELDS_LOST}


def test_a_shop_that_sells_out_is_no_jump_of_the_region(store: Store) -> None:
    """Its rules wait for the next scan, for it may be a fault; the operator is not told."""
    mine = Mine(
        store, SHOP + "rules: [{name: r, watch: mine, when: {total_sale_7d_cnt: {rises: 50%}}}]"
    )
    noted(mine, mine.made(few(12)))
    made = mine.made(few(12, **{SALES: 70}))
    assert noted(mine, made) == set()
    assert mine.state() == 0
    assert mine.scan(few(12, **{SALES: 75})).judged[0].met == 12


def test_a_shop_says_nothing_of_the_markets_day(store: Store) -> None:
    """Its own event is what is worth hearing; whether sales are booked late is the market's."""
    sold = {
        "total_sale_1d_cnt": 30,
        SALES: 40,
        "total_sale_30d_cnt": 80,
        "first_crawl_dt": 20200101,
    }
    mine = Mine(store, SHOP + SELLS)
    made = with_facts(store, mine.made(few(30, **sold)))
    assert made.facts is not None
    assert (made.facts.day, made.facts.sparse) == (1.0, False)
    listed = with_facts(store, replace(made, of_market=True, regions=(), facts=None))
    assert listed.facts is not None
    assert listed.facts.day > 2


def test_what_the_user_took_out_is_not_missing(store: Store) -> None:
    """A list that was halved is believed; one that comes to nothing is not, cut or not."""
    ids = [*few(20)]
    own = f"watches: {{mine: {{products: {ids}}}}}\n"
    mine = Mine(store, own + SELLS)
    noted(mine, mine.made(few(20)))
    mine.reread(own.replace(str(ids), str(ids[:6])) + SELLS)
    made = believed(store, mine.watch, mine.made(few(6)))
    assert (made.state, made.doubt) == (ScanState.COMPLETE, None)
    mine.judged(made)
    mine.reread(own + SELLS)
    noted(mine, mine.made(few(20)))
    assert believed(store, mine.watch, mine.made({})).state is ScanState.FAILED
    assert believed(store, mine.watch, mine.made(few(5))).doubt is not None


@pytest.mark.parametrize("cut", [True, False])
def test_a_shop_that_comes_to_nothing(store: Store, cut: bool) -> None:
    """Is not read, also where it was always longer than what was read of it."""
    mine = Mine(store, SHOP + SELLS)
    mine.scan(few(20), cut=cut)
    mine.scan(few(20), cut=cut)
    assert believed(store, mine.watch, mine.made({})).state is ScanState.FAILED


def test_a_region_that_only_a_shop_has_is_not_forgotten(store: Store) -> None:
    """Its standstill goes on when rules are read anew."""
    mine = Mine(store, SHOP + SELLS)
    kinds: set[IncidentKind] = set()
    for _ in range(6):
        kinds = noted(mine, mine.made(few(12)))
    assert kinds == {IncidentKind.STANDS_STILL}
    forget_orphans(store, mine.book, mine.now)
    assert {each.kind for each in store.health.incidents()} == kinds
