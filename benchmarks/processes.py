"""Measuring in processes of their own, so that no figure holds another's memory or imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Cost:
    """Seconds of processor (all threads) and of the wall's clock; ``peak`` bytes of memory.

    The peak is the whole process's, from the last ``forget_peak`` on.
    """

    cpu: float = 0.0
    wall: float = 0.0
    peak: int = 0


@contextmanager
def measured() -> Iterator[Cost]:
    """The cost of a block, filled in at its end."""
    cost = Cost()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield cost
    finally:
        cost.cpu, cost.wall = time.process_time() - cpu, time.perf_counter() - wall
        cost.peak = peak()


def peak(process: int | str = "self") -> int:
    """The most memory that a process ever held, in bytes.

    Not ``ru_maxrss``: that begins with what the parent held when it started this process.
    """
    return _status(process, "VmHWM")


def resident(process: int | str = "self") -> int:
    """The memory that a process holds now, in bytes."""
    return _status(process, "VmRSS")


def forget_peak() -> None:
    """Let the peak begin anew, from what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def cpu_of(process: int) -> float:
    """Seconds of processor that a process has used, all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_family(process: int) -> float:
    """Seconds of processor that a process and those that it started have used, those that ended
    already too; 0 for none. A server's sessions are such."""
    if not process:
        return 0.0
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(path.parent.name) == process:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == process:
                ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def child(module: str, *arguments: str) -> dict[str, Any]:
    """Run ``python -m MODULE ARGUMENTS``, and read the JSON that it prints last.

    Raises ``subprocess.CalledProcessError`` where it fails; what it says goes to our stderr.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def answer(values: dict[str, Any]) -> None:
    """What a child tells its parent."""
    print(json.dumps(values), flush=True)


def _status(process: int | str, name: str) -> int:
    for text in Path(f"/proc/{process}/status").read_text().splitlines():
        if text.startswith(f"{name}:"):
            return int(text.split()[1]) * 1024
    raise LookupError(name)


def ratios(ours: Sequence[float], bare: Sequence[float]) -> tuple[float, ...]:
    """Ours against the bare library's, time by time."""
    return tuple(our / its for our, its in zip(ours, bare, strict=True))
