"""A database of when a schedule was part of what a watch is goes on as it was, whatever is edited
with the upgrade or after it."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.making import raw
from watcher import plan
from watcher.fields import NUMERIC_NAMES
from watcher.identity import scheduled_key
from watcher.model import Instant
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.schedule import Every
from watcher.store.ports import Store
from watcher.store.records import Row, RuleChanges
from watcher.store.sqlite.database import Database
from watcher.units import DAY

FOLDER = Path(__file__).parent / "m013"
RULES = (FOLDER / "rules.yaml").read_text(encoding="utf-8")
ENV = {f"{name}_URL": "json://127.0.0.1:9/x" for name in ("GOOD", "DOWN", "REFUSED")}
LAST: Instant = 1_791_460_800  # 2026-10-08T12:00Z, as the note has it
KEPT = {
    "alerts": "id, rule, product, state, since, last_met, fired_at, resolved_at, reason, absent, "
    "carried, evidence",
    "rules": "name, began, ended",
    "told": "*",
    "held": "*",
    "transitions": "*",
    "messages": "*",
    "notifications": "*",
}
OFTEN = RULES.replace("every: 24h", "every: 6h")
TO_CRON = RULES.replace(
    "defaults: {region: US, every: 24h", 'defaults: {region: US, every: "0 9 * * *"'
)
ONE = RULES.replace("  deep-often: {sort: total_sale_7d_cnt desc, top: 30, every: 12h}\n", "")
ONE = ONE.replace("watch: deep-often", "watch: deep")
OTHER_ONE = ONE.replace("top: 30, every: 24h", "top: 30, every: 12h")
MORE = (
    RULES
    + """
  - name: lists-of-before
    watch: {sort: total_sale_7d_cnt desc, top: 15, every: 7d}
    when: {rank: {at_most: 1}}
    notify: []
"""
)


def book(text: str) -> Rulebook:
    """The rules of a text."""
    return load_text(text, env=ENV)


@contextmanager
def older(folder: Path) -> Iterator[Store]:
    """The database, migrated, whose rules were not read by this version yet."""
    path = folder / "watcher.db"
    path.write_bytes(lzma.decompress((FOLDER / "watcher.db.xz").read_bytes()))
    with Database.open(path) as store:
        yield store


def kept(store: Store) -> dict[str, list[Row]]:
    """All that must not change."""
    return {
        table: raw(store).rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2")
        for table, columns in KEPT.items()
    }


def scans(store: Store, watch: Watch) -> int:
    """How many are known of a watch."""
    return len(store.history.scans(watch.key, limit=100))


@pytest.mark.parametrize(
    "steps",
    [
        (RULES,),
        (OFTEN,),
        (TO_CRON,),
        (ONE,),
        (OTHER_ONE,),
        (RULES, OFTEN),
        (RULES, ONE),
        (RULES, OTHER_ONE),
        (RULES, MORE, RULES),
        (RULES, TO_CRON, OFTEN, RULES),
        (RULES, ONE, RULES, OTHER_ONE, OFTEN),
    ],
)
def test_nothing_begins_anew(tmp_path: Path, steps: tuple[str, ...]) -> None:
    """No rule, no alert, no timer; and each list's history goes on."""
    with older(tmp_path) as store:
        before = kept(store)
        new = {"lists-of-before"}
        for turn, text in enumerate(steps):
            rules = book(text)
            changes = store.rules.sync(rules.marks, LAST + turn)
            assert {*changes.new, *changes.removed, *changes.returned} <= new
            assert changes.changed == ()
            assert [scans(store, watch) for watch in rules.watches if watch.name == "list"] == [8]
        after = kept(store)
        after["rules"] = [row for row in after["rules"] if row[0] not in new]
        assert after == before
        found = {alert.rule: alert.watch for alert in store.alerts.live([*_names(rules)])}
        assert all(rule.reads(found[rule.name]) for rule in rules.rules if rule.name in found)


def _names(rules: Rulebook) -> Iterator[str]:
    return (rule.name for rule in rules.rules)


def test_all_that_names_a_watch_goes_with_it(tmp_path: Path) -> None:
    """Scans, credits and health: of the keys of before none is left."""
    with older(tmp_path) as store:
        spent = store.ledger.by_watch(LAST)
        store.rules.sync(book(OFTEN).marks, LAST)
        keys = {watch.key for watch in book(OFTEN).watches}
        assert {*store.ledger.by_watch(LAST)} == keys
        assert sorted(store.ledger.by_watch(LAST).values()) == sorted(spent.values())
        assert {each.name for each in store.health.list("watch")} == keys
        assert {row[0] for row in raw(store).rows("SELECT DISTINCT watch FROM scans")} == keys


def test_phases_are_what_they_were() -> None:
    """A timer that moved would buy a scan early, or late."""
    for watch in book(RULES).watches:
        if isinstance(watch.schedule, Every):
            text = f"{watch.query.canonical()}\n{watch.schedule}"
            key = hashlib.sha256(text.encode()).hexdigest()[:16]
            assert watch.schedule.phase == int(key[:12], 16) % watch.schedule.seconds


def test_what_is_due_is_due_when_it_was(tmp_path: Path) -> None:
    """Planned by the scans that were made under another key."""
    with older(tmp_path) as store:
        old = {watch.name: watch for watch in book(RULES).watches}
        due = {
            name: plan.due(watch.schedule, store.history.scans(key, limit=16), LAST)
            for name, watch in old.items()
            for key in (scheduled_key(watch.query.canonical(), watch.schedule),)
        }
        store.rules.sync(book(RULES).marks, LAST)
        assert due == {
            name: plan.due(watch.schedule, store.history.scans(watch.key, limit=16), LAST)
            for name, watch in old.items()
        }
        assert min(due.values()) > LAST - DAY


@pytest.mark.parametrize("text", [RULES, OFTEN, ONE, OTHER_ONE])
def test_the_next_scan_tells_nothing_anew(tmp_path: Path, text: str) -> None:
    """The same products a day later: who fired fires, who waits waits on, by the same ids."""
    with older(tmp_path) as store:
        rules = book(text)
        ids = {(each.rule, each.product): each for each in store.alerts.live([*_names(rules)])}
        sent = store.outbox.counts()
        store.rules.sync(rules.marks, LAST + 1)
        for watch in rules.used_watches:
            again(store, rules, watch)
        lasting = [name for name in _names(rules) if name not in ("more", "cheaper")]
        after = {(each.rule, each.product): each for each in store.alerts.live(lasting)}
        listed = {key: each for key, each in ids.items() if key[0] in lasting and not each.absent}
        assert len(listed) > 100
        assert {key: (each.id, each.since) for key, each in after.items()} == {
            key: (each.id, each.since) for key, each in listed.items()
        }
        assert store.outbox.counts() == sent


def again(store: Store, rules: Rulebook, watch: Watch) -> None:
    """Its last scan once more, a day later."""
    (seen,) = store.history.whole(watch.key, NUMERIC_NAMES, 1)
    at = LAST + DAY
    scan = replace(seen.row, watch=watch.key, at=at, started=at, finished=at)  # type: ignore[type-var]
    policies = policies_of(rules.channels)
    evaluate(store, scan, rules.rules_of(watch), policies, rules.metrics, at + 1)  # type: ignore[arg-type]


def test_rules_that_are_as_they_were_have_not_changed(tmp_path: Path) -> None:
    """Nor have they a second time, once they are known as rules are now."""
    with older(tmp_path) as store:
        assert store.rules.sync(book(RULES).marks, LAST) == RuleChanges()
        assert store.rules.sync(book(RULES).marks, LAST + 1) == RuleChanges()
        renamed = RULES.replace("name: written-out", "name: spelled-out")
        changes = store.rules.sync(book(renamed).marks, LAST + 2)
        assert changes.renamed == (("spelled-out", "written-out"),)
        (watch,) = (each for each in book(renamed).watches if each.name == "spelled-out")
        assert scans(store, watch) == 8
