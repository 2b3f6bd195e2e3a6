"""Rule files that are written slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.daemon.supervision.test_rule_watcher import overwrite
from watcher.daemon.supervision.rule_watcher import RuleFiles, RuleWatcher, Settling


class Disk:
    """What the files hold at each moment of a clock that only ``sleep`` moves.

    ``writes`` are times and contents, in order; a content with "!" in it is a broken one.
    """

    def __init__(self, *writes: tuple[float, str]) -> None:
        self.writes = writes
        self.now = 0.0
        self.read: list[str] = []

    def digest(self) -> str:
        return [text for at, text in self.writes if at <= self.now][-1]

    def good(self) -> bool:
        self.read.append(self.digest())
        return "!" not in self.read[-1]

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def settled(self, moved: Callable[[], None] = lambda: None) -> tuple[str, float]:
        """What is read in the end, and when."""
        settling = Settling(self.digest, self.good, self.sleep, lambda: self.now)
        return await settling.wait(self.digest(), moved, asyncio.to_thread), self.now


async def test_a_file_saved_at_once() -> None:
    """Is read a moment later; it was tried once."""
    disk = Disk((0, "rules"))
    assert await disk.settled() == ("rules", 1.0)
    assert disk.read == ["rules"]


def slowly(seconds: float, parts: int, last: str = "whole") -> Iterable[tuple[float, str]]:
    """A part each so many seconds, each of them broken, then the last."""
    for part in range(parts):
        yield part * seconds, f"part {part}!"
    yield parts * seconds, last


@pytest.mark.parametrize(("seconds", "parts"), [(0.3, 20), (0.9, 10), (2, 5), (4.5, 4)])
async def test_a_file_written_slowly(seconds: float, parts: int) -> None:
    """Is read when it is whole, though its parts were broken."""
    disk = Disk(*slowly(seconds, parts))
    text, at = await disk.settled()
    assert text == "whole"
    assert at <= seconds * parts + 1.5


async def test_half_a_good_file_is_not_taken() -> None:
    """Its rules that are not there yet would count as removed."""
    disk = Disk((0, "a"), (0.5, "a b"), (1.3, "a b c"))
    assert await disk.settled() == ("a b c", 2.5)
    assert disk.read == ["a b c"]


async def test_a_file_that_stays_broken() -> None:
    """Is told after five seconds; it is read once, not at every look."""
    disk = Disk((0, "x!"))
    assert await disk.settled() == ("x!", 5.0)
    assert disk.read == ["x!"]


async def test_a_file_that_goes_on_changing() -> None:
    """Is read as it is after half a minute; the part that waits shows that it lives."""
    disk = Disk(*((number / 4, f"{number}!") for number in range(1000)))
    beats = []
    text, at = await disk.settled(lambda: beats.append(disk.now))
    assert (text, at) == ("120!", 30.0)
    assert len(beats) == 120


async def test_a_real_file(tmp_path: Path) -> None:
    """Written in two parts: one change is heard of, with all of it."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    files, heard = RuleFiles(path), asyncio.Queue[str]()
    looks = 0

    async def changed() -> None:
        await heard.put(path.read_text())

    async def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            path.write_text("two and three")
        await asyncio.sleep(0)

    settling = Settling(files.digest, lambda: True, sleep, lambda: looks / 4)
    follower = RuleWatcher(files, changed, files.digest(), settling=settling)
    overwrite(path)
    task = asyncio.create_task(follower.run())
    async with asyncio.timeout(20):
        assert await heard.get() == "two and three"
    task.cancel()
    await asyncio.wait({task})
    assert heard.empty()
