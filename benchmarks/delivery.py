"""10,000 due notifications to 20 targets on loopback: how many a second, and is the loop free?

Once joined, as the daemon does where dozens wait for one target, and once one by one (what
joins is left out), which is the worst that can come. The targets are Apprise's ``json://``, and
Apprise alone, called from twenty threads, is what it is measured against.

    python -m benchmarks.delivery courier FILE URL joined|single   # what the children do
    python -m benchmarks.delivery apprise URL
    python -m benchmarks.delivery sink
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from urllib.request import urlopen

from aiohttp import web
from apprise import Apprise, AppriseAsset

from benchmarks.bare import decoding
from benchmarks.processes import answer, child, measured
from benchmarks.report import Line
from tests.delivery.messages import NOW, alerts
from watcher.daemon.connections import targets_of
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.delivery.apprise.target import Target
from watcher.delivery.courier import Courier, Nobody
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.incidents.delivery_hooks import Post
from watcher.message import NotificationState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.threads import Writer

ROWS, TARGETS = 10_000, 20
MOST_HELD = 0.25  # of what decoding a list in one go would hold it
MOST_WALL = 2.5  # against Apprise alone
TICK_SECONDS = 0.005


def lines(times: int) -> Iterator[Line]:
    """The case."""
    with sink() as url:
        found = {
            kind: [_courier(url, kind) for _ in range(times if kind == "joined" else 1)]
            for kind in ("joined", "single")
        }
        bare = child("benchmarks.delivery", "apprise", url)
    stall = decoding()
    for kind, what, most in (("joined", "joined", 0.1), ("single", "one by one", MOST_WALL)):
        runs = found[kind]
        yield Line(
            f"10,000 due notifications to 20 targets, {what}, against Apprise alone",
            tuple(run["wall"] / bare["wall"] for run in runs), "x", most,
            beside=f"{runs[0]['sent']:,} sent, {ROWS / runs[0]['wall']:,.0f} a second "
            f"against {ROWS / bare['wall']:,.0f}",
        )  # fmt: skip
        yield Line(
            "... the event loop is held at most meanwhile, against decoding a list in one go",
            tuple(run["held"] / stall for run in runs), "x", MOST_HELD, worst=True,
            beside=f"{max(run['held'] for run in runs) * 1_000:.0f} ms against "
            f"{stall * 1_000:.0f} ms",
        )  # fmt: skip


def rules(url: str) -> str:
    """A rule file with one channel of 20 targets."""
    urls = ", ".join(f'"{url}{number}"' for number in range(TARGETS))
    return (
        f"api: {{key: none}}\nchannels: {{me: {{url: [{urls}]}}}}\nrules:\n  - name: r\n"
        "    watch: {region: US}\n    when: {total_sale_7d_cnt: {at_least: 1}}\n    notify: [me]\n"
    )


def fill(database: Store, names: Sequence[str]) -> None:
    """Messages of ten products each, for all the targets."""
    with database.atomic():
        for number in range(ROWS // len(names)):
            message = alerts([f"Lamp {number}.{item}" for item in range(10)], title=str(number))
            database.outbox.add("me", names, message, NOW)


@contextmanager
def sink() -> Iterator[str]:
    """The address of a service in a process of its own that takes whatever is posted."""
    command = [sys.executable, "-m", "benchmarks.delivery", "sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"json://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()


def taken(url: str) -> dict[str, int]:
    """How many posts the sink at an address took, and how many of them once more."""
    with urlopen(url.replace("json://", "http://")) as answered:
        found: dict[str, int] = json.load(answered)
    return found


async def _sink() -> None:
    seen: Counter[tuple[str, bytes]] = Counter()

    async def take(request: web.Request) -> web.Response:
        seen[request.path, blake2b(await request.read(), digest_size=8).digest()] += 1
        return web.Response()

    async def count(_: web.Request) -> web.Response:
        return web.json_response({"taken": seen.total(), "doubles": seen.total() - len(seen)})

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/{target}", take)
    app.router.add_get("/", count)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def _courier(url: str, kind: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return child("benchmarks.delivery", "courier", f"{folder}/watcher.db", url, kind)


async def _deliver(
    writer: Writer, book: Rulebook, targets: Mapping[str, Target], *, joined: bool
) -> dict[str, float]:
    async with writer:
        await writer.run(lambda database: fill(database, list(targets)))
        courier: Courier = Courier(
            writer,
            targets,
            now=lambda: NOW,
            keeper=Post(lambda: book, lambda: NOW) if joined else Nobody(),
        )
        with measured() as cost:
            await courier.turn()
            await courier.idle()
        counts = await writer.run(lambda database: database.outbox.counts())
    return {"wall": cost.wall, "cpu": cost.cpu, "sent": counts[NotificationState.SENT]}


async def ticking() -> None:
    """Keep a timer on the loop, so that it sees what holds it from outside at any time."""
    while True:  # noqa: ASYNC110 - that it wakes is the point
        await asyncio.sleep(TICK_SECONDS)


def deliver(writer: Writer, url: str, *, joined: bool, holds: LoopLag) -> dict[str, float]:
    """On a new database; the loop is measured from the first message on."""
    book = load_text(rules(url))
    targets = targets_of(book)

    async def work() -> dict[str, float]:
        ticks = asyncio.create_task(ticking())
        try:
            return await _deliver(writer, book, targets, joined=joined)
        finally:
            ticks.cancel()

    with asyncio.Runner(loop_factory=holds.loop) as runner:
        return runner.run(work())


def _bare(url: str) -> dict[str, float]:
    """As many posts of the same text through Apprise alone, a thread for each target."""
    rendered = render(alerts([f"Lamp {item}" for item in range(10)]), Style.PLAIN)
    asset = AppriseAsset(async_mode=False)
    ends = []
    for number in range(TARGETS):
        ends.append(Apprise(asset=asset))
        ends[-1].add(f"{url}{number}")

    def send(end: Apprise) -> None:
        for _ in range(ROWS // TARGETS):
            assert end.notify(body=rendered.body, title=rendered.title)

    threads = [threading.Thread(target=send, args=(end,)) for end in ends]
    with measured() as cost:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"wall": cost.wall, "cpu": cost.cpu}


def main() -> None:
    """What a child does."""
    match sys.argv[1:]:
        case ["sink"]:
            asyncio.run(_sink())
        case ["apprise", url]:
            answer(_bare(url))
        case ["courier", path, url, kind]:
            holds = LoopLag()
            found = deliver(Writer(Path(path)), url, joined=kind == "joined", holds=holds)
            answer({**found, "held": holds.longest()})


if __name__ == "__main__":
    main()
