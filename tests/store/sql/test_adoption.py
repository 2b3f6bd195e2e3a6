"""What is stored of watches goes with them when their keys change."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.store.making import DAY, START, firing, raw, scan
from watcher.data_days import LookResult, RefreshLook
from watcher.identity import digest, scheduled_key
from watcher.incident import About, Incident, IncidentKind
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import RuleChanges
from watcher.store.sql.adoption import ADDED_UP, KNOWN, MANY_ROWS, ONE_ROW
from watcher.store.sql.refreshes import ScanDay, Share
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.dialect import SQLITE

LIST = "{region: US, sort: total_sale_7d_cnt desc"
FAILS = Incident(IncidentKind.FAILS, About.WATCH, "w")


def book(watches: str, *rules: str) -> Rulebook:
    """Rules on watches, by name: ``when`` is the same of all."""
    when = "when: {review_count: {at_least: 1}}, notify: []"
    lines = "\n".join(f"  - {{{rule}, {when}}}" for rule in rules)
    return load_text(f"watches: {{{watches}}}\nrules:\n{lines}\n")


def one(every: str = "24h", name: str = "w") -> Rulebook:
    """One query at one schedule."""
    return book(f"{name}: {LIST}, every: {every}}}", f"name: r, watch: {name}")


def two(first: str = "24h", second: str = "6h") -> Rulebook:
    """It stands at two."""
    watches = f"w: {LIST}, every: {first}}}, v: {LIST}, every: {second}}}"
    return book(watches, "name: r, watch: w", "name: s, watch: v")


def keys(rules: Rulebook) -> Mapping[str, str]:
    """The watches' keys by name."""
    return {watch.name: watch.key for watch in rules.watches}


def fill(store: Store, key: str, day: int = 0) -> None:
    """Something of a watch in every table that names one."""
    at = START + day * DAY
    products = store.history.record(scan(at, {"1": 1, "2": 2}, watch=key)).products
    store.ledger.charge(key, 3, at)
    store.ledger.reserve(key, 5, at, None, None)
    store.health.failing("watch", key, "broken", at)
    sql = "INSERT INTO asked (watch, product_id, since) VALUES (?, ?, ?)"
    raw(store).execute(sql, (key, f"{day}", at))
    store.lookups.due(key, ["3"], at)
    store.refreshes.note_look("US", RefreshLook(at, key, LookResult.QUIET))
    scan_id = store.history.scans(key)[0].id
    store.refreshes.note_scan(ScanDay(scan_id, key, "US", at // DAY, None, Share(), Share()))
    if not store.alerts.live(["r"]):
        store.alerts.save([replace(firing("r", int(products[0]), at), watch=key)])


def named(store: Store) -> dict[str, set[str]]:
    """The keys in each table that names watches."""
    tables = (*ONE_ROW, *MANY_ROWS, *ADDED_UP, KNOWN)
    found = {
        table: {str(key) for (key,) in raw(store).rows(f"SELECT watch FROM {table}")}
        for table in tables
    }
    return found | {"health": {each.name for each in store.health.list("watch")}}


def test_every_column_that_names_a_watch_is_known(store: Database) -> None:
    """A table that comes later is handed on, too, or named here with a reason why not."""
    columns = (
        "SELECT m.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c "
        "WHERE m.type = 'table' AND c.name = 'watch'"
        if raw(store).dialect is SQLITE
        else "SELECT table_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND column_name = 'watch'"
    )
    found = {str(name) for (name,) in raw(store).rows(columns)}
    assert found == {*ONE_ROW, *MANY_ROWS, *ADDED_UP, KNOWN}


def test_a_schedule_is_no_part_of_a_watch() -> None:
    """Of one query that stands with one; with two it is, as it was of each before."""
    assert keys(one("24h")) == keys(one("6h"))
    assert len({*keys(two()).values()}) == 2
    for watch in two().watches:
        assert watch.key == scheduled_key(watch.query.canonical(), watch.schedule)
    (watch,) = one().watches
    assert watch.key == digest(watch.query.canonical())


def test_an_edited_schedule_moves_nothing(store: Database) -> None:
    """The rows stay, and nothing of the rules has changed."""
    store.rules.sync(one().marks, START)
    fill(store, keys(one())["w"])
    before = named(store)
    assert store.rules.sync(one("6h").marks, START + 1) == RuleChanges()
    assert named(store) == before


def test_from_one_to_two_and_back(store: Database) -> None:
    """That of the old schedule goes on with all there is; the other begins."""
    store.rules.sync(one().marks, START)
    fill(store, keys(one())["w"])
    assert store.rules.sync(two().marks, START + 1) == RuleChanges(new=("s",))
    old, new = keys(two())["w"], keys(two())["v"]
    assert named(store) == {table: {old} for table in named(store)} | {KNOWN: {old, new}}
    fill(store, new, day=1)
    assert store.rules.sync(one().marks, START + 2) == RuleChanges(removed=("s",))
    assert len(store.history.scans(keys(one())["w"])) == 1
    assert named(store)[KNOWN] == {keys(one())["w"], new}


def test_two_become_one_of_a_third_schedule(store: Database) -> None:
    """That which was read last goes on."""
    store.rules.sync(two().marks, START)
    fill(store, keys(two())["w"])
    fill(store, keys(two())["v"], day=3)
    store.rules.sync(one("12h").marks, START + 4)
    (found,) = store.history.scans(keys(one())["w"])
    assert found.at == START + 3 * DAY


def test_two_schedules_that_are_both_new(store: Database) -> None:
    """The first of the book has it."""
    store.rules.sync(one("24h").marks, START)
    fill(store, keys(one())["w"])
    store.rules.sync(two("12h", "6h").marks, START + 1)
    found = keys(two("12h", "6h"))
    assert [len(store.history.scans(found[name])) for name in ("w", "v")] == [1, 0]


def test_credits_are_added_up(store: Database) -> None:
    """Where both keys spent some on one day."""
    store.rules.sync(one().marks, START)
    old, new = keys(one())["w"], keys(two())["w"]
    fill(store, old)
    store.ledger.charge(new, 4, START)
    store.rules.sync(two().marks, START + 1)
    assert store.ledger.by_watch(START) == {new: 3 + 5 + 4}


@pytest.mark.parametrize("name", ["w", "v"])
def test_a_list_of_another_query_takes_nothing(store: Database, name: str) -> None:
    """However it is named: what is asked for is another thing."""
    store.rules.sync(one().marks, START)
    fill(store, keys(one())["w"])
    other = book(f"{name}: {LIST}, top: 50}}", f"name: r, watch: {name}")
    store.rules.sync(other.marks, START + 1)
    assert store.history.scans(keys(other)[name]) == []
    assert len(store.history.scans(keys(one())["w"])) == 1
    (live,) = store.alerts.live(["r"])
    assert (live.watch, live.carried) == (keys(other)[name], True)


def test_incidents_go_with_a_watch_s_name(store: Database) -> None:
    """Two that hand on their names to each other, too; what is over stays over."""
    names = book(f"w: {LIST}}}, v: {{region: GB}}", "name: r, watch: w", "name: s, watch: v")
    store.rules.sync(names.marks, START)
    store.health.raise_cause(FAILS, START)
    lost = Incident(IncidentKind.FIELDS_LOST, About.WATCH, "v", ("rank", "price"))
    store.health.raise_cause(lost, START)
    store.health.raise_cause(Incident(IncidentKind.FAILS, About.RULE, "w"), START)
    turned = book(f"v: {LIST}}}, w: {{region: GB}}", "name: r, watch: v", "name: s, watch: w")
    assert store.rules.sync(turned.marks, START + 1) == RuleChanges()
    found = {(each.kind, each.about, each.subject, each.since) for each in store.health.incidents()}
    assert found == {
        (IncidentKind.FAILS, About.WATCH, "v", START),
        (IncidentKind.FIELDS_LOST, About.WATCH, "w", START),
        (IncidentKind.FAILS, About.RULE, "w", START),
    }
    lost = Incident(IncidentKind.FIELDS_LOST, About.WATCH, "w", ("rank", "price"))
    assert store.health.clear_cause(lost, START + 2) is not None
    assert not store.health.raise_cause(Incident(FAILS.kind, About.WATCH, "v"), START + 2)


def test_a_rule_renamed_with_the_list_in_it(store: Database) -> None:
    """A list that is written out bears its rule's name: its history and its incident go along."""
    before, after = (book("", f"name: {name}, watch: {LIST}}}") for name in ("r", "t"))
    store.rules.sync(before.marks, START)
    fill(store, keys(before)["r"])
    store.health.raise_cause(Incident(FAILS.kind, About.WATCH, "r"), START)
    changes = store.rules.sync(after.marks, START + 1)
    assert changes == RuleChanges(changed=("t",), renamed=(("t", "r"),))
    assert len(store.history.scans(keys(after)["t"])) == 1
    assert [each.subject for each in store.health.incidents()] == ["t"]


OWN = 'watch: {{products: ["1729873073559015752", {}]}}'


def test_products_of_one_s_own_go_by_the_rule_s_name(store: Database) -> None:
    """One id more is the same list, and so is that of a renamed rule; of two alike none is taken
    for the other."""
    first, more = (OWN.format(each) for each in ("'1729873073559015753'", "'1729873073559015754'"))
    before = book("", f"name: r, {first}")
    store.rules.sync(before.marks, START)
    fill(store, keys(before)["r"])
    assert keys(book("", f"name: r, {more}")) == keys(before)
    assert store.rules.sync(book("", f"name: r, {more}").marks, START + 1) == RuleChanges()
    renamed = book("", f"name: t, {more}")
    changes = store.rules.sync(renamed.marks, START + 2)
    assert changes.renamed == (("t", "r"),)
    assert len(store.history.scans(keys(renamed)["t"])) == 1
    (live,) = store.alerts.live(["t"])
    assert live.watch == keys(renamed)["t"]
    another = book("", f"name: t, {more}", f"name: u, {first}")
    assert store.rules.sync(another.marks, START + 3) == RuleChanges(new=("u",))
    assert store.history.scans(keys(another)["u"]) == []


def test_what_left_nothing_is_forgotten(store: Database) -> None:
    """Of a watch that was never read; the others are known as long as their scans are."""
    store.rules.sync(two().marks, START)
    fill(store, keys(two())["w"])
    none = book("x: {region: GB}", "name: r, watch: x")
    store.rules.sync(none.marks, START + 1)
    assert named(store)[KNOWN] == {keys(two())["w"], keys(none)["x"]}
    store.rules.sync(one().marks, START + 2)
    assert named(store)[KNOWN] == {keys(one())["w"]}
