"""What is costly to make and never changed, made once for all of pytest's workers."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, which ``make`` filled for whichever worker came first; the others
    wait for it. Who changes something copies it. Where that fails the next one tries."""
    base = factory.getbasetemp()
    # A worker's own folder stands in that of all.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / f"once-{name}", shared / f"once-{name}.done"
    with (shared / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what one that failed left
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
