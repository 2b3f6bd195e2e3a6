"""What a long run is measured by: a process's memory, open files, threads and processor time."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1 << 20
_WARM = 0.3  # share of the samples in which it still fills its caches and its pool of threads
FEW = 20  # samples that say nothing yet

# How much more than in the beginning a process may have at the end: MiB of memory, files, threads.
# A day more in the history is some pages more of SQLite's cache, up to its bound.
SLACK = (12.0, 4, (os.cpu_count() or 1) + 4)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: seconds since the first, MiB, descriptors, threads, seconds of processor."""

    at: float
    memory: float
    files: int
    threads: int
    processor: float


def look(pid: int, at: float) -> Sample:
    """What the process has now."""
    process = Path("/proc") / str(pid)
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    # After the name in brackets, which may hold anything. 12th and 13th: user's and system's time.
    fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return Sample(
        at,
        pages * _PAGE / _MIB,
        len(os.listdir(process / "fd")),  # noqa: PTH208 - only their number counts
        len(os.listdir(process / "task")),  # noqa: PTH208
        (int(fields[11]) + int(fields[12])) / _TICKS,
    )


def grown(samples: Sequence[Sample]) -> list[str]:
    """What was more at the end than after the warm-up: the medians of the quarters are compared,
    for a scan takes memory and connections while it lasts."""
    warm = samples[int(len(samples) * _WARM) :]
    if len(warm) < FEW:
        return []
    quarter = len(warm) // 4
    kinds: tuple[tuple[str, Callable[[Sample], float]], ...] = (
        ("MiB of memory", lambda each: each.memory),
        ("open files", lambda each: each.files),
        ("threads", lambda each: each.threads),
    )
    breaches = []
    for (name, of), slack in zip(kinds, SLACK, strict=True):
        first = statistics.median(map(of, warm[:quarter]))
        last = statistics.median(map(of, warm[-quarter:]))
        if last > first + slack:
            breaches.append(f"{name} grew from {first:.0f} to {last:.0f}")
    return breaches


def busy(samples: Sequence[Sample]) -> float:
    """The share of one processor that was used between the first sample and the last."""
    first, last = samples[0], samples[-1]
    return (last.processor - first.processor) / max(last.at - first.at, 1e-9)
