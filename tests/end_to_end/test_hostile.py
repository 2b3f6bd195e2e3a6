"""A market whose products' names and errors are meant to do harm; the real daemon and commands."""

from __future__ import annotations

import asyncio
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.end_to_end.process import Watcher, until
from tests.fakes.sink import Service
from tests.web.serving import leads_to
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.source.simulator import Simulator
from watcher.store.sqlite.database import Database

pytestmark = pytest.mark.end_to_end

NAME = (
    "@everyone <!channel> <@U123> <script>alert(1)</script> [red]r[/] :boom: \x1b[31m\x1b]0;t\x07"
    "\x9b2J \u202egnp.exe\u2066 =cmd|' /C calc'!A0 ](http://evil) **b** `c` {{7*7}} {% x %} "
    "${KEYAPI_KEY} %s {0} \r\n\u2028\x85end&amp; \"' onload=x"
)
ERROR = "no\x1b[31m such\r\n2026-01-01 [error] forged \u202e\x9b2J <script>x</script> [red]y"
RULES = """
channels: {http: {url: "${SINK_URL}"}}
operator: [http]
defaults: {region: US, notify: [http]}
rules:
  - {name: one, watch: {sort: total_sale_7d_cnt desc, top: 10}, when: {product_name: {matches: e}}}
  - {name: other, watch: {sort: spu_avg_price desc, top: 10}, when: {product_name: {matches: e}}}
"""
# What a terminal, a log's reader or a browser would obey.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _renamed(body: bytes) -> bytes:
    answer = json.loads(body)
    for product in answer["data"]:
        product["product_name"] = NAME
    return json.dumps(answer).encode()


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service) -> Watcher:
    """A folder with the rules above, and a market that refuses one watch and names all so."""
    simulator.fail_next(status=400, body=json.dumps({"code": 400, "message": ERROR}))
    simulator.fail_next(times=100, edit=_renamed)
    ready = Watcher(tmp_path, simulator.url, {"SINK_URL": f"json://127.0.0.1:{sink.port}/"})
    ready.rules.write_text(RULES, encoding="utf-8")
    return ready


async def test_no_name_or_error_is_obeyed(watcher: Watcher, sink: Service) -> None:
    """Neither by a terminal, nor by a log's reader, a browser, a spreadsheet or a chat service."""
    process = await watcher.spawn("run", "--log-format", "text", "--listen", "127.0.0.1:0")
    try:
        log = await _used(process, watcher, sink)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert not OBEYED.search(log.decode()), log
    assert not any(line.startswith(b"2026-01-01") for line in log.splitlines())
    _check_messages(watcher)
    for taken in sink.taken:
        said = taken["title"] + taken["message"]
        assert "@everyone" not in said
        assert "<!channel>" not in said


async def _used(process: asyncio.subprocess.Process, watcher: Watcher, sink: Service) -> bytes:
    """The log of a daemon that scanned, told, was looked at by all means, and stopped."""
    assert process.stderr is not None
    log = b""
    async with asyncio.timeout(60):
        while log.count(b"scanned") < 2:
            log += await process.stderr.readline()
    await until(lambda: len(sink.taken) >= 2)
    found = re.search(rb"page=(http://[^ ]+/)", log)
    assert found is not None
    await _check_pages(found[1].decode())
    await _check_commands(watcher)
    process.terminate()
    log += await process.stderr.read()
    await process.wait()
    return log


class _Tags(HTMLParser):
    """Every tag of a page, its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        ours = tag == "script" and str(dict(attrs).get("src", "")).endswith("/static/page.js")
        if not ours:
            self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


async def _check_pages(page: str) -> None:
    """The overview and every page that it links to: the name is text in them and nothing else."""
    seen: dict[str, _Tags] = {}
    async with aiohttp.ClientSession() as session:
        waiting = ["/"]
        while waiting and len(seen) < 12:
            path = waiting.pop(0)
            async with session.get(URL(page).join(URL(path))) as answer:
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                seen[path] = _Tags(await answer.text())
            here = URL(page).join(URL(path))
            links = [leads_to(here, link) for link in seen[path].attributes.get("href", [])]
            waiting += [
                link
                for link in links
                if re.match(r"/(rules?|products?)\b", link) and link not in seen
            ]
        async with session.get(f"{page}metrics") as answer:
            metrics = await answer.text()
    for path, tags in seen.items():
        assert not tags.tags & {"script", "b", "iframe", "object"}, path
        assert not [name for name in tags.attributes if name.startswith("on")], path
        links = tags.attributes.get("href", []) + tags.attributes.get("src", [])
        assert not [link for link in links if "evil" in link], path
    assert "<script>alert(1)</script>" in "".join(tags.text for tags in seen.values())
    assert not OBEYED.search(metrics)


async def _check_commands(watcher: Watcher) -> None:
    # One of the two watches was refused, whichever came first.
    alert = json.loads((await watcher.call("alerts", "--json"))[1])[0]
    product, rule = alert["product_id"], alert["rule"]
    commands = [
        ["alerts"],
        ["product", product],
        ["product", product, "--json"],
        ["product", product, "--csv"],
        ["product", "everyone"],
        ["explain", rule, product],
        ["backtest", rule],
        ["status"],
        ["outbox", "list"],
        ["once", "--dry-run", "--rule", rule],
    ]
    results = await asyncio.gather(*(watcher.call(*command) for command in commands))
    for command, (_, out, err) in zip(commands, results, strict=True):
        assert not OBEYED.search(out + err), f"{command}: {out + err!r}"
        if command[0] in ("alerts", "explain") and "--json" not in command:
            assert "[red]r[/]" in out.replace("\n", ""), out
        if "--csv" in command:
            cells = [cell for line in out.splitlines() for cell in line.split(",")]
            assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


def _check_messages(watcher: Watcher) -> None:
    with Database.open(watcher.database, readonly=True) as database:
        rows = [database.outbox.get(number) for number in (1, 2)]
    for row in rows:
        assert row is not None
        for style in Style:
            shown = render(row.message, style)
            said = f"{shown.title}\n{shown.body}"
            assert not OBEYED.search(said), f"{style}: {said!r}"
            for harm in ("@everyone", "<!channel>", "<@U123>", "<script", "](http://evil", "**b**"):
                assert harm not in said, f"{style}: {harm}"
