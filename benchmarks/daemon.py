"""The real ``watcher run`` as a service manager would start it, for cases that measure it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOWHERE = "http://127.0.0.1:9"  # a source that nobody may be asked of
_PATIENCE = 120.0  # seconds
_HELD = "watcher_loop_held_seconds_max"


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that is ready: seconds which that took, its process, its page, its rule file."""

    pid: int
    seconds: float
    page: str
    rules: Path
    manager: socket.socket
    log: Path

    def get(self, path: str = "") -> bytes:
        """One page."""
        with urllib.request.urlopen(f"{self.page}{path}", timeout=_PATIENCE) as answer:
            body: bytes = answer.read()
        return body

    def held(self) -> float:
        """Seconds for which its event loop was held at most, of late."""
        lines = self.get("metrics").decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(_HELD))

    def said(self, word: str) -> None:
        """Wait until it says this to the service manager."""
        while word not in self.manager.recv(4096).decode().splitlines():
            pass

    def logged(self, event: str) -> list[dict[str, object]]:
        """The lines of this event that it has logged so far."""
        whole = self.log.read_text().rpartition("\n")[0].splitlines()
        return [line for line in map(json.loads, whole) if line["event"] == event]


@contextmanager
def running(database: Path, rules: str, url: str = NOWHERE) -> Iterator[Running]:
    """A daemon on ``database`` until the block ends; ``url`` is its source."""
    with (
        tempfile.TemporaryDirectory() as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        folder = Path(name)
        (folder / "rules.yaml").write_text(rules)
        manager.bind(str(folder / "manager"))
        manager.settimeout(_PATIENCE)
        environment = {
            "KEYAPI_KEY": "sim-key", "KEYAPI_URL": url, "NOTIFY_SOCKET": str(folder / "manager"),
            **{each: os.environ[each] for each in ("PATH", "PYTHONPATH") if each in os.environ},
        }  # fmt: skip
        command = [
            sys.executable, "-m", "watcher", "run", "--db", str(database), "--listen",
            "127.0.0.1:0", "--log-format", "json",
        ]  # fmt: skip
        with (folder / "log").open("w") as log:
            begin = time.perf_counter()
            process = subprocess.Popen(command, cwd=folder, env=environment, stderr=log)
        daemon = Running(process.pid, 0.0, "", folder / "rules.yaml", manager, folder / "log")
        try:
            daemon.said("READY=1")
            seconds = time.perf_counter() - begin
            page = str(daemon.logged("watching")[0]["page"])
            yield Running(process.pid, seconds, page, daemon.rules, manager, daemon.log)
        finally:
            process.terminate()
            process.wait()
