"""Memory that is given back after scans."""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from watcher.daemon.supervision import memory
from watcher.daemon.supervision.memory import Returns
from watcher.store.threads import Writer

# Small pieces that lie between others: freeing them leaves holes, which glibc keeps.
HOLES = """
from pathlib import Path
from watcher.daemon.supervision.memory import give_back
import numpy as np

def held():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024

pieces = [np.zeros(8_000) for _ in range(1_000)]
kept = pieces[::2]
del pieces
before = held()
give_back()
print(before - held())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_what_is_free_is_given_back() -> None:
    """Half of 64 MB, though the other half lies between."""
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 15


THREADS = """
import ctypes, threading
from watcher.daemon.supervision.memory import keep_together
{call}
started = threading.Barrier(5)
kept = []

def work():
    started.wait()
    kept.extend(bytes(1_000) for _ in range(1_000))

threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads:
    each.start()
started.wait()
for each in threads:
    each.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="not glibc")
def test_all_threads_take_from_one_heap() -> None:
    """Several would keep holes of their own."""

    def heaps(call: str) -> int:
        code = THREADS.format(call=call)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return done.stderr.count("Arena ")

    assert heaps("") > 1
    assert heaps("keep_together()") == 1


PAGES = """
import sys
from pathlib import Path
from watcher.daemon.supervision.memory import give_back, keep_together
from watcher.store.sqlite.database import Database

def held():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024

keep_together()
with Database.open(Path(sys.argv[1])) as database:
    database.execute("CREATE TABLE filler (text)")
    with database.atomic():
        database.many("INSERT INTO filler VALUES (?)", (("x" * 3_000,) for _ in range(3_000)))
    database.number("SELECT sum(length(text)) FROM filler")
    give_back()
    before = held()
    database.let_go()
    give_back()
    print(before - held())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_the_databases_pages_are_let_go(tmp_path: Path) -> None:
    """Most of the 8 MB that SQLite keeps of what was read."""
    done = subprocess.run(
        [sys.executable, "-c", PAGES, str(tmp_path / "a.db")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(done.stdout) > 4


async def test_what_its_messages_took_is_given_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more is held than after the round; one looks for all rounds, and none after a stop."""
    given: list[str] = []
    monkeypatch.setattr(memory, "give_back", lambda: given.append("heap"))
    held = iter([100, 102, 110, 101])  # MB: after the round, at two looks, after a return
    monkeypatch.setattr(memory, "resident", lambda: next(held) * 1_000_000)
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.0)
    async with Writer() as writer:
        returns, others = Returns(writer), asyncio.all_tasks()
        await returns.round_is_over()
        (looking,) = asyncio.all_tasks() - others
        with pytest.raises(RuntimeError):  # the numbers are used up
            await looking
        assert len(given) == 2
        monkeypatch.setattr(memory, "resident", lambda: 0)
        await returns.round_is_over()
        (again,) = asyncio.all_tasks() - others
        await returns.round_is_over()
        assert asyncio.all_tasks() - others == {again}
        returns.stop()
        with pytest.raises(asyncio.CancelledError):
            await again
        assert len(given) == 4


OTHER_LIBRARY = """
import ctypes
from watcher.daemon.supervision.memory import give_back, keep_together
ctypes.CDLL = lambda _: object()
keep_together()
give_back()
"""


def test_a_library_that_can_not() -> None:
    """Is left alone."""
    subprocess.run([sys.executable, "-c", OTHER_LIBRARY], check=True)
