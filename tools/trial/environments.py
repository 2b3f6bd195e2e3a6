"""``pip install`` into an empty virtual environment, and ``pipx install``."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

from tools.trial.readme import commands
from tools.trial.stage import Failed, Skipped, Stage, network, pip_cache, run

_PATIENCE = 300.0  # seconds, for the installation too
_READY = b"READY=1"


async def try_pip(stage: Stage) -> str:
    """Install by pip, take the first steps, upgrade, and remove it."""
    clone = stage.clone(stage.folder / "watcher")
    env = _environment(stage)
    await _run_daemon(stage, clone, env, "pip", "first steps")
    await _bash(clone, env, "pip upgrade")
    return "installed, first steps, /healthz, upgraded"


async def try_pipx(stage: Stage) -> str:
    """The same by pipx, which is taken from where this tool itself runs."""
    pipx = Path(sys.executable).with_name("pipx")
    if not pipx.exists():
        raise Skipped("pipx is not installed beside this Python")
    clone = stage.clone(stage.folder / "watcher")
    env = _environment(stage)
    own = stage.folder / "bin"
    own.mkdir()
    (own / "pipx").symlink_to(pipx)
    env["PATH"] = f"{stage.folder / '.local/bin'}:{own}:{env['PATH']}"
    await _run_daemon(stage, clone, env, "pipx", "first steps")
    await _bash(clone, env, "pipx upgrade", "pipx uninstall")
    if shutil.which("watcher", path=env["PATH"]):
        raise Failed("pipx uninstall left the command behind")
    return "installed, first steps, /healthz, upgraded, uninstalled"


def _environment(stage: Stage) -> dict[str, str]:
    """A new user's, with nothing of ours on the way to programs and modules."""
    ours = str(Path(sys.executable).parent)
    path = ":".join(each for each in os.environ["PATH"].split(":") if each != ours)
    return {
        "PIP_CACHE_DIR": str(pip_cache()),
        **network(os.environ),
        **stage.settings(),
        "PATH": path,
        "HOME": str(stage.folder),
        "LANG": "C.UTF-8",
    }


async def _bash(clone: Path, env: Mapping[str, str], *names: str) -> None:
    script = clone.parent / "commands.sh"
    script.write_text(commands(clone, *names), encoding="utf-8")
    await run("bash", "-eux", script, cwd=clone, env=env, seconds=_PATIENCE)


async def _run_daemon(stage: Stage, clone: Path, env: Mapping[str, str], *names: str) -> None:
    """Blocks of which the last ends with ``watcher run``: wait until it is ready, then Ctrl-C."""
    script = clone.parent / "commands.sh"
    script.write_text(commands(clone, *names), encoding="utf-8")
    log = clone.parent / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, log.open("wb") as output:
        address = clone.parent / "notify"
        manager.bind(str(address))
        manager.setblocking(False)  # noqa: FBT003 - its only form
        process = await asyncio.create_subprocess_exec(
            *("bash", "-eux", str(script)),
            cwd=clone,
            env={**env, "NOTIFY_SOCKET": str(address)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            await _ready(manager, process)
            await asyncio.to_thread(_healthy, stage)
            os.killpg(process.pid, signal.SIGINT)
            async with asyncio.timeout(60):
                code = await process.wait()
        except (TimeoutError, OSError, EOFError) as error:
            raise Failed(f"{names[0]}: {error!r}\n{_end(log)}") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    address.unlink()
    if code:
        raise Failed(f"{names[0]}: ended with {code}\n{_end(log)}")
    if not stage.market.pages:
        raise Failed(f"{names[0]}: nothing was read from the market\n{_end(log)}")


async def _ready(manager: socket.socket, process: asyncio.subprocess.Process) -> None:
    """Wait for the daemon's own word; ``EOFError`` where it ends before."""
    ended = asyncio.create_task(process.wait())
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                heard = asyncio.create_task(loop.sock_recv(manager, 4_096))
                await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not heard.done():
                    heard.cancel()
                    raise EOFError("it ended before it was ready")
                if _READY in heard.result():
                    return
    finally:
        ended.cancel()


def _healthy(stage: Stage) -> None:
    """Raises ``OSError`` unless ``/healthz`` answers 200."""
    with urlopen(f"http://{stage.page}/healthz", timeout=30):
        pass


def _end(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4_000:]
