"""``python -m tests.end_to_end.hasty``: the watcher's command line, but its daemon has little
patience: a second's silence of the rule files' part is too long. ``LOOK`` has the seconds between
two looks at them.
"""

from __future__ import annotations

import os
from functools import partial

from watcher.cli import run
from watcher.cli.main import main
from watcher.daemon.service import Service
from watcher.daemon.supervision.liveness import SILENCE, Limits

if __name__ == "__main__":
    limits = Limits(
        {**SILENCE, "rule files": 1.0},
        patience=0.3,
        period=0.2,
        look=float(os.environ.get("LOOK", "0.3")),
    )
    vars(run)["Service"] = partial(Service, limits=limits)
    main()
