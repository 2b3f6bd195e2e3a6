"""``watcher export``."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.running import Command
from tests.store.making import DAY, GMV, SALES, START, firing, scan
from watcher.alert import AlertState
from watcher.cli.main import cli
from watcher.fields import NUMERIC_NAMES
from watcher.model import ScanState
from watcher.rules.files.loading import load
from watcher.store.records import Transition
from watcher.store.sqlite.database import Database
from watcher.units import format_iso

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me]}
metrics: {mine: total_sale_7d_cnt / 8}
watches:
  best: {sort: total_sale_7d_cnt desc, top: 50}
  other: {sort: total_sale_cnt desc, top: 50}
rules:
  - {name: selling, watch: best, when: {total_sale_7d_cnt: {at_least: 1}}}
  - {name: all, watch: other, when: {total_sale_7d_cnt: {at_least: 1}}}
"""
LONG_ID = "1729384756123456789"
FORMULA, AWKWARD = '=HYPERLINK("http://x")', 'Cup, "big"\nred'
FIXED = ["at", "watch", "rank", "region", "product_id", "product_name", "seller_id"]


@pytest.fixture
def past(folder: Path) -> Path:
    """Four days: one product changes, one never does, one is seen by the other watch only, one is
    sold in GB; an alert that fired and ended."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    best, other = (watch.key for watch in load([folder / "rules.yaml"], {}).watches)
    names = {LONG_ID: FORMULA, "2": AWKWARD.replace("\n", " "), "3": "Ｔéa 茶", "4": "@x"}
    with Database.open(folder / "watcher.db") as database, database.atomic():
        for day in range(4):
            at = START + day * DAY
            changing = {SALES: 10 + day, GMV: 12.99 + day, "spu_avg_price": 1.2345}
            products: dict[str, float | dict[str, float]] = {"2": 50, LONG_ID: changing}
            seen = database.history.record(scan(at, products, watch=best, names=names))
            later = scan(at, {"3": 7, "2": 50 + day}, watch=other, names=names)
            database.history.record(later)
        database.history.record(
            scan(at, {"4": 1}, watch="gone", region="GB", ranked=False, names=names)
        )
        database.history.record(scan(at + 9, {}, watch=best, state=ScanState.FAILED))
        key = int(seen.products[1])
        (alert,) = database.alerts.save([firing("selling", key, START + DAY)])
        database.alerts.record(
            [Transition(alert.id, START + DAY, AlertState.INACTIVE, AlertState.FIRING)]
        )
    return folder / "watcher.db"


def rows_of(text: str) -> list[dict[str, str]]:
    """A CSV with a header."""
    return list(csv.DictReader(io.StringIO(text)))


def test_every_change_of_everything(watcher: Command, past: Path) -> None:
    """As CSV: one row a change, all numbers by name, times in UTC, amounts in units."""
    result = watcher("export")
    assert result.code == 0, result.err
    rows = rows_of(result.out)
    assert list(rows[0])[:7] == FIXED
    assert set(NUMERIC_NAMES) < set(rows[0])
    mine = [row for row in rows if row["product_id"] == LONG_ID]
    assert [(row["at"], row[SALES], row[GMV]) for row in mine] == [
        (format_iso(START + day * DAY), str(10 + day), f"{12.99 + day:.2f}") for day in range(4)
    ]
    assert {(row["watch"], row["rank"], row["region"]) for row in mine} == {("best", "2", "US")}
    assert mine[0]["spu_avg_price"] == "1.2345"
    assert mine[0]["total_views_7d_cnt"] == ""
    (gb,) = [row for row in rows if row["region"] == "GB"]
    assert (gb["watch"], gb["rank"]) == ("gone", "")


def test_names_are_no_formulas(watcher: Command, past: Path) -> None:
    """In CSV; quotes and commas stay what they are, and so do formulas in JSON Lines. A line break
    is a space."""
    rows = {row["product_id"]: row["product_name"] for row in rows_of(watcher("export").out)}
    assert rows == {
        LONG_ID: f"'{FORMULA}",
        "2": AWKWARD.replace("\n", " "),
        "3": "Ｔéa 茶",
        "4": "'@x",
    }
    lines = watcher("export", "--format", "jsonl").out.splitlines()
    told = {row["product_id"]: row for row in map(json.loads, lines)}
    assert told[LONG_ID]["product_name"] == FORMULA
    assert told["2"]["product_name"] == AWKWARD.replace("\n", " ")
    assert told["2"]["total_views_7d_cnt"] is None
    assert told["2"][SALES] == 53


def test_excel_rounds_no_id(watcher: Command, past: Path) -> None:
    """Ids as texts, and the mark of UTF-8 first."""
    out = watcher("export", "--excel").out
    assert out.startswith("\ufeff")
    assert f'="{LONG_ID}"' in {row["product_id"] for row in rows_of(out)}
    assert watcher("export", "--excel", "--format", "jsonl").code == 2


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 12),
        (("--every-scan",), 17),
        (("--every-scan", "--watch", "best"), 8),
        (("--watch", "best"), 10),
        (("--watch", "other"), 7),
        (("--region", "gb"), 1),
        (("--product", LONG_ID), 4),
        (("--product", "hyperlink", "--product", "3"), 5),
        (("--product", "3", "--every-scan"), 4),
        (("--since", "2023-11-16"), 7),
        (("--since", format_iso(START + DAY), "--until", format_iso(START + 2 * DAY)), 2),
        (("--since", "1d"), 0),
        (("--what", "scans"), 10),
        (("--what", "scans", "--watch", "other"), 4),
        (("--what", "alerts"), 1),
        (("--what", "alerts", "--rule", "all"), 0),
        (("--what", "transitions", "--region", "US", "--product", LONG_ID), 1),
    ],
)
def test_a_choice(watcher: Command, past: Path, options: tuple[str, ...], count: int) -> None:
    """Of rows; none at all is a header, no error, and said."""
    result = watcher("export", *options)
    assert result.code == 0, result.err
    rows = rows_of(result.out)
    assert len(rows) == count, rows
    assert result.out.startswith(("at,", "alert,", "id,"))
    assert ("No rows match" in result.err) is (count == 0)


def test_every_scan_fills_in_what_did_not_change(watcher: Command, past: Path) -> None:
    """With each watch's own rank, and the values in force at that scan."""
    rows = rows_of(watcher("export", "--every-scan", "--product", "2").out)
    assert [(row["watch"], row["rank"], row[SALES]) for row in rows] == [
        ("best", "1", "50"), ("other", "2", "50"), ("best", "1", "50"), ("other", "2", "51"),
        ("best", "1", "50"), ("other", "2", "52"), ("best", "1", "50"), ("other", "2", "53"),
    ]  # fmt: skip


def test_metrics_are_computed(watcher: Command, past: Path) -> None:
    """The derived and the user's own in place of the API's; the rank is there anyway."""
    options = ("--metric", "mine", "--metric", "rank", "--metric", "creators_7d")
    rows = rows_of(watcher("export", "--product", LONG_ID, *options).out)
    assert [*rows[0]][-3:] == ["currency", "mine", "creators_7d"]
    assert [row["mine"] for row in rows] == ["1.25", "1.375", "1.5", "1.625"]
    only = rows_of(watcher("export", "--product", LONG_ID, "--metric", "rank").out)
    assert [row["rank"] for row in only] == ["2"] * 4
    assert [*only[0]][-1] == "currency"


def test_alerts_say_why_as_json(watcher: Command, past: Path) -> None:
    """Their evidence is a value, not a text with a value in it."""
    (line,) = watcher("export", "--what", "alerts", "--format", "jsonl").out.splitlines()
    alert = json.loads(line)
    assert (alert["alert"], alert["state"], alert["why"]) == ("A1", "firing", [])
    assert alert["fired_at"] == format_iso(START + DAY)
    assert alert["resolved_at"] is None


def test_a_file_is_there_as_a_whole(watcher: Command, past: Path, folder: Path) -> None:
    """In the place of an older one, for its owner alone; nothing else is left."""
    before = {path.name for path in folder.iterdir()}
    target = folder / "out.jsonl"
    target.write_text("old", encoding="utf-8")
    assert watcher("export", "--output", target).code == 0
    assert len([json.loads(line) for line in target.read_text("utf-8").splitlines()]) == 12
    assert target.stat().st_mode & 0o777 == 0o600
    left = {path.name for path in folder.iterdir()} - before
    assert left - {"watcher.db-wal", "watcher.db-shm"} == {"out.jsonl"}


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (("--product", "99"), 1, 'no product "99"'),
        (("--watch", "bets"), 1, 'did you mean "best"'),
        (("--metric", "sales_grwth"), 1, 'did you mean "sales_growth"'),
        (("--since", "yesterday"), 2, "is no time: write it like 30d"),
        (("--since", "1d", "--until", "2d"), 2, "--since must be before --until"),
        (("--what", "scans", "--metric", "rank"), 2, "--metric goes with --what observations"),
        (("--rule", "selling"), 2, "--rule goes with --what alerts or transitions"),
        (("--output", "no/where.csv"), 1, "does not exist"),
        (("--output", "."), 1, "is a folder"),
        (("--output", "a.txt"), 2, "no format ends in .txt: use .csv, .jsonl, .parquet"),
        (("--format", "csv", "--output", "watcher.db"), 1, "is a database of watcher"),
        (("--format", "csv", "--output", "watcher.db-wal"), 1, "is a database of watcher"),
        (("--db", "none.db"), 1, "none.db"),
    ],
)
def test_errors_are_clear(
    watcher: Command, past: Path, options: tuple[str, ...], code: int, error: str
) -> None:
    """And nothing is written then."""
    (past.parent / "watcher.db-wal").touch()
    result = watcher("export", *options)
    assert (result.code, result.out) == (code, "")
    assert error in result.err


def test_a_broken_rule_file_costs_only_names(watcher: Command, past: Path, folder: Path) -> None:
    """Unless something in it is asked for."""
    (folder / "rules.yaml").write_text("rules: 5", encoding="utf-8")
    result = watcher("export")
    assert result.code == 0
    assert "watches are named by their keys" in result.err
    assert "best" not in {row["watch"] for row in rows_of(result.out)}
    assert watcher("export", "--watch", "best").code == 1


def test_on_a_terminal(past: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows whose names move nothing there, and no line that moves; bytes are refused."""
    with Database.open(past) as database:
        database.execute("UPDATE products SET product_name = 'a\x1b[31m\u202eb'")
    seen = io.StringIO()
    monkeypatch.setattr(seen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", seen)
    for style in ("csv", "jsonl"):
        cli.main(["export", "--db", str(past), "--format", style], standalone_mode=False)
    assert "a [31mb" in seen.getvalue()
    assert not {"\x1b", "\u202e"} & set(seen.getvalue())
    for options in ([], ["--output", "-"]):
        with pytest.raises(click.UsageError, match="Parquet is no text"):
            cli.main(["export", "--format", "parquet", *options], standalone_mode=False)


def test_a_reader_that_leaves_early(past: Path) -> None:
    """Is no error to complain about, and the file is never half there."""
    command = [sys.executable, "-m", "watcher", "export"]
    with subprocess.Popen(
        command, cwd=past.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_no_lock_is_held_between_parts(past: Path) -> None:
    """While an export is under way a writer writes its log back and cuts it to nothing."""
    from watcher.export import history
    from watcher.store.sql.extracts import Choice

    with Database.open(past, readonly=True) as database:
        table = history.observations(database, Choice(), history.fields(), {}, every_scan=True)
        next(table.parts)
        with sqlite3.connect(past) as conn:
            conn.execute("CREATE TABLE more (x)")
            conn.commit()
            assert conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        conn.close()
        assert sum(len(part[0]) for part in table.parts) == 15


def test_json_is_lines(watcher: Command, past: Path, folder: Path) -> None:
    """Of a file that is called so, each line is a document."""
    assert watcher("export", "--output", folder / "history.json").code == 0
    lines = (folder / "history.json").read_text("utf-8").splitlines()
    assert all(json.loads(line)["product_id"] for line in lines)


def test_a_decimal_comma(watcher: Command, past: Path) -> None:
    """Semicolons part the values, numbers have a comma, and the mark of UTF-8 is first: all else,
    formulas, too, is as before."""
    usual = watcher("export", "--every-scan").out
    out = watcher("export", "--every-scan", "--decimal", "comma").out
    assert out.startswith("\ufeff")
    plain, comma = (list(csv.reader(io.StringIO(text), delimiter=sign)) for text, sign in (
        (usual, ","), (out.removeprefix("\ufeff"), ";"),
    ))  # fmt: skip
    assert len(plain) == len(comma)
    decimals = 0
    for before, after in zip(plain, comma, strict=True):
        for one, other in zip(before, after, strict=True):
            if re.fullmatch(r"-?\d+\.\d+(e[+-]?\d+)?", one):
                decimals += 1
                assert other == one.replace(".", ",")
            else:
                assert other == one
    assert decimals > 5
    excel = watcher("export", "--excel", "--decimal", "comma").out
    assert excel.count("\ufeff") == 1
    assert f'="{LONG_ID}"' in {row[columns(excel).index("product_id")] for row in rows_in(excel)}


def columns(text: str) -> list[str]:
    """The header of CSV with a decimal comma."""
    return next(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def rows_in(text: str) -> list[list[str]]:
    """Its rows."""
    return list(csv.reader(io.StringIO(text), delimiter=";"))[1:]


def test_a_decimal_comma_of_a_product(watcher: Command, past: Path) -> None:
    """Its values, and refused where nothing is CSV."""
    asked = ("product", LONG_ID, "--metric", "spu_avg_price", "--days", "3650", "--csv")
    out, usual = watcher(*asked, "--decimal", "comma").out, watcher(*asked).out
    assert out.startswith("\ufefftime;spu_avg_price\n")
    assert out.removeprefix("\ufeff") == usual.replace(",", ";").replace(".", ",")
    assert "," in out
    assert watcher("product", "2", "--decimal", "comma").code == 2
    assert watcher("product", "2", "--json", "--decimal", "comma").code == 2
    assert watcher("export", "--format", "jsonl", "--decimal", "comma").code == 2


def test_every_command_that_writes_csv_has_a_decimal_comma() -> None:
    """Whatever it is called."""

    def walk(command: click.Command, path: str) -> Iterator[str]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield from walk(inner, f"{path} {name}")
            return
        options = {flag: each for each in command.params for flag in each.opts}
        formats = getattr(options.get("--format"), "type", None)
        if "--csv" in options or "csv" in getattr(formats, "choices", ()):
            assert "--decimal" in options, path
            yield path

    assert {"watcher export", "watcher product"} <= {*walk(cli, "watcher")}
