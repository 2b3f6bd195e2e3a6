"""A page's commands, run by a real shell: with folders of a test's own, and without root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.trial.readme import commands

ROOT = Path(__file__).parents[2]
# What a page asks of the system's administrator is done by whoever runs the tests; what it asks of
# a server's, by that user of the server.
_SUDO = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do
    [ "$1" = -u ] && { shift; export PGUSER="$1"; }
    shift
done
exec "$@"
"""
_SYSTEMCTL = '#!/bin/sh\necho "$*" >> {asked}\n'


@dataclass
class Shell:
    """A folder in which a page's commands are run. ``moved`` has the places that a page names, and
    what stands for each here."""

    folder: Path
    moved: Mapping[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin.mkdir()
        self.program("sudo", _SUDO)
        self.program("systemctl", _SYSTEMCTL.format(asked=self.folder / "systemctl"))
        self.program("watcher", f'#!/bin/sh\nexec {sys.executable} -m watcher "$@"\n')

    @property
    def bin(self) -> Path:
        """The folder of the commands that stand for the system's."""
        return self.folder / "bin"

    def program(self, name: str, text: str) -> None:
        """Have a command of that name do this."""
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run(self, *blocks: str, text: str = "") -> str:
        """Run these blocks, or ``text``; what they printed. Any command that fails fails all."""
        script = text or commands(ROOT, *blocks)
        for place, here in self.moved.items():
            script = script.replace(place, here)
        env = {
            "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            **self.env,
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", script], cwd=self.folder, env=env, text=True,
            capture_output=True, check=False, stdin=subprocess.DEVNULL,
            start_new_session=True,  # no terminal that could be asked for a password
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def asked(self) -> list[str]:
        """What systemctl was asked for."""
        path = self.folder / "systemctl"
        return path.read_text("utf-8").splitlines() if path.exists() else []
