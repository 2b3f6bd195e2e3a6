"""``watcher links``: what is listed of them, and how they are revoked."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import with_products
from watcher.message import Message
from watcher.model import Severity
from watcher.store.sql.links import LIFETIME, Link, digest_of, new_token
from watcher.store.sqlite.database import Database

RULES = """
api: {key: k-1234567}
rules: [{name: r, watch: {region: US, sort: total_sale_7d_cnt desc}, when: {review_count: 1}}]
"""


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Links of three messages to two channels, and one that has expired."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    now, made = int(time.time()), [new_token() for _ in range(4)]
    with Database.open(tmp_path / "watcher.db") as store:
        with_products(store)
        for number, channel in enumerate(("me", "me", "boss"), start=1):
            told = Message("alerts", "t", Severity.INFO, now, "r", alerts={"firing": (number, 9)})
            (row,) = store.outbox.add(channel, [f"{channel}/1"], told, now)
            store.links.add(digest_of(made[number - 1]), row, now)
        store.links.add(digest_of(made[3]), 1, now - LIFETIME - 1)
        store.links.note(1, "f", now, 1, "snooze")
    return made


def _open(folder: Path) -> list[int]:
    with Database.open(folder / "watcher.db", readonly=True) as store:
        return [each.id for each in store.links.list() if _holds(each)]


def _holds(link: Link) -> bool:
    return link.revoked is None and link.id != 4


def test_the_list_names_no_token(watcher: Command, tokens: list[str]) -> None:
    """Nor its digest; it says what each is of, until when, and how often it was used."""
    listed = json.loads(watcher("links", "list", "--json").out)
    assert [each["id"] for each in listed] == [3, 2, 1]
    assert listed[2]["used"] == 1
    assert listed[2]["alerts"] == ["A1", "A9"]
    assert listed[2]["expires"] - listed[2]["made"] == LIFETIME
    everything = watcher("links", "list", "--all").out
    assert "expired" in everything
    for said in (everything, str(listed)):
        assert not any(each in said or digest_of(each) in said for each in tokens)


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (("A2",), [3, 1]), (("a1", "A2"), [3]), (("9",), []), (("--message", "3"), [2, 1]),
        (("--channel", "me"), [3]), (("--all",), []),
    ],
)  # fmt: skip
def test_to_revoke(
    watcher: Command, tmp_path: Path, tokens: list[str], arguments: tuple[str, ...], left: list[int]
) -> None:
    """By what messages tell of, or where they went."""
    assert tokens
    assert "revoked" in watcher("links", "revoke", *arguments).out
    assert _open(tmp_path) == left


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give alerts, or one of"),
        (("A1", "--all"), "give alerts, or one of"),
        (("x1",), "no id of an alert"),
        (("A77",), "no link that holds"),
        (("--channel", "nobody"), "no link that holds"),
    ],
)
def test_what_revokes_nothing(
    watcher: Command, tmp_path: Path, tokens: list[str], arguments: tuple[str, ...], said: str
) -> None:
    """It is said why."""
    assert tokens
    assert said in watcher("links", "revoke", *arguments).err
    assert _open(tmp_path) == [3, 2, 1]
