"""Rules that are written in the page of a running daemon: loaded, scanned and told."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.fleet import Fleet
from tests.end_to_end.process import Watcher, until
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator
from watcher.store.engine import open_store

pytestmark = pytest.mark.end_to_end

RULES = """\
channels: {http: {url: "${SINK_URL}"}}
operator: [http]
defaults: {region: US, every: 24h, notify: [http]}
watches: {list: {sort: total_sale_7d_cnt desc, top: 20}}
rules:
  - {name: own, watch: list, when: {total_sale_7d_cnt: {above: 1g}}}
""".replace("1g", "999999999")
TEXT = """\
watches: {mine: {sort: total_sale_7d_cnt desc, top: 10}}
rules:
  - {name: paged, watch: mine, notify: http, when: {total_sale_7d_cnt: {at_least: 1}}}
"""


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service) -> Watcher:
    """A folder with the user's own rules."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES)
    return watcher


def told(sink: Service, part: str) -> list[dict[str, str]]:
    """The messages with these words."""
    return [each for each in sink.taken if part in each["title"] + each["message"]]


async def save(page: str, text: str) -> None:
    """By the page's own form, as a browser sends it."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{page}rules/page") as answer:
            shown = await answer.text()
        fields = {name: _value(shown, name) for name in ("token", "base")}
        fields |= {"do": "save", "text": text.replace("\n", "\r\n")}
        async with session.post(f"{page}rules/page", data=fields) as answer:
            assert answer.status == 200
            assert "is saved" in await answer.text()


def _value(shown: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', shown)
    assert found is not None
    return found[1]


async def test_what_is_saved_is_scanned_and_told(watcher: Watcher, sink: Service) -> None:
    """Without a restart; emptied again, its rule is gone. The own file stays as it was."""
    before = watcher.rules.read_bytes()
    async with watcher.running() as daemon:
        await daemon.said("scanned", watch="list")
        await save(str(daemon.page), TEXT)
        await daemon.said("scanned", watch="mine")
        await until(lambda: bool(told(sink, "paged")))
        code, out, err = await watcher.call("rules", "page")
        assert (code, out) == (0, f"# page.yaml, version 1\n{TEXT}"), err
        await save(str(daemon.page), "")
        await daemon.said("rules reloaded", 2)
        assert await daemon.stop() == 0
    assert watcher.rules.read_bytes() == before
    assert watcher.query("SELECT count(*) FROM rules WHERE ended IS NULL") == [(1,)]
    assert watcher.query("SELECT who, what FROM audit") == [("local", "edit rules")] * 2


async def test_a_kill_between_the_saving_and_the_loading(watcher: Watcher, sink: Service) -> None:
    """The next daemon has it in force."""
    async with watcher.running() as daemon:
        await daemon.said("scanned", watch="list")
        with open_store(watcher.database, create=False) as database:
            database.page_rules.save(TEXT, 1_800_000_000, base=0, who="ann")
        daemon.process.send_signal(signal.SIGKILL)
        await daemon.process.wait()
    assert not told(sink, "paged")
    async with watcher.running() as daemon:
        await until(lambda: bool(told(sink, "paged")))
        assert await daemon.stop() == 0


async def test_one_that_nobody_told_of_is_found(watcher: Watcher, sink: Service) -> None:
    """As it is looked for now and then."""
    async with watcher.running() as daemon:
        await daemon.said("scanned", watch="list")
        with open_store(watcher.database, create=False) as database:
            database.page_rules.save(TEXT, 1_800_000_000, base=0, who="ann")
        await until(lambda: bool(told(sink, "paged")))
        assert await daemon.stop() == 0


async def test_the_own_files_win(watcher: Watcher, sink: Service) -> None:
    """A channel of theirs goes: what of the page spoke of it is left out and told, once; all else
    runs. Moved into the own file, the rule goes on as it was."""
    async with watcher.running() as daemon:
        await save(str(daemon.page), TEXT)
        await until(lambda: bool(told(sink, "paged")))
        watcher.rules.write_text(RULES.replace("http", "web"))
        await until(lambda: bool(told(sink, "rules of the page")))
        assert "page.yaml:3:" in told(sink, "rules of the page")[0]["message"]
        code, out, _ = await watcher.call("status")
        assert (code, "page.yaml:3:" in out) == (0, True)
        moved = RULES.replace(
            "watches: {", "watches: {mine: {sort: total_sale_7d_cnt desc, top: 10}, "
        )
        watcher.rules.write_text(moved + TEXT.split("rules:\n")[1])
        await daemon.said("rules reloaded", 3)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{daemon.page}rules/page") as answer,
        ):
            assert "already used at" in await answer.text()
        assert await daemon.stop() == 0
    firing = "SELECT count(*) FROM alerts WHERE rule = 'paged' AND state = 'firing'"
    assert watcher.query(firing) == [(10,)]
    assert len(told(sink, "paged:")) <= 1


async def test_in_a_servers_book_by_another_daemons_page(
    tmp_path: Path, postgres_url: str, simulator: Simulator, sink: Service
) -> None:
    """The holder hears of it, and has it in force; so has the next one."""
    fleet = Fleet(
        Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()}), postgres_url, RULES
    )
    fleet.make("shop")
    async with fleet.running() as holder:
        await holder.said("scanned", book="shop")
        async with fleet.running() as other:
            await save(f"{other.page}books/shop/", TEXT)
            await holder.said("rules were saved in the page", book="shop")
            await until(lambda: bool(told(sink, "paged")))
            await save(f"{holder.page}books/shop/", TEXT.replace("paged", "renamed"))
            await holder.said("rules reloaded", 2)
            holder.process.send_signal(signal.SIGKILL)
            await other.said("at work", book="shop")
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{other.page}books/shop/rules/renamed") as answer,
            ):
                assert answer.status == 200
            assert await other.stop() == 0
