"""The page's server, over real HTTP, on a real database file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.world import World
from tests.store.making import START
from tests.web.serving import Page, but_our_script, serving
from watcher.errors import ListenError
from watcher.incident import Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.model import ScanState
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database
from watcher.web.app import Site

RULES = """
rules:
  - name: "<b>bold</b> & {{ 7 * 7 }}"
    watch: {sort: total_sale_7d_cnt desc}
    when: {total_sale_7d_cnt: {at_least: 20}}
"""


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """The page of two days of a small market, one product's name hostile."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        world.scan({"1": 20, "2": 5})
        database.execute("UPDATE products SET product_name = '<script>alert(1)</script>'")
        Operator(database, [], START).begin(
            Incident(IncidentKind.KEY_REFUSED).with_details(text="401: <i>no</i>")
        )
        async with serving(path, world) as served:
            yield served


async def test_the_overview_shows_everything_escaped(page: Page) -> None:
    """Names from rules, products and errors are text, never markup."""
    status, html = await page.get()
    assert status == 200
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; {{ 7 * 7 }}" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "401: &lt;i&gt;no&lt;/i&gt;" in html
    assert "<script" not in but_our_script(html)
    assert "running, with troubles" in html  # the key is refused
    assert "healthy" not in html.replace("healthz", "")


async def test_before_the_first_scan(tmp_path: Path) -> None:
    """The empty states say what to expect."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        async with serving(path, World(database, RULES)) as empty:
            status, html = await empty.get()
    assert status == 200
    assert "waiting for its first scan" in html
    assert "Nothing has been read yet" in html


async def test_a_list_that_could_not_be_read_is_not_called_judged(tmp_path: Path) -> None:
    """ "Nothing fires" is no good news while nothing was read."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, RULES)
        world.scan({}, ScanState.FAILED)
        async with serving(path, world) as served:
            _, html = await served.get()
            assert "not every list could be read at its last scan" in html
            world.scan({"1": 5})
            _, html = await served.get()
    assert "Every rule was judged at the last scan of its list" in html


async def test_health(page: Page) -> None:
    """200 while well, 503 with the reason else."""
    assert await page.get("healthz") == (200, "ok\n")
    page.ill = "delivery stands still"
    assert await page.get("healthz") == (503, "delivery stands still\n")
    assert "watcher_healthy 0.0" in (await page.get("metrics"))[1]
    assert "delivery stands still" in (await page.get())[1]


async def test_metrics_and_json(page: Page) -> None:
    """The same state for programs."""
    _, metrics = await page.get("metrics")
    assert "watcher_healthy 1.0" in metrics
    assert 'state="firing"} 1.0' in metrics
    assert 'watcher_notifications{state="waiting"} 1.0' in metrics
    data = json.loads((await page.get("api/overview.json"))[1])
    assert data["overview"]["rules"][0]["firing"] == 1
    assert data["alerts"][0]["alert"]["state"] == "firing"
    assert data["ill"] is None


async def test_only_by_names_of_this_machine(page: Page) -> None:
    """A web site that rebinds its name to loopback reads nothing."""
    assert (await page.get(host="evil.example"))[0] == 403
    assert (await page.get(host="localhost:8787"))[0] == 200
    assert (await page.get(host="[::1]"))[0] == 200
    assert (await page.get("static/style.css"))[0] == 200
    assert (await page.get("../rules.yaml"))[0] == 404


async def test_where_the_database_fails(page: Page) -> None:
    """A page that says why, with 503; a line of the same for programs."""

    def broken(store: Store) -> None:
        assert isinstance(store, Database)
        store.execute("DROP TABLE told")

    await page.sources.write(broken)
    status, html = await page.get()
    assert status == 503
    assert "the database failed" in html
    assert (await page.get("api/alerts.json"))[0] == 503


async def test_a_port_in_use(page: Page) -> None:
    """One clear line."""
    port = page.site.url.rstrip("/").rpartition(":")[2]
    second = Site(page.sources, f"127.0.0.1:{port}")
    with pytest.raises(ListenError, match="the port is in use"):
        await second.start()


async def test_credits_against_their_caps(tmp_path: Path) -> None:
    """In numbers, and as a bar that is never longer than its track."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = World(database, f"api: {{credits_per_day: 500, credits_per_month: 400}}\n{RULES}")
        database.ledger.charge("w", 455, world.now)
        async with serving(path, world) as page:
            _, html = await page.get()
    assert "of 500 credits (91%)" in html
    assert 'class="warn" width="91.0%"' in html
    assert 'class="bad" width="100%"' in html
