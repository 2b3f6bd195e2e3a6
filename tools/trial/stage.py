"""What every trial needs: a market, a fresh clone, the settings that reach package indexes."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from watcher.source.simulator import SMOOTH, Market, Simulator

ROOT = Path(__file__).parents[2]
KEY = "trial-key-5b1d7c"
_PRODUCTS = 500
# Settings of this machine that pip, apt and git need to reach their indexes, whatever these are.
_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


class Skipped(Exception):
    """The trial can't be made here; says why."""


class Failed(Exception):
    """What the README says does not work; ends with what was printed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A temporary folder, the market, and a port on loopback that was free."""

    folder: Path
    market: Simulator
    port: int

    @property
    def page(self) -> str:
        return f"127.0.0.1:{self.port}"

    def clone(self, to: Path) -> Path:
        """A fresh clone of the last commit, from a bare one beside it, as from a server."""
        origin = to.with_name(f"{to.name}.git")
        for source, target, *options in ((ROOT, origin, "--bare"), (origin, to)):
            command = ["git", "clone", "--quiet", *options, str(source), str(target)]
            subprocess.run(command, check=True)
        return to

    def settings(self) -> dict[str, str]:
        """What points watcher to the market, away from whoever listens on its usual port."""
        return {"KEYAPI_URL": self.market.url, "WATCHER_LISTEN": self.page}


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """The market is served and the folder there until the block ends."""
    today = datetime.fromtimestamp(time.time(), UTC).date()
    # Installing is tried here; a calm market tells the same each time.
    market = Market(seed=7, products=_PRODUCTS, start=today, regions=("US",), behaviour=SMOOTH)
    with TemporaryDirectory(prefix="watcher-trial-") as name:
        async with Simulator(market, key=KEY) as serving:
            yield Stage(Path(name), serving, _free_port())


def network(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment without which package indexes may not be reached."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("PIP_") or name.lower() in _NETWORK
    }


def pip_cache() -> Path:
    """Where this machine's pip keeps what it has downloaded."""
    command = [sys.executable, "-m", "pip", "cache", "dir"]
    return Path(subprocess.check_output(command, text=True).strip())


async def run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None, seconds: float = 600
) -> str:
    """Run a command to its end; what it printed. Raises ``Failed`` for another end than 0."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=cwd,
        env=dict(os.environ if env is None else env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Failed(f"{command[0]} did not end within {seconds:.0f} s") from None
    text = out.decode(errors="replace")
    if process.returncode:
        raise Failed(f"{command[0]} ended with {process.returncode}:\n{text[-4_000:]}")
    return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
