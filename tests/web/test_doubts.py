"""What is wrong with a scan stands on the page, in ``/metrics``, in the API and in ``status``."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.store.making import DAY, START, scan
from tests.web.serving import serving
from watcher.analysis.overview import overview
from watcher.cli.status_tables import show
from watcher.model import Doubt, Instant
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database

RULES = """
watches:
  list: {region: US, sort: total_sale_7d_cnt desc, every: 1d}
rules:
  - {name: sells, watch: list, when: {total_sale_7d_cnt: {above: 1}}}
"""
WHY = "page 3 is short, but <the> list goes on"
DOUBT = Doubt(WHY, START)
BELIEVED = Doubt(WHY, START - 8 * DAY, 9, believed=True)
PROBLEMS = ("page 1: <b>broken</b>", WHY)


@dataclass
class Moment:
    """Rules, and a time a minute after the scan."""

    book: Rulebook
    now: Instant = START + 60


def world(folder: Path, doubt: Doubt | None, problems: tuple[str, ...] = PROBLEMS) -> Moment:
    """A database with one scan of which that is known."""
    book = load_text(RULES)
    (watch,) = book.used_watches
    with Database.open(folder / "w.db") as database:
        found = replace(scan(START, {"1": 5, "2": 6}, watch=watch.key), problems=problems)
        database.history.record(replace(found, doubt=doubt))
    return Moment(book)


async def test_the_page(tmp_path: Path) -> None:
    """Overview and watches say it; texts of KeyAPI are texts."""
    async with serving(tmp_path / "w.db", world(tmp_path, DOUBT)) as served:
        for path in ("", "watches"):
            _, text = await served.get(path)
            assert "page 3 is short, but &lt;the&gt; list goes on" in text
            assert "who is missing may be on the list all the same (until " in text
            assert "2 problems of the last scan" in text
            assert "<b>broken" not in text


async def test_the_api(tmp_path: Path) -> None:
    """The last scan has its problems and its doubt."""
    async with serving(tmp_path / "w.db", world(tmp_path, DOUBT)) as served:
        _, text = await served.get("api/overview.json")
    last = json.loads(text)["overview"]["watches"][0]["last"]
    assert last["problems"] == list(PROBLEMS)
    assert last["doubt"] == {"why": WHY, "since": START, "turn": 1, "believed": False}


@pytest.mark.parametrize(("doubt", "said"), [(DOUBT, 1), (BELIEVED, 0), (None, 0)])
async def test_the_metrics(tmp_path: Path, doubt: Doubt | None, said: int) -> None:
    """How many problems, and whether an absence is proven."""
    async with serving(tmp_path / "w.db", world(tmp_path, doubt)) as served:
        _, text = await served.get("metrics")
    assert 'watcher_watch_problems{watch="list"} 2.0' in text
    assert f'watcher_watch_doubted{{watch="list"}} {said}.0' in text


@pytest.mark.parametrize(
    ("doubt", "problems", "said"),
    [
        (DOUBT, PROBLEMS, "may be on the list all the same"),
        (BELIEVED, PROBLEMS, "so who is missing counts as gone"),
        (None, PROBLEMS, "problems of the last scan: page 1: <b>broken</b> and 1 more"),
        (None, ("odd",), "problems of the last scan: odd\n"),
    ],
)
def test_status(
    tmp_path: Path,
    doubt: Doubt | None,
    problems: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A word in the table, and what it is below."""
    made = world(tmp_path, doubt, problems)
    with Database.open(tmp_path / "w.db", readonly=True) as database:
        show(overview(database, made.book, made.now))
    out = " ".join(capsys.readouterr().out.replace("\n", " \n").split(" "))
    flat = " ".join(out.split()) + "\n"
    assert "with problems" in flat
    assert " ".join(said.split()) in flat


def test_status_of_a_clean_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not a word."""
    made = world(tmp_path, None, ())
    with Database.open(tmp_path / "w.db", readonly=True) as database:
        show(overview(database, made.book, made.now))
    assert "problem" not in capsys.readouterr().out


def test_the_store_gives_back_what_it_was_given(tmp_path: Path) -> None:
    """Problems and doubt, of the newest scan and by every way to it."""
    made = world(tmp_path, DOUBT)
    (watch,) = made.book.used_watches
    with Database.open(tmp_path / "w.db") as database:
        history = database.history
        for row in (history.last_scan(watch.key), history.last_complete(watch.key)):
            assert row is not None
            assert (row.problems, row.doubt) == (PROBLEMS, DOUBT)
        assert history.last_proof(watch.key) is None
        later = scan(START + DAY, {"1": 5}, watch=watch.key)
        database.history.record(replace(later, doubt=BELIEVED))
        proof = history.last_proof(watch.key)
        assert proof is not None
        assert (proof.at, proof.doubt) == (START + DAY, BELIEVED)
