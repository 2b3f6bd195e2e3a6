"""``python -m tests.faults.probe``: the watcher's command line, which tells at SIGUSR1 how many
tasks and which threads it has, as one line of its log. What failed for now it tries again sooner:
a refused message after a second, and it takes a broken rule file for whole after two."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections import Counter

from watcher.cli.main import main
from watcher.daemon.supervision import rule_watcher
from watcher.delivery import courier


def _tell(_number: int, _frame: object) -> None:
    # A handler runs on the main thread, between two steps of the loop that runs there.
    tasks = asyncio.all_tasks(asyncio.get_running_loop())
    kinds = Counter(str(task.get_coro()).partition(" at 0x")[0] for task in tasks)
    threads = sorted(thread.name for thread in threading.enumerate())
    line = json.dumps(
        {"event": "probe", "level": "info", "tasks": len(tasks), "kinds": kinds, "threads": threads}
    )
    # Past Python's own buffer: the loop may be in the middle of a line of the log.
    os.write(sys.stderr.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    courier.FIRST_PAUSE = 1
    rule_watcher.BROKEN_QUIET = 2.0
    signal.signal(signal.SIGUSR1, _tell)
    main()
