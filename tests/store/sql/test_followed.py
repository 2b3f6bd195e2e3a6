"""Products that people follow, and ids that are read before their list's next scan."""

from __future__ import annotations

from tests.store.making import DAY, START
from watcher.store.sql.followed import RETRIES, Follow
from watcher.store.sqlite.database import Database


def test_each_is_followed_once(store: Database) -> None:
    """A second time is no second row; a new note takes the place of the old one."""
    followed = store.followed
    assert followed.add(["12", "11", "12"], START, "a rival's") == ["12", "11"]
    assert followed.add(["11", "13"], START + 5) == ["13"]
    assert followed.list() == [
        Follow("13", START + 5),
        Follow("11", START, "a rival's"),
        Follow("12", START, "a rival's"),
    ]
    assert followed.add(["11"], START + 9, "mine") == []
    assert followed.get("11") == Follow("11", START, "mine")
    assert followed.ids() == ("11", "12", "13")
    followed.add(["11"], START + 9, "")
    assert followed.get("11") == Follow("11", START)


def test_only_what_is_followed_can_be_let_go(store: Database) -> None:
    """And what was not is told apart."""
    store.followed.add(["11", "12"], START)
    assert store.followed.remove(["12", "99", "12"]) == ["12"]
    assert store.followed.ids() == ("11",)
    assert store.followed.get("12") is None
    assert store.followed.remove(["12"]) == []


def test_an_added_id_is_read_once(store: Database) -> None:
    """It is due until it was answered, also after a restart."""
    lookups = store.lookups
    assert lookups.due("w", ["11", "12"], START) == ["11", "12"]
    lookups.answered("w", ["11"], START + 1)
    assert lookups.due("w", ["11", "12", "13"], START + 2) == ["12", "13"]
    assert lookups.of("w")["11"].done == START + 1
    assert lookups.of("v") == {}


def test_what_failed_is_tried_again_later_each_time(store: Database) -> None:
    """And at last left to the next scan."""
    lookups, now = store.lookups, START
    assert lookups.due("w", ["11"], now) == ["11"]
    for wait in RETRIES:
        lookups.failed("w", ["11"], now)
        assert lookups.next_try("w") == now + wait
        assert lookups.due("w", ["11"], now + wait - 1) == []
        now += wait
        assert lookups.due("w", ["11"], now) == ["11"]
    lookups.failed("w", ["11"], now)
    assert lookups.next_try("w") is None
    assert lookups.due("w", ["11"], now + DAY) == []


def test_the_next_try_is_that_of_who_is_due_first(store: Database) -> None:
    """Of those that still wait."""
    lookups = store.lookups
    lookups.due("w", ["11", "12", "13"], START)
    lookups.failed("w", ["11", "12"], START)
    lookups.failed("w", ["12"], START)
    assert lookups.next_try("w") == START
    lookups.answered("w", ["13"], START)
    assert lookups.next_try("w") == START + RETRIES[0]


def test_what_the_caps_forbid_waits_for_their_end(store: Database) -> None:
    """However often: nothing was tried."""
    lookups = store.lookups
    lookups.due("w", ["11"], START)
    for _ in range(2 * len(RETRIES)):
        lookups.failed("w", ["11"], START, until=START + 500)
    assert lookups.due("w", ["11"], START + 499) == []
    assert lookups.due("w", ["11"], START + 500) == ["11"]


def test_what_is_on_no_list_is_forgotten(store: Database) -> None:
    """Of a watch, and of watches that are no more."""
    lookups = store.lookups
    for watch in ("w", "v"):
        lookups.due(watch, ["11", "12"], START)
    lookups.keep_only("w", ["12", "13"])
    assert [*lookups.of("w")] == ["12"]
    lookups.keep_watches(["w"])
    assert (len(lookups.of("w")), len(lookups.of("v"))) == (1, 0)
