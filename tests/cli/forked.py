"""Commands in processes of their own, hundreds of them in a second: each is a fork of this one.

``python -m tests.cli.forked`` reads a list of cases as JSON and writes a list of their ends. A
case's standard output is read, closed (``>&-``), full (``/dev/full``), or a pipe that nobody reads.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NoReturn, TypedDict

import watcher
from watcher.cli.main import COMMANDS, cli, main
from watcher.delivery.apprise.target import warm_up

ROOT = Path(__file__).parents[2]
PORT = "54321"  # stands for the port that the service gets
PATIENCE = 60  # seconds of a case


class Case(TypedDict):
    """A command, and what it finds; ``PORT`` in an argument or the rule file is the service's."""

    arguments: list[str]
    folder: str
    stdout: str
    umask: int


class End(TypedDict):
    """How a command ended, and what it wrote; below 0 is the signal that it died of."""

    code: int
    out: str
    err: str


def run(cases: Sequence[Case], says: str = "ok") -> list[End]:
    """All cases, one after the other. ``says`` is what the service on loopback answers."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.forked"],
        input=json.dumps([says, list(cases)]),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    ends: list[End] = json.loads(done.stdout)
    return ends


class _Service(BaseHTTPRequestHandler):
    """Well at ``/healthz``; refuses all else for good, with the same words."""

    says = ""

    def do_GET(self) -> None:
        """Answer."""
        body = self.says.encode()
        self.send_response(200 if self.path == "/healthz" else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve(says: str) -> tuple[int, int]:
    """The service's port, and its process."""
    server = HTTPServer(("127.0.0.1", 0), type("Said", (_Service,), {"says": says}))
    child = os.fork()
    if not child:
        server.serve_forever()
    return server.server_port, child


def _end_of(case: Case, port: int) -> End:
    read, write = os.pipe()
    with tempfile.TemporaryFile() as err:
        if case["stdout"] == "gone":
            os.close(read)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(f"{case['folder']}/notify")
        child = os.fork()
        if not child:
            _become(case, port, write, err.fileno())
        os.close(write)
        threading.Thread(target=_stop_when_ready, args=(notify, child), daemon=True).start()
        out = b""
        if case["stdout"] != "gone":
            with os.fdopen(read, "rb") as stream:
                out = stream.read()
        _, status = os.waitpid(child, 0)
        notify.close()
        err.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return End(code=code, out=out.decode(), err=err.read().decode())


def _stop_when_ready(notify: socket.socket, child: int) -> None:
    """As a service manager that has seen enough."""
    try:
        while b"READY=1" not in notify.recv(4096):
            pass
        os.kill(child, signal.SIGTERM)
    except OSError:  # it ended by itself
        return


def _become(case: Case, port: int, out: int, err: int) -> NoReturn:
    """This process is the command."""
    code: object = 70
    try:
        signal.alarm(PATIENCE)
        os.chdir(case["folder"])
        os.umask(case["umask"])
        os.environ["NOTIFY_SOCKET"] = f"{case['folder']}/notify"
        rules = Path("rules.yaml")
        rules.write_text(rules.read_text("utf-8").replace(PORT, str(port)), "utf-8")
        os.dup2(err, 2)
        os.dup2(os.open("/dev/full", os.O_WRONLY) if case["stdout"] == "full" else out, 1)
        os.closerange(3, 100)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        if case["stdout"] == "closed":
            os.close(1)
            sys.stdout = None
        main([argument.replace(PORT, str(port)) for argument in case["arguments"]])
    except SystemExit as end:
        code = end.code
    finally:
        # What is still unwritten would be lost by a mistake of the command: it is not flushed.
        os._exit(code if isinstance(code, int) else 71)


def _import_all() -> None:
    """Here, once: half of a command's processor time is what it imports."""
    for name, _ in COMMANDS:
        cli.get_command(cli.make_context("watcher", [], resilient_parsing=True), name)
    for module in pkgutil.walk_packages(watcher.__path__, "watcher."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    warm_up()


def _all(says: str, cases: Sequence[Case]) -> list[End]:
    _import_all()
    port, service = _serve(says)
    try:
        return [_end_of(case, port) for case in cases]
    finally:
        os.kill(service, signal.SIGKILL)
        os.waitpid(service, 0)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_all(*json.load(sys.stdin))))
