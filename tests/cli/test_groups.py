"""Groups of products on the command line: explained, shown, listed, silenced, exported."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.cli.running import Command
from tests.fakes.two_sellers import GLOW, OTHER, RULES, SUBJECT, Shelves
from tests.fakes.world import HEAD
from tests.store.making import DAY, START
from watcher.cli.completion import VARIABLE
from watcher.cli.main import cli
from watcher.store.sqlite.database import Database
from watcher.units import format_iso

CHANGES = RULES.replace("gmv: {above: 100}", "gmv: {rises: 30%, from: 2d ago}")
NOW = START + 6 * DAY


@pytest.fixture
def rising(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five days of two sellers of twelve products each; all of one's begin to sell on the last."""
    (folder / "rules.yaml").write_text(HEAD + CHANGES, encoding="utf-8")
    monkeypatch.setattr("watcher.cli.options.time.time", lambda: NOW - DAY + 3_600)
    with Database.open(folder / "watcher.db") as database:
        made = Shelves(database, CHANGES)
        for day in range(5):
            glow = [20.0 + 5 * place + (40 if day == 4 else 0) for place in range(12)]
            made.scan({GLOW: glow, OTHER: [5.0 + place for place in range(12)]})
    return folder


def test_explain(watcher: Command, rising: Path) -> None:
    """By the group's id, its value alone or its name: what was compared, and who did most of it."""
    texts = {watcher("explain", "strong-shelf", each).out for each in (SUBJECT, GLOW, "glow <LAB>")}
    assert len(texts) == 1
    (text,) = texts
    for said in (
        f"strong-shelf: Glow <Lab> (US {SUBJECT})",
        "gmv rises 30% from 2d ago: 10,500, was 5,700",
        "12 of 12 products compared",
        "most of it: Product 1",
        "+400",
        "A1 fires since",
        "Channel me: ",
    ):
        assert said in text, said
    found = json.loads(watcher("explain", "strong-shelf", GLOW, "--json").out)
    assert found["product"]["name"] == "Glow <Lab>"
    (strong, gmv) = found["when"]["parts"]
    assert gmv["evidence"]["compared"] == [12, 12]
    assert [len(each["evidence"]["members"]) for each in (strong, gmv)] == [3, 3]
    text = watcher("explain", "strong-shelf", OTHER).out
    assert f"seller {OTHER}" in text
    assert "none; the rule has not fired on it" in text


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (("strong-shelf", "category_id=1"), "speaks of the sellers of bestsellers, not of"),
        (("strong-shelf", "99"), 'no seller "99" in US: rule "strong-shelf" has seen no such'),
        (("single", SUBJECT), "speaks of products, and seller_id="),
    ],
)
def test_explain_says_what_is_no_group(
    watcher: Command, rising: Path, asked: tuple[str, str], error: str
) -> None:
    """Of another kind, unknown, or of a rule over products."""
    result = watcher("explain", *asked)
    assert result.code == 1
    assert error in result.err


def test_its_past(watcher: Command, rising: Path) -> None:
    """Its figures with a plot, its products, its alerts; for programs as rows or as CSV."""
    text = watcher("product", SUBJECT).out
    for said in (
        f"Glow <Lab> (US {SUBJECT})", "one of the sellers of bestsellers (shelves)",
        "12 products on bestsellers", "gmv, last 30 days (UTC)", "10,500", "Product 111",
        "A1", "strong-shelf", "firing",
    ):  # fmt: skip
        assert said in text, said
    assert "Product 20" not in text
    found = json.loads(watcher("product", SUBJECT, "--json").out)
    assert (found["group"]["id"], found["group"]["name"]) == (SUBJECT, "Glow <Lab>")
    assert found["rows"][-1]["values"] == {
        "gmv": 10_500, "strong": 12, "per_product": 875, "size": 12,
    }  # fmt: skip
    assert [len(each["products"]) for each in found["lists"]] == [12]
    rows = [
        *csv.reader(io.StringIO(watcher("product", SUBJECT, "--metric", "strong", "--csv").out))
    ]
    assert rows[0] == ["time", "strong"]
    assert rows[-1] == [format_iso(START + 5 * DAY), "12"]
    assert 'no figure "gvm"' in watcher("product", SUBJECT, "--metric", "gvm").err


def test_lists(watcher: Command, rising: Path) -> None:
    """Alerts and rules name the group; no list of products has it."""
    text = watcher("alerts").out
    assert "Glow <Lab>" in text
    assert f"US {SUBJECT}" in text
    (alert,) = json.loads(watcher("alerts", "--json").out)
    assert (alert["product_id"], alert["name"]) == (SUBJECT, "Glow <Lab>")
    assert "the sellers of bestsellers" in watcher("status").out
    assert json.loads(watcher("db", "stats", "--json").out)["products"] == 24
    complete = ShellComplete(cli, {}, "watcher", VARIABLE)
    offered = complete.get_completions(["explain", "strong-shelf"], "seller")
    assert [(each.value, each.help) for each in offered] == [(SUBJECT, SUBJECT)]
    result = watcher("product", "seller")  # a part of a product's name
    assert 'no product "seller"' in result.err


def test_silences(watcher: Command, rising: Path) -> None:
    """By its own id as by its seller's name; `check` does not take either for a slip."""
    text = watcher("silence", "add", "--product", SUBJECT, "--for", "2d").out
    assert f"product {SUBJECT} (Glow <Lab>)" in text
    watcher("silence", "add", "--seller", "Glow <Lab>", "--for", "2d")
    assert "matches nothing" not in watcher("check").out


def test_export(watcher: Command, rising: Path) -> None:
    """What was said of each at every scan, by the figures' names; alerts by the group's id."""
    rows = [*csv.DictReader(io.StringIO(watcher("export", "--what", "groups").out))]
    assert {row["group"] for row in rows} == {SUBJECT, f"seller_id={OTHER}"}
    assert {row["figure"] for row in rows} == {"gmv", "strong", "size"}
    last = {row["figure"]: row["value"] for row in rows if row["group"] == SUBJECT}
    assert last == {"gmv": "10500", "strong": "12", "size": "12"}
    assert {row["watch"] for row in rows} == {"bestsellers"}
    some = watcher("export", "--what", "groups", "--product", SUBJECT, "--since", "30h").out
    assert {row["group"] for row in csv.DictReader(io.StringIO(some))} == {SUBJECT}
    none = watcher("export", "--product", SUBJECT).err
    assert f"{SUBJECT} is a group: its figures come with --what groups." in none
    (alert,) = csv.DictReader(io.StringIO(watcher("export", "--what", "alerts").out))
    assert (alert["product_id"], alert["rule"]) == (SUBJECT, "strong-shelf")
    observed = csv.DictReader(io.StringIO(watcher("export").out))
    assert all(row["product_id"].isdecimal() for row in observed)
