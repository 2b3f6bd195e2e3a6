"""The daemon as its user meets it: start, stop, restart, reload, and what it refuses."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Watcher, until
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

RULES = """
channels:
  http: {url: "${SINK_URL}"}
operator: [http]
defaults: {region: US, every: 24h, notify: [http]}
watches:
  list: {sort: total_sale_7d_cnt desc, top: 20}
rules:
  - name: selling
    watch: list
    when: {total_sale_7d_cnt: {at_least: 1}}
"""

SECOND = """
  - name: dearest
    watch: {sort: spu_avg_price desc, top: 10}
    when: {spu_avg_price: {at_least: 1m}}
"""


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service) -> Watcher:
    """A folder with the rules above."""
    ready = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    ready.rules.write_text(RULES, encoding="utf-8")
    return ready


def heaps_of_threads(process: int) -> int:
    """The heaps that glibc made beside the main one: each holds 64 MB of addresses back."""
    found = 0
    for line in Path(f"/proc/{process}/maps").read_text("ascii").splitlines():
        span, rights, *_ = line.split()
        first, last = (int(each, 16) for each in span.split("-"))
        found += rights == "---p" and 32 << 20 < last - first <= 64 << 20
    return found


async def test_a_restart_buys_nothing_that_is_not_due(
    watcher: Watcher, simulator: Simulator, sink: Service
) -> None:
    """A daily watch is read at the first start, and not again at the second."""
    async with watcher.running() as daemon:
        await daemon.said("scanned")
        await until(lambda: len(sink.taken) == 1)
        assert heaps_of_threads(daemon.process.pid) == 0
        assert await daemon.stop() == 0
    assert simulator.pages == 2
    async with watcher.running() as daemon:
        # A watch that is new is read at once, so by then one wrongly due would have been, too.
        watcher.rules.write_text(RULES + SECOND, encoding="utf-8")
        await daemon.said("scanned")
        assert await daemon.stop() == 0
    assert simulator.pages == 3
    assert simulator.asked[-1]["product_sort_field"] == "3"
    assert len(sink.taken) == 1


async def test_a_scan_that_a_stop_cut_off_is_taken_up_again(
    watcher: Watcher, simulator: Simulator
) -> None:
    """What was read is kept as partial; the next start reads the list at once."""
    simulator.fail_next(page=2, delay=60)
    async with watcher.running() as daemon:
        await until(lambda: simulator.requests == 2)
        assert await daemon.stop() == 0
    assert watcher.query("SELECT state, size FROM scans") == [("partial", 10)]
    async with watcher.running() as daemon:
        await daemon.said("scanned", state="complete")
        assert await daemon.stop() == 0
    assert watcher.query("SELECT sum(used) FROM credits") == [(4,)]
    assert watcher.query("SELECT count(*) FROM reservations") == [(0,)]


async def test_what_waits_at_the_stop_is_sent_at_the_next_start(
    watcher: Watcher, sink: Service
) -> None:
    """A message that its service refused is still there after a kill, and goes out once."""
    sink.status = 503
    async with watcher.running() as daemon:
        await daemon.said("not delivered")
        daemon.process.kill()
    sink.status = 200
    refused = len(sink.taken)
    async with watcher.running() as daemon:
        await until(lambda: len(sink.taken) == refused + 1)
        await until(lambda: watcher.query("SELECT state FROM notifications") == [("sent",)])
        assert await daemon.stop() == 0


async def test_the_page_and_its_data(watcher: Watcher) -> None:
    """The page, health, metrics and JSON answer while the daemon runs; others' names don't."""
    async with watcher.running() as daemon, aiohttp.ClientSession() as session:
        await daemon.said("scanned")
        async with session.get(daemon.page) as answer:
            text = await answer.text()
            assert answer.status == 200
            assert "selling" in text
            assert text.count("<script") == 1  # our own
            assert '<script src="./static/page.js" defer></script>' in text
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        async with session.get(f"{daemon.page}healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        async with session.get(f"{daemon.page}metrics") as answer:
            firing = 'watcher_alerts{rule="selling",severity="info",state="firing"} 20.0'
            assert firing in await answer.text()
        async with session.get(f"{daemon.page}api/overview.json") as answer:
            data = await answer.json()
            assert data["overview"]["credits"]["day"] == 2
        async with session.get(daemon.page, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        assert await daemon.stop() == 0


async def test_a_reload_on_change_and_on_hup(watcher: Watcher, sink: Service) -> None:
    """A saved file is read anew; a broken one keeps the old rules and tells the operator."""
    async with watcher.running() as daemon:
        await daemon.said("scanned")
        await until(lambda: len(sink.taken) == 1)
        watcher.rules.write_text(RULES + "    wehn: 1\n", encoding="utf-8")
        refused = await daemon.said("rule file refused")
        assert "rules.yaml:12:5: rules[0]:" in refused["problem"]
        await until(lambda: len(sink.taken) == 2)
        assert "rules.yaml:12:5" in sink.taken[1]["message"]
        renamed = RULES.replace("name: selling", "name: sells-now")
        watcher.rules.write_text(renamed, encoding="utf-8")
        await daemon.said("rules reloaded")
        await until(lambda: len(sink.taken) == 3)
        assert "over" in sink.taken[2]["title"]
        daemon.process.send_signal(signal.SIGHUP)
        await daemon.said("rules reloaded", 2)
        assert await daemon.stop() == 0
    # The rename carried what had fired: nothing was told again.
    assert len(sink.taken) == 3
    assert watcher.query("SELECT DISTINCT rule FROM alerts") == [("sells-now",)]


async def test_a_second_daemon_is_refused(watcher: Watcher) -> None:
    """One daemon a database; the second is told the first one's process id."""
    async with watcher.running() as daemon:
        code, _, err = await watcher.call("run", "--listen", "off")
        assert code == 1
        assert f"process id {daemon.process.pid}" in err
        assert await daemon.stop() == 0


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        ("rules gone", "rules.yaml"),
        ("rules empty", "rules.yaml"),
        ("rules broken", "rules.yaml:2:"),
        ("variable gone", "SINK_URL"),
        ("bad url", "rules.yaml:3:15: channels.http.url: "),
        ("no database", "no database"),
        ("key gone", "KEYAPI_KEY"),
        ("port in use", "the port is in use"),
    ],
)
async def test_what_can_not_start(
    watcher: Watcher, simulator: Simulator, break_it: str, said: str
) -> None:
    """Each ends in clear lines and exit code 1, without a traceback or a request."""
    env = dict(watcher.env)
    listen = "off"
    with socket.socket() as taken:
        match break_it:
            case "rules gone":
                watcher.rules.unlink()
            case "rules empty":
                watcher.rules.write_text("", encoding="utf-8")
            case "rules broken":
                watcher.rules.write_text("rules:\n  - nam: x\n", encoding="utf-8")
            case "variable gone":
                del env["SINK_URL"]
            case "bad url":
                env["SINK_URL"] = "slakc://secret-part"
            case "no database":
                watcher.database.write_text("these are not the pages of a database")
            case "key gone":
                env["KEYAPI_KEY"] = ""
            case _:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                listen = f"127.0.0.1:{taken.getsockname()[1]}"
        broken = Watcher(watcher.folder, watcher.api_url, env)
        code, out, err = await broken.call("run", "--listen", listen)
    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err
    assert "secret-part" not in err
    assert simulator.requests == 0


async def test_a_second_signal_ends_at_once(watcher: Watcher, simulator: Simulator) -> None:
    """While a page hangs, the first signal waits for it and the second does not."""
    fault = simulator.fail_next(times=100, delay=60)
    async with watcher.running() as daemon:
        await until(lambda: fault.times < 100)
        os.kill(daemon.process.pid, signal.SIGTERM)
        await daemon.said("stopping")
        os.kill(daemon.process.pid, signal.SIGTERM)
        assert await daemon.process.wait() == 130


async def test_wrong_usage(watcher: Watcher) -> None:
    """Exit code 2 and the usage."""
    code, _, err = await watcher.call("run", "--lisen", "off")
    assert code == 2
    assert "--listen" in err


async def test_a_key_that_is_given_back_is_used_at_once(
    watcher: Watcher, simulator: Simulator
) -> None:
    """401: the operator hears, nothing more is asked; after SIGHUP the list is read."""
    fault = simulator.fail_next(status=401, times=10_000)
    async with watcher.running() as daemon:
        await daemon.said("scanned", state="failed")
        simulator.faults.remove(fault)
        daemon.process.send_signal(signal.SIGHUP)
        await daemon.said("scanned", state="complete")
        assert await daemon.stop() == 0
