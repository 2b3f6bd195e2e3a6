"""Memory that is given back after scans."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from watcher.daemon import memory

# Small pieces that lie between others: freeing them leaves holes, which glibc keeps.
HOLES = """
from pathlib import Path
from watcher.daemon.memory import give_back
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


def test_a_library_that_can_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is left alone."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    memory._trim.cache_clear()
    memory.give_back()
    memory._trim.cache_clear()
