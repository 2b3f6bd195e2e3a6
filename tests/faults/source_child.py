"""The real daemon and the real ``once`` as processes, on a clock that all of them share.

``python -m tests.faults.source_child run|once|dry START BEGAN SPEED`` in the folder of a rule
file; the environment is as for ``watcher``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from watcher.cli.logs import configure
from watcher.cli.rule_loading import load_rules
from watcher.cli.single_run import SingleRun
from watcher.daemon.clock import FastClock
from watcher.daemon.service import Service
from watcher.errors import WatcherError
from watcher.store.engine import Scratch, Writer
from watcher.store.sqlite.locking import hold

RULES, DATABASE = Path("rules.yaml"), Path("watcher.db")


def main(what: str, start: str, began: str, speed: str) -> int:
    """Run until killed, stopped or done; the exit code of the command."""
    configure("text", "warning")
    clock = FastClock(int(start), float(speed), float(began))
    try:
        if what == "run":
            service = Service(RULES, DATABASE, None, lambda: load_rules(RULES), clock)
            asyncio.run(service.run())
            return 0
        book = load_rules(RULES)
        with nullcontext() if what == "dry" else hold(DATABASE):
            store = Scratch(DATABASE) if what == "dry" else Writer(DATABASE)
            once = SingleRun(book, store, dry_run=what == "dry", clock=clock)
            good = asyncio.run(once.run(list(book.used_watches), forced=True))
        return 0 if good else 1
    except WatcherError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
