"""After the reloads: are all timers there, and was everything told, and nothing twice?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.days import patiently
from tests.faults.editions import COMING, Edition
from tests.faults.judging import doubled, facts_of, repeats_of
from tests.faults.world import Installation

_SCANS = 2
_OPERATOR = "ops/1"
_BEGIN, _OVER = "watcher: rule file", "watcher: over: rule file"


@dataclass
class Outcome:
    """Counts of a run, and every breach of what is promised."""

    days: int
    facts: int
    messages: int
    scans: int
    reloaded: int
    refused: int
    operator: int
    paced: dict[str, float]
    kind: str = ""
    reloads: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    sizes: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        ways = ", ".join(f"{way} {count}" for way, count in sorted(self.ways.items()))
        paced = ", ".join(f"{watch} {seconds:.1f} s" for watch, seconds in self.paced.items())
        lines = [
            f"{self.kind}: {self.reloads} reloads in {self.seconds:.0f} s, {self.days} market days",
            f"  files: {ways}",
            f"  the log: {self.reloaded} reloaded, {self.refused} lines of refusals",
            f"  {self.scans} scans, {self.messages} messages, {self.facts} facts as expected",
            f"  the operator heard {self.operator} messages",
            f"  {_SCANS} more scans of each watch at the end took: {paced}",
            f"  files, connections, threads, tasks: {' '.join(self.sizes)}",
            f"  breaches: {len(self.breaches)}",
        ]
        return "\n".join([*lines, *(f"  BREACH {breach}" for breach in self.breaches[:12])])


async def settle(loaded: Installation, calm: Installation, paced: dict[str, float]) -> Outcome:
    """Judge all that was told."""
    await loaded.rest()
    assert loaded.daemon is not None
    log = loaded.daemon.log
    staying = {rule.name for rule in calm.book.rules}
    expected = facts_of(calm)
    told = {fact for fact in facts_of(loaded) if fact.rule in staying}
    breaches = [f"never told: {fact}" for fact in sorted(expected - told)]
    breaches += [f"told only where reloads were: {fact}" for fact in sorted(told - expected)]
    # The operator may hear the same of two times; in which order is looked at below.
    alerts = [each for each in loaded.sink.taken if each.target != _OPERATOR]
    breaches += [f"delivered twice: {mark}" for mark in repeats_of(alerts)]
    breaches += doubled(loaded)
    heard = [each.title for each in loaded.sink.taken if each.target == _OPERATOR]
    events = [str(line.get("event")) for line in log]
    if heard != (due := list(_due_to_operator(events))):
        breaches.append(f"the operator heard {heard}, and not {due}")
    return Outcome(
        days=loaded.day,
        facts=len(expected),
        messages=len(loaded.sink.taken),
        scans=loaded.number("SELECT count(*) FROM scans"),
        reloaded=events.count("rules reloaded"),
        refused=events.count("rule file refused"),
        operator=len(heard),
        paced=paced,
        breaches=breaches,
    )


async def pace(world: Installation, last: Edition) -> tuple[dict[str, float], list[str]]:
    """Seconds that some more scans of each watch take; and what no timer of today explains."""
    wanted = {watch.key: watch for watch in world.book.used_watches}
    gone = [
        key for key, watch in wanted.items() if watch.query.sort in set(COMING) - set(last.coming)
    ]
    staying = [key for key in wanted if key not in gone]
    began = time.monotonic()
    base = {key: world.committed(key) for key in wanted}
    paced: dict[str, float] = {}

    def scanned() -> bool:
        for key in staying:
            if key not in paced and world.committed(key) >= base[key] + _SCANS:
                paced[key] = time.monotonic() - began
        return len(paced) == len(staying)

    await patiently(scanned)
    breaches = [
        f"scanned though no rule reads it: {wanted[key].name}"
        for key in gone
        if world.committed(key) > base[key] + 1  # one may have been under way
    ]
    for key, watch in wanted.items():
        breaches += _too_often(world, key, COMING.get(str(watch.query.sort), 1))
    return {wanted[key].name: seconds for key, seconds in paced.items()}, breaches


def _too_often(world: Installation, key: str, every: int) -> list[str]:
    """Scans that came faster than the pace, or ran ahead of the clock: a timer too many."""
    rows = world.watcher.query("SELECT at, started FROM scans WHERE watch = ? ORDER BY id", key)
    ahead = [at for at, started in rows if at > started + 1]
    breaches = [f"{key} was read for {at}, ahead of its time" for at in ahead]
    quick = [later for (at, _), (later, _) in pairwise(rows) if later - at < every / 2]
    return breaches + [f"{key} was read too soon at {at}" for at in quick]


def _due_to_operator(events: Iterable[str]) -> Iterable[str]:
    """Once when the file becomes bad, once when it is good again."""
    is_bad = False
    for event in events:
        if event == "rule file refused" and not is_bad:
            is_bad = True
            yield _BEGIN
        if event == "rules reloaded" and is_bad:
            is_bad = False
            yield _OVER
