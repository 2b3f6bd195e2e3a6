"""Products that are followed while a daemon runs: it notices, reads them, and judges none."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.fleet import Fleet
from tests.end_to_end.process import Daemon, Watcher, until
from tests.fakes.sink import Service
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

RULES = """
channels: {http: {url: "${SINK_URL}"}}
operator: [http]
defaults: {every: 24h, notify: [http]}
watches: {followed: {products: followed}}
rules:
  - {name: any, watch: followed, when: {spu_avg_price: {above: 0}}}
  - {name: new, watch: followed, when: {appears: true}}
"""
ADDED = "added products were read"


@pytest.fixture
def ids(simulator: Simulator) -> list[str]:
    """Products of the market."""
    page = {"region": "US", "page_num": "1", "page_size": "10"}
    return [str(row["product_id"]) for row in simulator.market.answer(page, PRODUCT_LIST)]


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service) -> Watcher:
    """A folder with the rules."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES)
    return watcher


def asked(simulator: Simulator) -> list[str]:
    """The ids of each request."""
    return [query["product_ids"] for query in simulator.asked if "product_ids" in query]


async def called(watcher: Watcher, *arguments: str) -> str:
    """What a command that must succeed prints."""
    code, out, err = await watcher.call(*arguments)
    assert code == 0, err
    return out


async def test_beside_a_running_daemon(
    watcher: Watcher, simulator: Simulator, sink: Service, ids: list[str]
) -> None:
    """By a command, by the page, by an edit of the rule file: each new id is one request, and no
    message; what is let go is read no more."""
    first, second, third, fourth = ids[:4]
    async with watcher.running() as daemon:
        await daemon.said("scanned")  # of nothing: nobody follows anything
        await called(watcher, "follow", first)
        await daemon.said(ADDED)
        await called(watcher, "follow", second, "--note", "ours")
        await daemon.said(ADDED, 2)
        assert asked(simulator) == [first, second]
        await until(_lists(watcher, {first, second}))
        await _post(daemon, "followed", third)
        await until(_lists(watcher, {first, second, third}))
        await called(watcher, "unfollow", third)
        before = len(asked(simulator))
        watcher.rules.write_text(
            RULES.replace("watches: {", f'watches: {{mine: {{products: ["{fourth}"]}}, ').replace(
                "watch: followed, when: {appears", "watch: [followed, mine], when: {appears"
            )
        )
        await daemon.said("scanned", watch="mine")
        assert asked(simulator)[before:] == [fourth]
        assert await daemon.stop() == 0
    scans = watcher.query("SELECT count(*) FROM scans WHERE watch <> 'lookups'")
    assert scans == [(2,)]
    assert sink.taken == []
    assert watcher.query("SELECT count(*) FROM alerts") == [(0,)]


def _lists(watcher: Watcher, wanted: set[str]) -> Callable[[], Awaitable[bool]]:
    async def listed() -> bool:
        found = json.loads(await called(watcher, "followed", "--json"))
        return {each["product_id"] for each in found if each["state"] == "known"} == wanted

    return listed


async def _post(daemon: Daemon, path: str, product: str) -> None:
    """By the page's own form."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{daemon.page}followed") as answer:
            token = (await answer.text()).split('name="token" value="')[1].split('"')[0]
        fields = {"token": token, "product": product}
        async with session.post(f"{daemon.page}{path}", data=fields) as answer:
            assert answer.status == 200
            assert "read in a moment" in await answer.text()


async def test_in_a_servers_book(
    watcher: Watcher, postgres_url: str, simulator: Simulator, ids: list[str]
) -> None:
    """The command tells the daemon through the server; the other book hears nothing of it."""
    fleet = Fleet(watcher, postgres_url, RULES)
    fleet.make("shop", "other")
    place = ("--db", postgres_url, "--book", "shop")
    async with fleet.running() as daemon:
        await daemon.said("scanned", book="shop")
        await daemon.said("scanned", book="other")
        await called(watcher, "follow", *ids[:2], *place)
        await until(lambda: any(ids[1] in each for each in asked(simulator)))
        found = json.loads(await called(watcher, "followed", "--json", *place))
        assert {each["product_id"] for each in found} == set(ids[:2])
        others = ("--db", postgres_url, "--book", "other")
        assert json.loads(await called(watcher, "followed", "--json", *others)) == []
        code, _, err = await watcher.call("unfollow", ids[0], *others)
        assert (code, "not followed" in err) == (1, True)
        assert await daemon.stop() == 0
