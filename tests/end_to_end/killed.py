"""``python -m tests.end_to_end.killed``: the watcher's command line, but it is killed (SIGKILL)
once a report is written, right before it is noted that it was told.
"""

from __future__ import annotations

import os
import signal

from watcher.cli.main import main
from watcher.store.sql.operations import Reports


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Reports.told = _die  # type: ignore[method-assign,assignment]
    main()
