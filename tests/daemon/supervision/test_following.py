"""The part "rule files": how it looks, listens, and goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from watcher.daemon.supervision import rule_watcher as following
from watcher.daemon.supervision.rule_watcher import Ear, RuleFiles, RuleWatcher

# As the library says it: of the user's watchers, of the watches, and of something else.
INSTANCES = "Error creating recommended watcher: Too many open files (os error 24)"
WATCHES = 'OS file watch limit reached. about ["/x"] (Error { kind: MaxFilesWatch })'
GONE = 'No such file or directory (os error 2) about ["/x"]'


@dataclass
class Deaf:
    """In the library's place: it raises these reasons, one each time, and then hears nothing."""

    reasons: list[str] = field(default_factory=list)
    stops: list[asyncio.Event] = field(default_factory=list)
    folders: list[tuple[Path, ...]] = field(default_factory=list)
    listens: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, *folders: Path, stop_event: asyncio.Event, **_how: object
    ) -> AsyncIterator[None]:
        self.folders.append(folders)
        self.stops.append(stop_event)
        if self.reasons:
            raise RuntimeError(self.reasons.pop(0))
        self.listens.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stop_event.set()  # as the library does
            raise
        yield


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Deaf:
    """A system that tells of no change."""
    made = Deaf()
    monkeypatch.setattr(following, "awatch", made)
    return made


@dataclass
class Follow:
    """A follower of ``path`` that counts what it does."""

    path: Path
    looks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    changes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def __post_init__(self) -> None:
        files = RuleFiles(self.path)
        self.follower = RuleWatcher(
            files, self.changed, files.digest(), self.looks.release, look=0.02, poll=0.02
        )

    async def changed(self) -> None:
        self.changes.release()

    async def until(self, what: Callable[[], bool]) -> None:
        """Run it until so."""
        task = asyncio.create_task(self.follower.run())
        async with asyncio.timeout(20):
            while not what():
                await self.looks.acquire()
        task.cancel()
        await asyncio.wait({task})


async def test_it_looks_by_its_own_clock(tmp_path: Path, deaf: Deaf) -> None:
    """It is heard of, and finds what was saved, though the system tells of nothing."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    follow = Follow(path)
    task = asyncio.create_task(follow.follower.run())
    async with asyncio.timeout(20):
        await deaf.listens.wait()
        for _ in range(4):
            await follow.looks.acquire()
        assert follow.changes.locked()
        path.write_text("two")
        await follow.changes.acquire()
    task.cancel()
    await asyncio.wait({task})
    assert [each.is_set() for each in deaf.stops] == [True]


async def test_begun_anew_it_goes_on(tmp_path: Path, deaf: Deaf) -> None:
    """What it knew is not news again; what stops its library is another each time."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    follow = Follow(path)
    path.write_text("two")
    await follow.until(lambda: not follow.changes.locked())
    await follow.changes.acquire()
    deaf.listens.clear()
    await follow.until(deaf.listens.is_set)
    assert follow.changes.locked()
    assert len({id(each) for each in deaf.stops}) == len(deaf.stops) >= 2


async def test_a_change_that_could_not_be_taken_is_told_again(tmp_path: Path, deaf: Deaf) -> None:
    """A reload that broke is done anew by the next run."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    follow = Follow(path)
    path.write_text("two")

    async def breaks() -> None:
        raise RuntimeError("no store")

    follow.follower.changed = breaks
    with pytest.raises(RuntimeError, match="no store"):
        await follow.follower.run()
    follow.follower.changed = follow.changed
    await follow.until(lambda: not follow.changes.locked())
    assert deaf.folders


async def test_a_long_reload_is_no_silence(tmp_path: Path, deaf: Deaf) -> None:
    """It may wait behind a scan of thousands that is being stored; one without an end is late."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    follow = Follow(path)
    path.write_text("two")
    begun, done = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await done.wait()

    follow.follower.changed, follow.follower.look = slow, following.LONGEST_RELOAD / 4
    waits: list[float] = []

    async def wait(
        tasks: set[asyncio.Future[object]],
        timeout: float,  # noqa: ASYNC109 - as of asyncio's own
    ) -> tuple[set[asyncio.Future[object]], set[asyncio.Future[object]]]:
        waits.append(timeout)
        await asyncio.sleep(0)
        return set(), tasks

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(following, "wait", wait)
        task = asyncio.create_task(follow.follower.run())
        async with asyncio.timeout(20):
            await begun.wait()
            for _ in range(5):  # before the look, and in the reload
                await follow.looks.acquire()
    assert waits == [following.LONGEST_RELOAD / 4] * 4
    await asyncio.sleep(0)
    assert follow.looks.locked()
    done.set()
    async with asyncio.timeout(20):
        await follow.looks.acquire()
    task.cancel()
    await asyncio.wait({task})
    assert deaf.folders


async def test_a_folder_in_anothers_place_is_listened_to(tmp_path: Path, deaf: Deaf) -> None:
    """As where a whole folder is exchanged: the system tells nothing of a new one unasked."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text("one")
    follow = Follow(folder)
    task = asyncio.create_task(follow.follower.run())
    async with asyncio.timeout(20):
        await deaf.listens.wait()
        deaf.listens.clear()
        folder.rename(tmp_path / "old")
        shutil.copytree(tmp_path / "old", folder)
        await deaf.listens.wait()
    task.cancel()
    await asyncio.wait({task})
    assert deaf.folders[-1] == (folder,)
    assert [each.is_set() for each in deaf.stops] == [True] * len(deaf.stops)


async def test_a_disk_that_hangs_takes_one_thread(tmp_path: Path, deaf: Deaf) -> None:
    """However often the part is begun anew; once the disk answers, it goes on."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    follow = Follow(path)
    answers, asked = threading.Event(), 0

    class Hanging(RuleFiles):
        def digest(self) -> str:
            nonlocal asked
            asked += 1
            answers.wait()
            return "new"

    follow.follower.files = Hanging(path)
    before = set(threading.enumerate())
    for _ in range(3):
        task = asyncio.create_task(follow.follower.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    assert asked <= 1
    assert [each.name for each in set(threading.enumerate()) - before] == ["rule-files"]
    answers.set()
    await follow.until(lambda: not follow.changes.locked())
    assert deaf.folders


async def test_what_is_used_up_is_said_once(deaf: Deaf) -> None:
    """Each limit by its name; the ear tries again, and the rule files are looked at meanwhile."""
    deaf.reasons = [INSTANCES, INSTANCES, WATCHES, GONE, INSTANCES, GONE]
    ear = Ear(lambda _change, _path: True, again=0)
    with capture_logs() as logs:
        await ear.turn_to([Path("/x")])
        async with asyncio.timeout(20):
            await deaf.listens.wait()
        assert ear.open
        await ear.close()
    assert not ear.open
    limits = [str(line["used_up"]).partition(" ")[0] for line in logs]
    assert limits == ["fs.inotify.max_user_instances", "fs.inotify.max_user_watches", "None"]
    assert logs[2]["reason"] == GONE


async def test_the_process_own_limit_is_another(
    deaf: Deaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library says the same where the process has no descriptor left."""

    def full(_path: str, _flags: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    deaf.reasons = [INSTANCES]
    monkeypatch.setattr(os, "open", full)
    ear = Ear(lambda _change, _path: True, again=0)
    with capture_logs() as logs:
        await ear.turn_to([Path("/x")])
        async with asyncio.timeout(20):
            await deaf.listens.wait()
        await ear.close()
    assert str(logs[0]["used_up"]).startswith("RLIMIT_NOFILE")


async def test_while_it_is_deaf_it_looks_more_often(
    tmp_path: Path, deaf: Deaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second, and every five where the system would tell."""
    waits: list[float] = []

    async def pause(_news: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(following, "pause_until", pause)
    deaf.reasons = [INSTANCES]
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    follow = Follow(path)
    follow.follower.look, follow.follower.poll = 5.0, 1.0
    follow.follower.ear.again = 60
    task = asyncio.create_task(follow.follower.run())
    async with asyncio.timeout(20):
        while 1.0 not in waits:
            await follow.looks.acquire()
        task.cancel()
        await asyncio.wait({task})
        waits.clear()
        task = asyncio.create_task(follow.follower.run())
        while 5.0 not in waits:
            await follow.looks.acquire()
    task.cancel()
    await asyncio.wait({task})
