"""The key and the channels' URLs, fed as canaries through faults: nothing may show them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.canaries import KEY, Canaries, files_of
from tests.end_to_end.process import PATIENCE, Daemon, Watcher, until
from tests.fakes.sink import MailServer, Service, closed_port, receiving
from watcher.source.simulator import SMOOTH, Market, Simulator

pytestmark = pytest.mark.end_to_end

CHANNELS = """
  env: {{url: "${{ENV_URL}}"}}
  file: {{url: "${{FILE_URL}}"}}
  parts: {{url: "json://${{PART}}:x@127.0.0.1:{port}/${{PART}}"}}
  literal: {{url: ["{literal}", "{refused}"]}}
  tls: {{url: "{tls}"}}
  mail: {{url: "{mail}"}}
"""
RULES = """
operator: [env, literal, mail]
defaults: {region: US, every: 24h, notify: [env, file, parts, literal, tls, mail]}
rules:
  - {name: good, watch: {sort: total_sale_7d_cnt desc, top: 10},
     when: {total_sale_7d_cnt: {at_least: 1}}}
  - {name: asks-wrongly, watch: {sort: spu_avg_price desc, top: 10}, when: {review_count: 1}}
  - {name: moved, watch: {sort: total_sale_cnt desc, top: 10}, when: {review_count: 1}}
  - {name: gone, watch: {sort: total_sale_cnt asc, top: 10}, when: {review_count: 1}}
"""
# Each is an error in the very line of a secret; {} is one.
BROKEN = (
    'api: {{key: "{}", key: "{}"}}',
    "api: {}",
    "api: {{key: {} with a blank}}",
    "channels: {{x: {}}}",
    "channels: {{x: {{url: mailto://a@b?to={},{}@c}}}}",
    'channels:\n  x: {{url: "{}}}',
    "channels:\n  x:\n    url: slack://{}/: b\n",
    "channels:\n  x:\n    url: *{}\n",
    "operator: [slack://{}/b]",
    "watches: {{x: {{sort: slack://{}/b}}}}",
    "rules: [{{name: a, watch: slack://{}/b, when: {{slack://{}: 1}}, for: slack://{}}}]",
)


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server."""
    async with receiving() as server:
        yield server


@pytest.fixture
async def market() -> AsyncIterator[Simulator]:
    """A market that wants the canary."""
    # What is written down matters here, not how it sells.
    made = Market(seed=3, products=60, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH)
    async with Simulator(made, key=KEY) as serving:
        yield serving


@pytest.fixture
def canaries(sink: Service, mail: MailServer) -> Canaries:
    """Secrets for this test's services."""
    return Canaries(sink.port, mail.port, closed_port())


@pytest.fixture
def watcher(tmp_path: Path, market: Simulator, canaries: Canaries) -> Watcher:
    """A folder with the rules above, its secrets in all places where they may stand."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "FILE_URL").write_text(canaries.json("file"), encoding="utf-8")
    (credentials / "KEYAPI_KEY").write_text(KEY, encoding="utf-8")
    env = {
        "ENV_URL": canaries.json("env"),
        "PART": canaries.word("part"),
        "KEYAPI_KEY": KEY,
        "CREDENTIALS_DIRECTORY": str(credentials),
    }
    ready = Watcher(tmp_path, market.url, env)
    channels = CHANNELS.format(
        port=canaries.port,
        literal=canaries.json("literal"),
        refused=canaries.json("refused", port=canaries.closed),
        tls=canaries.json("tls", "jsons"),
        mail=canaries.mailto(),
    )
    ready.rules.write_text(f"channels:{channels}{RULES}", encoding="utf-8")
    return ready


def _faults(market: Simulator, canaries: Canaries) -> None:
    """Answers that repeat the key; one a watch, and one of them in a product's name."""
    echo = canaries.everything()
    moved = f"http://{KEY.lower()}.example.com/{KEY}?key={KEY}"
    market.fail_next(status=400, body=f'{{"code":400,"message":"bad {"x" * 150}{KEY}"}}')
    market.fail_next(status=302, body=echo, headers={"Location": moved, "X-Echo": KEY})
    market.fail_next(status=404, body=f"<p>{echo}")
    market.fail_next(
        edit=lambda body: body.replace(b'"product_name":"', b'"product_name":"' + KEY.encode())
    )


async def _pages(daemon: Daemon) -> dict[str, bytes]:
    seen = {}
    async with aiohttp.ClientSession() as session:
        for path in PAGES.split():
            async with session.get(daemon.page.rstrip("/") + path) as answer:
                seen[path] = await answer.read()
    return seen


PAGES = """
/ /watches /rules /scores /rules/good /alerts /products /products?q=kanary /outbox /silences
/healthz /metrics
/api/overview.json /api/rules/good.json /api/outbox.json /api/alerts.json
/api/scores.json /nothing/here
"""
COMMANDS = """
check
check --json
status
status --json
alerts --json
explain good 1 --json
backtest good --json
score --json
tune good --json
product 1 --json
channel list
channel test literal
channel test nobody
silence list --json
outbox list --json
outbox list
db stats
db backup watcher.db.copy
once --dry-run --rule good
metrics --json
schema
"""


async def _outputs(watcher: Watcher) -> dict[str, bytes]:
    """What every command prints, and the tests of the rule file."""
    suite = watcher.folder / "some.test.yaml"
    suite.write_text('rules: rules.yaml\ntests: [{name: "${PART}", rule: x}]\n', encoding="utf-8")
    commands = [*COMMANDS.strip().splitlines(), f"test {suite.name} --json"]
    results = await asyncio.gather(*(watcher.call(*line.split()) for line in commands))
    assert not any("Traceback" in err for _, _, err in results)
    return {
        line: (out + err).encode() for line, (_, out, err) in zip(commands, results, strict=True)
    }


@pytest.mark.long
async def test_no_secret_is_shown_by_anything(
    watcher: Watcher, market: Simulator, sink: Service, canaries: Canaries
) -> None:
    """Through faults of the source, the targets and the rule file, by daemon and commands."""
    _faults(market, canaries)
    sink.status, sink.body = 403, canaries.everything()
    sink.headers = {"Location": canaries.json("location"), "X-Echo": canaries.everything()}
    seen: dict[str, bytes] = {}
    good = watcher.rules.read_text("utf-8")
    async with watcher.running("--log-level", "debug") as daemon:
        await daemon.said("scanned", 4)
        for turn, broken in enumerate(BROKEN, start=1):
            before = len(daemon.log)
            text = broken.format(*[canaries.word(f"broken{turn}")] * broken.count("{}"))
            watcher.rules.write_text(text, encoding="utf-8")
            daemon.process.send_signal(signal.SIGHUP)
            await until(lambda b=before: _refused(daemon, b))  # type: ignore[misc]
        watcher.rules.write_text(good, encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        await daemon.said("rules reloaded")
        seen |= await _pages(daemon)
        outputs, seen["text log"] = await asyncio.gather(_outputs(watcher), _in_text(watcher))
        seen |= outputs
        seen["its command line"] = _command_line(daemon)
        seen |= dict(files_of(watcher.folder))
        assert await daemon.stop() == 0
    seen["log"] = "\n".join([*map(str, daemon.log), *daemon.other]).encode()
    seen |= {f"{name} after": data for name, data in files_of(watcher.folder)}
    assert {name: hits for name, data in seen.items() if (hits := canaries.found(data))} == {}
    assert b"literal/1" in seen["/"], "the targets were not tried"
    assert len(seen["watcher.db after"]) > 10_000


async def _in_text(watcher: Watcher) -> bytes:
    """What a second daemon logs as text, until Ctrl-C; its own database, so both may run."""
    text = ("--log-format", "text", "--log-level", "debug", "--db", "other.db", "--listen", "off")
    process = await watcher.spawn("run", *text)
    assert process.stderr is not None
    lines: list[bytes] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while b"scanned" not in b"".join(lines[-1:]):
                lines.append(await process.stderr.readline())
                assert lines[-1], lines
            process.send_signal(signal.SIGINT)
            rest = await process.stderr.read()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return b"".join([*lines, rest])


def _command_line(daemon: Daemon) -> bytes:
    return Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()


def _refused(daemon: Daemon, before: int) -> bool:
    return any(line.get("event") == "rule file refused" for line in daemon.log[before:])
