"""Rule files on this machine, for a book on a server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.fakes import ENV, OTHER, RULES
from watcher.daemon.fleet.local_rules import LocalRules
from watcher.daemon.supervision import rule_watcher
from watcher.rules.files.loading import load


async def test_what_is_asked_during_a_reload_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that comes while an edited file is put in force: it may be old by then."""
    monkeypatch.setattr(rule_watcher, "_QUIET", 0.0)
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    rules = LocalRules(path, lambda: load([path], ENV))
    assert len((await rules.begin()).rules) == 1
    reloads, asked = asyncio.Semaphore(0), [True]

    async def reload() -> None:
        if asked:
            rules.wake(anew=asked.pop())
        reloads.release()

    path.write_text(RULES + OTHER)
    task = asyncio.create_task(rules.follow(reload, lambda: None))
    async with asyncio.timeout(20):
        await reloads.acquire()
        await reloads.acquire()
    task.cancel()
    await asyncio.wait({task})
