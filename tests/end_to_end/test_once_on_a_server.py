"""``once`` and ``db copy`` as processes, with a book on a server for the database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.process import Watcher
from tests.end_to_end.test_once import RULES
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service, postgres_url: str) -> Watcher:
    """A folder with the rules of ``once``."""
    env = {"SINK_URL": sink.url.reveal(), "WATCHER_DB": postgres_url}
    ready = Watcher(tmp_path, simulator.url, env)
    ready.rules.write_text(RULES, encoding="utf-8")
    return ready


async def test_once_scans_a_book_under_its_lease(
    watcher: Watcher, simulator: Simulator, sink: Service, postgres_url: str
) -> None:
    """What is due is read and sent; then nothing is; and it gives the book back."""
    code, out, err = await watcher.call("once")
    assert (code, err) == (0, "")
    assert "complete, 20 products, 2 credits, 3 began to fire" in out
    assert [each["title"] for each in sink.taken] == ["3 top, 1 other (US)"]
    code, out, _ = await watcher.call("once")
    assert (code, out.count("not due"), simulator.pages) == (0, 2, 3)
    with closing(open_control(postgres_url)) as control:
        assert [(each.book, each.held) for each in control.leases.all()] == [("main", False)]
        assert control.leases.take("main", "a daemon", 60) is not None
    code, _, err = await watcher.call("once")
    assert code == 1
    assert "book main: in use by a daemon; stop it first" in err


async def test_a_dry_run_pays_and_keeps_nothing(
    watcher: Watcher, sink: Service, postgres_url: str
) -> None:
    """On a copy in memory, also while a daemon has the book; its credits are the book's."""
    await watcher.call("once", "--rule", "other")
    with closing(open_control(postgres_url)) as control:
        assert control.leases.take("main", "a daemon", 60) is not None
    code, out, err = await watcher.call("once", "--dry-run", "--rule", "top")
    assert (code, err) == (0, "")
    assert "[info] top: 3 products (US)" in out
    assert len(sink.taken) == 1
    with open_store(Server(postgres_url), readonly=True) as store:
        assert len(store.history.scans()) == 1
        now = store.history.scans()[0].at
        assert store.ledger.spent(now).day == 3


async def test_a_copied_book_is_gone_on_with(
    watcher: Watcher, sink: Service, simulator: Simulator
) -> None:
    """From a file to a server and back: nothing is due, nothing is told again, credits stay."""
    file = ("--db", str(watcher.database))
    server = watcher.env["WATCHER_DB"]
    await watcher.call(*("once", *file))
    code, out, err = await watcher.call("db", "copy", str(watcher.database), server)
    assert (code, err) == (0, "")
    assert out.endswith("rows copied; both are the same in rows and checksums.\n")
    code, out, _ = await watcher.call("once")
    assert (code, out.count("not due")) == (0, 2)
    code, _, err = await watcher.call("once", "--rule", "top")
    assert (code, err) == (0, "")
    assert (len(sink.taken), simulator.pages) == (1, 5)
    await watcher.call("db", "backup", "saved.db")
    code, _, err = await watcher.call(*("db", "restore", *file, "saved.db"))
    assert (code, err) == (0, "")
    code, out, _ = await watcher.call(*("once", *file))
    assert (code, out.count("not due"), simulator.pages) == (0, 2, 5)
