"""Bare work that figures are held against: libraries imported, and a loop that only wakes.

    python -m benchmarks.bare import MODULE ...            # imports them, and ends
    python -m benchmarks.bare rest SECONDS PERIOD MODULE ... # then only wakes; memory, CPU as JSON

So a goal is a ratio that holds on a slower machine, and proves something on a faster one.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

WATCHER = [sys.executable, "-m", "watcher"]
_ROOT = Path(__file__).parents[1]
# Prints what is not ours of all that a command has imported when it ends.
_NAMES = """
import atexit, sys
ours = ("watcher", "__", "sitecustomize")
others = lambda: [name for name in sys.modules if not name.startswith(ours)]
atexit.register(lambda: print(*others(), file=sys.stderr))
for name in sys.argv.pop(1).split():
    __import__(name)
from watcher.__main__ import main
main()
"""


def needs(command: Sequence[str], env: Mapping[str, str], also: str = "") -> list[str]:
    """The modules that are not ours of what ``watcher COMMAND`` and the modules ``also`` import."""
    done = subprocess.run(
        [sys.executable, "-c", _NAMES, also, *command], cwd=_ROOT, env={**os.environ, **env},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stderr.splitlines()[-1].split()


def importing(modules: Sequence[str]) -> list[str]:
    """The command that imports them, and ends."""
    return [sys.executable, "-c", _IMPORTS, *modules]


# No more than Python itself, or the ratio would be made of our benchmark's own imports.
_IMPORTS = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""


def resting(modules: Sequence[str], period: float, seconds: float) -> tuple[int, float]:
    """Bytes held and seconds of processor used by a process that has imported them, and whose
    event loop only wakes every ``period`` seconds, for so many seconds."""
    from benchmarks.processes import child  # noqa: PLC0415 - not for the child

    found = child("benchmarks.bare", str(seconds), str(period), *modules)
    return int(found["held"]), float(found["cpu"])


def main(seconds: float, period: float, modules: Sequence[str]) -> None:
    """Import, rest, tell."""
    from benchmarks.processes import answer, resident  # noqa: PLC0415

    for name in modules:
        with suppress(ImportError):
            importlib.import_module(name)
    held, cpu = resident(), time.process_time()
    asyncio.run(_wake(round(seconds / period), period))
    answer({"held": held, "cpu": time.process_time() - cpu})


async def _wake(times: int, period: float) -> None:
    for _ in range(times):
        await asyncio.sleep(period)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
