"""Reports of the real daemon: a mail with tables, a picture and the rows, and a list in a chat."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Watcher, until
from tests.fakes.reported import GLOW, GMV, PRICE
from tests.fakes.sink import MailServer, Service, receiving
from tests.store.making import DAY, scan
from watcher.model import Instant
from watcher.rules.files.loading import load_text
from watcher.source.simulator import Simulator
from watcher.store.engine import open_store
from watcher.units import HOUR

pytestmark = pytest.mark.end_to_end

RULES = f"""
channels: {{mail: {{url: "${{MAIL_URL}}"}}, chat: {{url: "${{SINK_URL}}"}}}}
defaults: {{region: US, notify: [mail, chat]}}
sellers: {{"{GLOW}": GlowLab}}
watches: {{best: {{sort: total_sale_7d_cnt desc, top: 20}}}}
rules: [{{name: never, watch: best, when: {{total_sale_7d_cnt: {{above: 1m}}}}}}]
reports: {{hourly: {{at: "0 * * * *", watch: best}}}}
"""


def _fill(watcher: Watcher, now: Instant) -> None:
    """Two lists, a week apart, the newer read an hour ago; the report is known since two hours."""
    watcher.rules.write_text(RULES, encoding="utf-8")
    book = load_text(RULES.replace("${MAIL_URL}", "json://x").replace("${SINK_URL}", "json://y"))
    (watch,) = book.used_watches
    with open_store(watcher.database) as database:
        database.rules.sync(book.marks, now - 8 * DAY)
        for at, factor in ((now - 7 * DAY - HOUR, 1.0), (now - HOUR, 1.5)):
            products = {
                f"17298730735590150{key}": {
                    GMV: 100.0 * key * (factor if key % 2 else 2 - factor), PRICE: 20.0 - factor,
                }
                for key in range(10, 25 if factor == 1 else 27)
            }  # fmt: skip
            made = scan(at, products, watch=watch.key)
            texts = {**made.texts, "seller_id": (GLOW,) * len(products)}
            database.history.record(replace(made, texts=texts))
        report = book.reports[0]
        database.reports.begin(report.name, report.schedule, now - 2 * HOUR)


def _watcher(folder: Path, simulator: Simulator, mail: MailServer, sink: Service) -> Watcher:
    env = {"MAIL_URL": mail.url().reveal(), "SINK_URL": sink.url.reveal()}
    return Watcher(folder, simulator.url, env)


async def test_a_report_is_sent(tmp_path: Path, simulator: Simulator, sink: Service) -> None:
    """Though nothing fired: told late after an outage, once, over a restart; the command and the
    page say the same while the daemon runs."""
    async with receiving() as mail:
        watcher = _watcher(tmp_path, simulator, mail, sink)
        _fill(watcher, int(time.time()))
        async with watcher.running() as daemon, aiohttp.ClientSession(daemon.page) as session:
            await until(lambda: bool(mail.taken and sink.taken))
            async with session.get("/reports/hourly") as answer:
                page = await answer.text()
            async with session.get("/api/reports/hourly.json") as answer:
                assert answer.status == 200, await answer.text()
                of_page = await answer.json()
            code, out, _ = await watcher.call("report", "hourly", "--json")
            assert code == 0
            assert json.loads(out)["report"]["movers"] == of_page["report"]["movers"]
            assert "GlowLab" in page
            assert await daemon.stop() == 0
        async with watcher.running() as daemon:
            await daemon.said("watching")
            assert await daemon.stop() == 0
        assert len(mail.taken) == 1
        (message,) = mail.taken
        # 15 products of both times: the odd ones half as much again, the even ones half.
        subject = str(message["subject"])
        assert subject.startswith("hourly: ")
        assert subject.endswith("% 7-day GMV of best, 2 new (US)")
        html = message.get_body(["html"])
        assert html is not None
        assert html.get_content().count("<table>") == 4  # nobody left, nothing was told
        pictures = [each for each in message.walk() if each.get_content_type() == "image/png"]
        assert len(pictures) == 1
        assert 'src="cid:chart.png"' in html.get_content()
        (rows,) = [each for each in message.walk() if each.get_content_type() == "text/csv"]
        assert rows.get_filename() == "hourly.csv"
        content = rows.get_payload(decode=True)
        assert isinstance(content, bytes)
        found = [*csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
        movers = [each for each in found if each["part"] == "movers"]
        assert len(movers) == 15  # all, and not the ten that are shown
        changes = [abs(float(each["change"])) for each in movers]
        assert changes == sorted(changes, reverse=True)
        assert "hourly: " in json.dumps(sink.taken[0])


async def test_a_kill_loses_and_repeats_nothing(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """Between what is written and the note that it was told."""
    async with receiving() as mail:
        watcher = _watcher(tmp_path, simulator, mail, sink)
        _fill(watcher, int(time.time()))
        dying = replace(watcher, module="tests.end_to_end.killed")
        process = await dying.spawn("run", "--listen", "off")
        async with asyncio.timeout(60):
            await process.communicate()
        assert process.returncode == -9
        assert watcher.query("SELECT count(*) FROM messages") == [(0,)]
        async with watcher.running() as daemon:
            await until(lambda: bool(mail.taken and sink.taken))
            assert await daemon.stop() == 0
        assert (len(mail.taken), len(sink.taken)) == (1, 1)
