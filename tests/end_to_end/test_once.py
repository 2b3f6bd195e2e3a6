"""``once``, ``channel test`` and ``demo`` as processes, against real ends."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from pathlib import Path

import pytest

from tests.end_to_end.process import KEY, PATIENCE, Watcher
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

RULES = """
channels: {http: {url: "${SINK_URL}"}}
defaults: {region: US, notify: [http]}
rules:
  - name: top
    watch: {sort: total_sale_7d_cnt desc, top: 20}
    when: {rank: {at_most: 3}}
  - name: other
    watch: {sort: spu_avg_price desc, top: 10}
    when: {rank: 1}
"""


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service) -> Watcher:
    """A folder with the rules above."""
    ready = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    ready.rules.write_text(RULES, encoding="utf-8")
    return ready


async def test_once_scans_prints_and_sends(
    watcher: Watcher, simulator: Simulator, sink: Service
) -> None:
    """What is due is read, printed and sent; a second time nothing is due."""
    code, out, err = await watcher.call("once")
    assert (code, err) == (0, "")
    assert "[info] top: 3 products (US)" in out
    assert "complete, 20 products, 2 credits, 3 began to fire" in out
    assert "  top: met by 3 of 20 products\n" in out
    assert [message["title"] for message in sink.taken] == ["3 top, 1 other (US)"]
    code, out, _ = await watcher.call("once")
    assert code == 0
    assert out.count("not due") == 2
    assert simulator.pages == 3
    assert len(sink.taken) == 1


async def test_once_for_a_rule(watcher: Watcher, simulator: Simulator) -> None:
    """Only its watch is read, due or not, here told as JSON; an unknown rule is an error."""
    for pages in (1, 2):
        code, out, err = await watcher.call("once", "--rule", "other", "--json")
        assert (code, err, simulator.pages) == (0, "", pages)
        told = json.loads(out)
        assert (told["ok"], told["not_due"], told["undelivered"]) == (True, [], [])
        (scan,) = told["scans"]
        assert (scan["watch"], scan["state"], scan["credits"]) == ("other", "complete", 1)
        titles = [message["title"] for message in scan["messages"]]
        assert titles == ["[info] other: 1 product (US)"][: 2 - pages]
        assert scan["rules"] == [{"rule": "other", "met": 1, "no_data": 0}]
    code, _, err = await watcher.call("once", "--rule", "othr")
    assert code == 1
    assert 'did you mean "other"' in err


async def test_once_tells_what_a_silence_held(watcher: Watcher, sink: Service) -> None:
    """Silenced while it is scanned, told by the next run after the silence's end."""
    await watcher.call("once", "--rule", "other")
    await watcher.call("silence", "add", "--rule", "top", "--for", "1d")
    await watcher.call("once")
    assert [message["title"] for message in sink.taken] == ["[info] other: 1 product (US)"]
    await watcher.call("silence", "end", "1")
    code, out, err = await watcher.call("once")
    assert (code, err) == (0, "")
    assert "http/1: held until now: [info] top: 3 products (US)\n1. " in out
    assert [message["title"] for message in sink.taken][1:] == ["[info] top: 3 products (US)"]


async def test_a_dry_run_keeps_and_sends_nothing(
    watcher: Watcher, simulator: Simulator, sink: Service
) -> None:
    """No file is made; where there is one, only the credits really spent are written to it."""
    code, out, _ = await watcher.call("once", "--dry-run")
    assert code == 0
    assert "[info] top: 3 products (US)" in out
    assert not watcher.database.exists()
    await watcher.call("once", "--rule", "other")
    tables = ("scans", "alerts", "notifications", "observations")
    before = {name: watcher.query(f"SELECT count(*) FROM {name}") for name in tables}
    await watcher.call("once", "--dry-run", "--rule", "top")
    assert {name: watcher.query(f"SELECT count(*) FROM {name}") for name in tables} == before
    assert watcher.query("SELECT sum(used) FROM credits") == [(simulator.pages - 3,)]
    assert len(sink.taken) == 1


async def test_once_says_what_failed(watcher: Watcher, simulator: Simulator) -> None:
    """A refused key: one line, exit code 1."""
    simulator.fail_next(status=401, times=100)
    code, out, err = await watcher.call("once")
    assert code == 1
    assert "401" in out
    assert "Traceback" not in err
    assert KEY not in out + err


async def test_channel_test(watcher: Watcher, sink: Service) -> None:
    """Each target's answer; exit code 1 where one did not take it."""
    code, out, _ = await watcher.call("channel", "test", "http")
    assert (code, "http/1 (json) took it" in out) == (0, True)
    assert "Sample product" in sink.taken[0]["message"]
    sink.status = 403
    code, out, _ = await watcher.call("channel", "test", "http")
    assert (code, "did not take it" in out) == (1, True)
    assert "403" in out


async def test_channel_test_says_what_the_service_said(watcher: Watcher, sink: Service) -> None:
    """Inside an answer of HTTP 200, and beside a status: the reason, without the URL's secrets."""
    url = f"synology://127.0.0.1:{sink.port}/s3cr3tT0ken"
    watcher.rules.write_text(RULES.replace("${SINK_URL}", url), "utf-8")
    sink.body = '{"success": false, "error": {"code": 404, "errors": "no hook s3cr3tT0ken"}}'
    code, out, _ = await watcher.call("channel", "test", "http")
    assert (code, "did not take it: synology: no hook ***" in out) == (1, True)
    sink.status, sink.body = 400, '{"description": "chat not found"}'
    code, out, _ = await watcher.call("channel", "test", "http")
    assert (code, "HTTP 400 Bad Request: chat not found" in out) == (1, True)


async def test_the_demo_tells_within_its_first_days(tmp_path: Path) -> None:
    """The whole daemon on its own market: a past, messages, and where to go on; whatever proxy
    the environment names, nothing of this machine is asked through it. The market is the real one,
    for that is what the demo's user sees. It ends by Ctrl-C, once it told: how many days pass
    unread until then is the machine's."""
    watcher = Watcher(tmp_path, "http://127.0.0.1:1", {"HTTP_PROXY": "http://127.0.0.1:9"})
    process = await watcher.spawn(
        "demo", "--market", "real", "--products", "500", "--days", "5", "--day-seconds", "1",
        "--for", f"{3 * PATIENCE}", "--listen", "127.0.0.1:0",
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    async for line in process.stdout:
        said.append(line.decode())
        if re.search(r"taking-off\b.* \(US\)", said[-1]):
            break
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE):
        rest, errors = await process.communicate()
    # A short list of this market may halve within a day, which is doubted, as of a real source.
    strange = [line for line in errors.splitlines() if b" doubt=" not in line]
    assert (process.returncode, strange) == (0, [])
    out = "".join(said)
    assert "5 days of past" in out
    assert "http://127.0.0.1:" in out
    assert "taking-off" in said[-1], "not told within the demo's time"
    assert "https://www.tiktok.com/shop/pdp/" in out + rest.decode()


@pytest.mark.parametrize("listen", ["foo", "0.0.0.0:8787"])
async def test_the_demo_says_a_bad_address_at_once(tmp_path: Path, listen: str) -> None:
    """One line, before the past is played."""
    watcher = Watcher(tmp_path, "http://127.0.0.1:1")
    code, out, err = await watcher.call("demo", "--listen", listen)
    assert code == 1
    assert err.startswith("--listen: ")
    assert err.count("\n") == 1
    assert "days of past are" not in out


async def test_a_dry_run_says_of_what_there_is_no_data(watcher: Watcher) -> None:
    """A rule that compares with the past has none at its first scan, and that is said."""
    watcher.rules.write_text(
        "channels: {http: {url: '${SINK_URL}'}}\ndefaults: {region: US, notify: [http]}\n"
        "rules:\n  - name: jump\n    watch: {sort: total_sale_7d_cnt desc, top: 20}\n"
        "    when: {total_sale_7d_cnt: {rises: 10%}}\n",
        encoding="utf-8",
    )
    code, out, err = await watcher.call("once", "--dry-run")
    assert (code, err) == (0, "")
    told = "  jump: met by 0 of 20 products, no data of 20 (it compares with earlier scans)\n"
    assert told in out
