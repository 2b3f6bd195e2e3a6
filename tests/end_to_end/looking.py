"""``python -m tests.end_to_end.looking``: the watcher's command line, but its daemon looks at its
database each second or so.
"""

from __future__ import annotations

from functools import partial

from watcher.cli import run
from watcher.cli.main import main
from watcher.daemon.service import Service
from watcher.daemon.supervision.liveness import Limits

if __name__ == "__main__":
    vars(run)["Service"] = partial(Service, limits=Limits(period=0.2))
    main()
