"""``watcher page`` as a process: no daemon, no secrets, one server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.fakes.world import HEAD
from tests.web.furnished import RULES, furnish
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server

PASSWORD = "geheim-4711-word"
_SERVED = re.compile(r"page=(http://[^ ]+/)")


@pytest.mark.end_to_end
def test_it_serves_until_it_is_told_to_stop(postgres_url: str, tmp_path: Path) -> None:
    """All books, also one whose secrets nobody has here; it says where, without the password."""
    url = postgres_url.replace("@", f":{PASSWORD}@", 1)
    rules = (HEAD + RULES).replace('json://localhost/"', '${NOWHERE_SET}"')
    with open_control(url) as control:
        control.books.create("shops")
        control.books.push("shops", {"r.yaml": rules.encode()}, expected=None, by="me")
    with open_store(Server(url, "shops")) as store:
        furnish(store)
    with subprocess.Popen(
        [sys.executable, "-m", "watcher", "page", "--db", url, "--listen", "127.0.0.1:0"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]},
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = _SERVED.search(said)
            assert found is not None, said + process.stderr.read()
            assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text("utf-8")
            with urlopen(found[1]) as answer:
                assert "held by nobody" in answer.read().decode()
            with urlopen(f"{found[1]}books/shops/rules/taking-off") as answer:
                assert "Products that sell" in answer.read().decode()
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            assert process.wait(timeout=30) == 0, rest
        finally:
            process.kill()
    assert PASSWORD not in said + rest
