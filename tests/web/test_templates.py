"""The page's templates: read when the daemon starts, compiled when they are first shown."""

from __future__ import annotations

import subprocess
import sys

LATER = """
import resource, sys
import watcher.daemon.file_page
from watcher.web.rendering import templates
made = templates()
before = set(sys.modules)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
names = made.list_templates()
for name in names:
    made.get_template(name)
print(len(names) > 30, sorted(set(sys.modules) - before))
"""


def test_no_file_is_needed_later() -> None:
    """The daemon may have no file descriptor left, neither for a template nor to import what
    compiles it."""
    done = subprocess.run(
        [sys.executable, "-c", LATER], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.splitlines() == ["True []"]
