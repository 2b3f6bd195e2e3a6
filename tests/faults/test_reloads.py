"""A short run of the reload harness; ``python -m tests.faults.reloads`` is the long one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from tests.end_to_end.process import Daemon
from tests.faults import reloads
from tests.faults.editions import Edition
from tests.faults.editors import OneFile
from tests.faults.reloads import Reloading, run
from tests.faults.world import Installation
from watcher.daemon.supervision.rule_watcher import RuleFiles

pytestmark = pytest.mark.end_to_end

RELOADS = 4


@pytest.mark.long
async def test_reloads_under_load(tmp_path: Path) -> None:
    """No timer is lost, nothing told twice or not at all, and nothing grows."""
    outcome = await run(tmp_path, "folder", RELOADS, seed=4)
    assert not outcome.breaches, str(outcome)
    assert outcome.facts
    assert outcome.refused


@dataclass
class Teller:
    """In the daemon's place: a word on each change of the file since the last one."""

    files: RuleFiles
    log: list[dict[str, str]] = field(default_factory=list)
    known: str = "nothing"

    async def said(self, event: str, count: int) -> None:
        """It would be waited for in vain where nothing changed."""
        assert self.files.digest() != self.known, "nothing is new"
        self.known = self.files.digest()
        self.log.append({"event": event})
        assert sum(line["event"] == event for line in self.log) == count


async def test_a_word_is_waited_for_only_where_one_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is gone twice in a row has not changed, whatever stood there for a moment."""
    faults = ["gone", "gone", "syntax", "gone", "gone", None, "gone", None]

    def next_one(number: int, _chance: random.Random) -> Edition:
        return Edition(number, f"# {number}\n", (), faults.pop(0))

    monkeypatch.setattr(reloads, "good", next_one)
    monkeypatch.setattr(reloads, "bad", next_one)
    monkeypatch.setattr(reloads, "HANGUP", 0.0)
    layout = OneFile(tmp_path)
    layout.path.write_text("rules: []")
    teller = Teller(RuleFiles(layout.path))
    daemon, world = cast("Daemon", teller), cast("Installation", None)
    harness = Reloading(world, layout, random.Random(1), daemon)
    monkeypatch.setattr(reloads, "BURST", 0.0)
    for _ in range(4):
        await harness.reload(last=False)
    assert [line["event"] for line in teller.log] == [
        "rule file refused",
        "rule file refused",
        "rule file refused",
        "rules reloaded",
    ]
    monkeypatch.setattr(reloads, "BURST", 1.0)
    faults[:] = ["gone", None, "gone", None, "gone", "gone", None]
    await harness.reload(last=True)
    assert teller.log[-1]["event"] == "rules reloaded"
    assert len(teller.log) == 5
