"""The real ``watcher`` on a terminal of a given width (a pseudo-terminal), and what it wrote."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen

from rich.cells import cell_len

_COMMANDS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3|4|9|10)[0-7](?:;[0-9;]*)?m")


@dataclass(frozen=True)
class Seen:
    """How the command ended, and what the terminal got."""

    code: int
    raw: str

    @property
    def lines(self) -> list[str]:
        """Without colours; what overwrote a line stands in one of its own."""
        return re.split(r"[\r\n]+", _COMMANDS.sub("", self.raw))

    @property
    def widest(self) -> int:
        return max(map(cell_len, self.lines))

    @property
    def coloured(self) -> bool:
        return _COLOUR.search(self.raw) is not None


def on_terminal(folder: Path, columns: int, *arguments: str, **env: str) -> Seen:
    """Run a command in ``folder`` with stdout and stderr on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    with Popen(
        [sys.executable, "-m", "watcher", *arguments],
        cwd=folder,
        env={**inherited, "TERM": "xterm-256color", "LANG": "C.UTF-8", **env},
        stdin=DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        raw = b"".join(_read(master))
    os.close(master)
    return Seen(process.returncode, raw.decode())


def _read(master: int) -> list[bytes]:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(master, 65_536)
        except OSError:  # Linux's end of a terminal that nobody holds any more
            return parts
        if not part:
            return parts
        parts.append(part)
