"""A long life: the daemon in the README's layout, with all that befalls it, beside an undisturbed
twin on the same market, whose user wants the same (``wishes``).

    python -m tests.faults.soak --minutes 60 --seed 1 --db postgres

prints now and then what it measures, and every breach at the end: the process that was started is
still there and healthy, its memory and files stay flat, nothing was told twice, nothing lost; exit
code 1 if any. SIGTERM ends it early, with the judgement of what was.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec

from tests.end_to_end.process import Daemon
from tests.faults.disturbing import Disturbance
from tests.faults.gated import HUSHED, LABELS, LOOSE, LOOSE_CHANNELS
from tests.faults.gatekeeping import Gates
from tests.faults.gauges import Sample, busy, grown, look
from tests.faults.judging import doubled, repeats_of
from tests.faults.pair import side_by_side, strange_lines
from tests.faults.sink import Delivery, Fact
from tests.faults.visiting import Visitors
from tests.faults.wishes import SHOP_NAME
from tests.faults.world import RULES, Installation, world
from tests.postgres import cluster
from watcher.delivery.courier import pause_until
from watcher.evaluation.names import subject_name
from watcher.message import Message

RULES_OF_A_LIFE = RULES.replace("every: 1s", "every: 2s")
_LOOK_SECONDS = 5.0
_ILL = 3
_SHOWN = 20
# Whatever the source and the service do, no part of the daemon may die or stand still of it.
_NEVER = ("task died", "a scan broke", "the reload broke; the old rules stay")


@dataclass
class Life:
    """Disturbs one world for so many seconds, and measures its daemon meanwhile."""

    world: Installation
    seconds: float
    disturbance: Disturbance
    say: Callable[[str], object]
    every: float
    rules: str = RULES_OF_A_LIFE
    samples: list[Sample] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    ill: int = 0  # looks in a row at which it was not well: one may be a slow moment
    over: asyncio.Event = field(default_factory=asyncio.Event)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> asyncio.Task[None]:
        """The task that reads the daemon's log."""
        daemon, reading = await self.world.start()
        await daemon.said("watching")
        disturbing = asyncio.gather(
            self.disturbance.source(self.world.simulator),
            self.disturbance.service(),
            self.disturbance.user(self.world.watcher.rules, self._rules),
            self.disturbance.hush(lambda long: self.world.silence(HUSHED, long)),
            self._visits(daemon),
        )
        measuring = asyncio.create_task(self._measure(daemon))
        await pause_until(self.enough, self.seconds)
        disturbing.cancel()
        ended = await asyncio.gather(disturbing, return_exceptions=True)
        faults = [each for each in ended if isinstance(each, Exception)]
        self.breaches += [f"a disturbance: {each!r}" for each in faults]
        self._calm_down()
        self.over.set()
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)
        return reading

    async def _visits(self, daemon: Daemon) -> None:
        """Those who have its page open, once there is something to see; what they count and miss
        is its life's."""
        await daemon.said("scanned")
        book = "" if self.world.rows is None else f"books/{self.world.rows.book}/"
        await Visitors(
            f"{daemon.page}{book}",
            random.Random(f"{self.world.seed}/visitors"),
            self.world.number,
            self.disturbance.counts,
            self.breaches,
        ).run()

    def _rules(self) -> str:
        """The rules of the day."""
        return self.rules if self.world.wishes is None else self.world.wishes.text

    def _calm_down(self) -> None:
        """The market's last days are quiet, and the rules good."""
        self.world.simulator.faults.clear()
        self.disturbance.down = False
        self.world.sink.refusal = lambda _target: 0
        self.world.watcher.rules.write_text(self._rules(), encoding="utf-8")

    async def _measure(self, daemon: Daemon) -> None:
        began, shown = time.monotonic(), 0.0
        while daemon.process.returncode is None:
            await self._ask(daemon)
            self.samples.append(look(daemon.process.pid, time.monotonic() - began))
            if time.monotonic() - began >= shown:
                shown += self.every
                self.say(self._line(daemon))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _ask(self, daemon: Daemon) -> None:
        """Whether it is healthy, by its own word."""
        if daemon.process.returncode is not None:
            return
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
                session.get(f"{daemon.page}healthz") as answer,
            ):
                said = (await answer.text()).strip()
        except (aiohttp.ClientError, TimeoutError) as error:
            said = f"no answer ({type(error).__name__})"
        self.ill = self.ill + 1 if said != "ok" else 0
        if self.ill == _ILL:
            self.breaches.append(f"/healthz: {said}")

    def _line(self, daemon: Daemon) -> str:
        last = self.samples[-1]
        events = Counter(str(line.get("event")) for line in daemon.log)
        return (
            f"{last.at / 60:6.1f} min  pid {daemon.process.pid}  {last.memory:.0f} MiB  "
            f"{last.files} files  {last.threads} threads  {busy(self.samples):.1%} of a processor  "
            f"day {self.world.day}  {events['scanned']} scans  "
            f"{len(self.world.sink.taken)} messages  {events['rules reloaded']} reloads  "
            f"{len(self.breaches)} breaches"
        )


@dataclass
class Report:
    """Counts of a life, and every breach of what is promised."""

    days: int
    facts: int
    messages: int
    seconds: float
    processor: float
    troubles: Counter[str]
    scans: Counter[str]
    by_rule: Counter[str]
    breaches: list[str]

    def __str__(self) -> str:
        lived = f"{self.days} market days in {self.seconds / 60:.1f} min"
        lines = [
            f"{lived}, {self.processor:.1%} of a processor",
            f"  befell it: {_counts(self.troubles)}",
            f"  scans: {_counts(self.scans)}",
            f"  told: {self.facts} facts in {self.messages} messages ({_counts(self.by_rule)})",
            f"  breaches: {len(self.breaches)}",
        ]
        return "\n".join([*lines, *(f"  BREACH {each}" for each in self.breaches[:_SHOWN])])


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


async def run(
    folder: Path,
    seconds: float,
    seed: int,
    say: Callable[[str], object] = lambda _line: None,
    every: float = 180.0,
    rules: str = RULES_OF_A_LIFE,
    *,
    module: str = "watcher",
    urls: tuple[str, str] = ("", ""),
) -> Report:
    """Both worlds side by side, the undisturbed one never ahead; then the judgement. ``module`` is
    what runs in the one that is disturbed; ``urls`` are their databases, where those are on a
    server."""
    for name in ("rough", "calm"):
        (folder / name).mkdir(parents=True)
    async with (
        world(folder / "rough", "rough", seed, rules, urls[0], with_wishes=True) as rough,
        world(folder / "calm", "calm", seed, rules, urls[1], with_wishes=True) as calm,
    ):
        rough.listen, rough.watcher.module = "127.0.0.1:0", module
        rough.editing = random.Random(f"{seed}/editing")
        disturbance = Disturbance(random.Random(seed))
        rough.sink.refusal = disturbance.refusal
        life = Life(rough, seconds, disturbance, say, every, rules)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, life.enough.set)
        reading = await side_by_side(rough, calm, life.over, life.run(), days=1)
        assert rough.daemon is not None
        assert calm.daemon is not None
        life.breaches += [] if rough.incarnation == 1 else ["it was started more than once"]
        codes = (await rough.daemon.stop(), await calm.daemon.stop())
        await reading
        life.breaches += [] if codes == (0, 0) else [f"exit codes {codes}"]
        for each in (rough, calm):
            taken = msgspec.json.encode(each.sink.taken)
            (folder / each.name / "taken.json").write_bytes(taken)
        return _judge(rough, calm, life)


def _judge(rough: Installation, calm: Installation, life: Life) -> Report:
    assert rough.daemon is not None
    assert calm.daemon is not None
    joined = {(each.target, each.day) for each in rough.sink.taken if _is_joined(each)}
    expected, told = _facts(calm, joined), _facts(rough, joined)
    breaches = [f"never told: {fact}" for fact in sorted(expected - told)]
    breaches += [f"told only where troubles were: {fact}" for fact in sorted(told - expected)]
    breaches += _lost_in_joining(rough, calm, joined)
    breaches += [each for world in (rough, calm) for each in Gates(world).breaches()]
    alerts = [each for each in rough.sink.taken if not each.target.startswith("ops/")]
    breaches += [f"told twice: {mark}" for mark in repeats_of(alerts)]
    breaches += doubled(rough)
    breaches += [f"calm: {line}" for line in strange_lines(calm.daemon)]
    breaches += [
        f"{line.get('event')}: {line}" for line in rough.daemon.log if line.get("event") in _NEVER
    ]
    breaches += [f"not a line of its log: {line}" for line in rough.daemon.other if line.strip()]
    lost = rough.number(
        "SELECT count(*) FROM notifications WHERE state IN ('waiting', 'dead') "
        f"AND channel NOT IN {LOOSE_CHANNELS}"
    )
    breaches += [f"{lost} notifications are not sent"] if lost else []
    scans = rough.query("SELECT state, count(*) FROM scans GROUP BY state")
    return Report(
        days=rough.day,
        facts=len(expected),
        messages=len(rough.sink.taken),
        seconds=life.samples[-1].at if life.samples else 0.0,
        processor=busy(life.samples) if life.samples else 0.0,
        troubles=life.disturbance.counts + Counter({"days joined": len(joined)}),
        scans=Counter(dict(scans)),
        by_rule=Counter(fact.rule for each in calm.sink.taken for fact in each.facts()),
        breaches=[*life.breaches, *breaches, *grown(life.samples)],
    )


def _is_joined(delivery: Delivery) -> bool:
    """Several waited for the target and became one: it tells each product of each rule once."""
    return "what still holds" in delivery.title


def _lost_in_joining(
    rough: Installation, calm: Installation, joined: set[tuple[str, int]]
) -> list[str]:
    """What was told in the twin on a day on which messages were joined, and not at all where they
    were; and the other way round, of any day."""
    expected = {_subject(fact) for fact in _facts(calm, set())}
    told = {_subject(fact) for fact in _facts(rough, set()) if (fact.target, fact.day) in joined}
    on_those = {_subject(fact) for fact in _facts(calm, set()) if (fact.target, fact.day) in joined}
    heard = told | _counted(rough)
    return [f"lost in a joined message: {each}" for each in sorted(on_those - heard)] + [
        f"told only in a joined message: {each}" for each in sorted(told - expected)
    ]


def _subject(fact: Fact) -> tuple[str, str, str]:
    return fact.target, fact.rule, fact.product


def _counted(world: Installation) -> set[tuple[str, str, str]]:
    """Of what the messages tell that were joined, by target: also what is only counted."""
    assert world.wishes is not None
    names = {world.wishes.shop: SHOP_NAME}
    alerts = {
        int(alert): (rule, product, subject_name(product, product, names))
        for alert, rule, product in world.query(
            "SELECT a.id, a.rule, p.product_id FROM alerts AS a "
            "JOIN products AS p ON p.id = a.product"
        )
    }
    found = set[tuple[str, str, str]]()
    for target, body in world.query(
        "SELECT n.target, m.body FROM notifications AS n JOIN messages AS m ON m.id = n.message "
        "WHERE n.state = 'sent'"
    ):
        message = msgspec.json.decode(body, type=Message)
        if message.kind == "joined":
            for alert in (each for ids in message.alerts.values() for each in ids):
                rule, *subjects = alerts[alert]
                found |= {(target, LABELS.get(rule, rule), each) for each in subjects}
    return found


def _facts(world: Installation, joined: set[tuple[str, int]]) -> set[Fact]:
    """What was told of products; of its own troubles the daemon tells only where there are any."""
    return {
        fact
        for delivery in world.sink.taken
        if (delivery.target, delivery.day) not in joined
        for fact in delivery.facts()
        if fact.kind != "operator" and not fact.target.startswith(LOOSE)
    }


def main() -> int:
    """The long run by hand."""
    parser = argparse.ArgumentParser(description="Let the daemon live for long, and disturb it.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=3, help="minutes between two lines")
    parser.add_argument("--db", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one")
    chosen = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="watcher-soak-"))
        urls = ("", "")
        if chosen.db == "postgres":
            server = stack.enter_context(cluster())
            urls = server.create_database("rough"), server.create_database("calm")
        folder = chosen.folder or Path(temporary)
        seconds, every = 60 * chosen.minutes, 60 * chosen.every
        report = asyncio.run(run(folder, seconds, chosen.seed, say, every, urls=urls))
    say(str(report))
    return 1 if report.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
