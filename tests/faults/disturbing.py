"""What befalls a daemon in the field, at random: a source that fails, a service that refuses, a
user who edits the rules."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.writing import WAYS
from watcher.source.simulator import Fault, Simulator

_PAUSE = (1.0, 8.0)  # seconds between two troubles of one kind
_EDIT_PAUSE = (5.0, 40.0)
_REFUSED = 0.03  # of the messages, beside the outages
# In a row, of one target: the wait doubles with each, and after five a day would not end in its
# time. An outage may well meet four tries of one message, for they come ever later.
_MOST_REFUSED, _MOST_DOWN = 2, 4
_BAD = 0.2  # of the editions

# Each passes: a refused key or a bad request would stop the asking for a day.
FAULTS: dict[str, Callable[[random.Random], Fault]] = {
    "error": lambda chance: Fault(chance.randint(1, 6), status=chance.choice((500, 502, 503, 504))),
    "too many": lambda chance: Fault(
        chance.randint(1, 3), status=429, headers={"Retry-After": "1"}
    ),
    "dropped": lambda chance: Fault(chance.randint(1, 4), drop=True),
    "slow": lambda chance: Fault(chance.randint(1, 4), delay=chance.uniform(0.2, 3.0)),
    "dripping": lambda chance: Fault(drip=chance.uniform(0.01, 0.1)),
    "cut": lambda chance: Fault(chance.randint(1, 4), cut=chance.randint(1, 5_000)),
    "rubbish": lambda chance: Fault(chance.randint(1, 4), body=chance.choice(("", "<html>", "{}"))),
    "mangled": lambda chance: Fault(chance.randint(1, 3), edit=lambda body: body[:-7] + b"\x00]]}"),
}


@dataclass
class Disturbance:
    """Troubles one after another, counted by their kind, until cancelled."""

    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    down: bool = False  # the service that takes the messages
    refused: Counter[str] = field(default_factory=Counter)  # in a row, by target

    async def source(self, simulator: Simulator) -> None:
        """Faults, and now and then an outage."""
        while True:
            await asyncio.sleep(self.chance.uniform(*_PAUSE))
            if self.chance.random() < 0.1:
                outage = simulator.fail_next(times=1_000_000, status=503)
                self.counts["source: outage"] += 1
                await asyncio.sleep(self.chance.uniform(2, 12))
                simulator.faults.remove(outage)
                continue
            kind = self.chance.choice(list(FAULTS))
            simulator.fail_next(FAULTS[kind](self.chance))
            self.counts[f"source: {kind}"] += 1

    async def service(self) -> None:
        """Outages."""
        while True:
            await asyncio.sleep(4 * self.chance.uniform(*_PAUSE))
            self.down = True
            self.counts["service: outage"] += 1
            await asyncio.sleep(self.chance.uniform(1, 8))
            self.down = False

    def refusal(self, target: str) -> int:
        """The status with which the service refuses a target's next message; 0: it takes it."""
        refuses = self.down or self.chance.random() < _REFUSED
        if not refuses or self.refused[target] >= (_MOST_DOWN if self.down else _MOST_REFUSED):
            self.refused[target] = 0
            return 0
        self.refused[target] += 1
        self.counts["service: refused"] += 1
        return self.chance.choice((500, 502, 503, 429))

    async def hush(self, silence: Callable[[str], Awaitable[None]]) -> None:
        """Silences, one after the other or two at a time."""
        while True:
            await asyncio.sleep(self.chance.uniform(*_EDIT_PAUSE))
            await silence(f"{self.chance.randint(5, 45)}s")
            self.counts["user: a silence"] += 1

    async def user(self, rules: Path, text: Callable[[], str]) -> None:
        """Edits of the rules beside the database, which are ``text`` before; some of them bad ones,
        which are soon mended."""
        number = 0
        while True:
            await asyncio.sleep(self.chance.uniform(*_EDIT_PAUSE))
            number += 1
            bad = self.chance.random() < _BAD
            way = self.chance.choice(list(WAYS))
            WAYS[way](rules, (edited(text(), number, self.chance) + "\n- [" * bad).encode())
            self.counts[f"user: {'a bad edition' if bad else 'an edition'}"] += 1


def edited(text: str, number: int, chance: random.Random) -> str:
    """Another pace of asking, other words, another severity: nothing that changes what is told."""
    api = (
        f"{{requests_per_second: {chance.randint(100, 500)}, concurrency: {chance.randint(2, 4)}}}"
    )
    text = re.sub(r"^api: .*$", f"api: {api}", text, flags=re.MULTILINE)
    own = re.findall(r"- name: (\S+)(?:\n {4}.*)*?\n {4}severity:", text)
    name = chance.choice([each for each in re.findall(r"- name: (\S+)", text) if each not in own])
    severity = chance.choice(("info", "warning", "critical"))
    more = f"- name: {name}\n    description: edition {number}\n    severity: {severity}\n"
    return f"# edition {number}\n" + text.replace(f"- name: {name}\n", more)
