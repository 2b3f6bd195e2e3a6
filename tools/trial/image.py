"""The Dockerfile's steps without Docker: in Debian roots with Debian's Python of the same version.

Each stage's RUN and COPY are carried out as they are written, then the image's command runs as the
image's user, with its environment, and its health check asks it. What a Python image brings beyond
Debian's own, layers, volumes and isolation are not tried.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tools.trial.roots import debootstrap, nspawn, write
from tools.trial.stage import KEY, Failed, Stage, network, run

_PACKAGES = "ca-certificates,python3,python3-venv,python-is-python3"


@dataclass
class _Build:
    """A stage of the image: its root, and what its instructions set."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""

    async def run(self, *command: str, **more: str) -> str:
        """Run a command in it."""
        settings = {**network(os.environ), **self.environment, **more}
        options = [f"--setenv={name}={value}" for name, value in settings.items()]
        if self.user:
            options.append(f"--user={self.user}")
        options.append(f"--chdir={self.folder}")
        entered = nspawn(self.root, "--as-pid2", *options)
        return await run(*entered, *command, cwd=self.root)


async def try_image(stage: Stage) -> str:
    """Both stages, then the daemon until its health check is content, and SIGTERM."""
    clone = stage.clone(stage.folder / "watcher")
    steps = _instructions((clone / "Dockerfile").read_text(encoding="utf-8"))
    base = stage.folder / "base"
    suite = (
        next(rest for name, rest in steps if name == "FROM").partition(" ")[0].rpartition("-")[2]
    )
    await debootstrap(base, suite, _PACKAGES)
    builds: dict[str, _Build] = {}
    said: dict[str, str] = {}
    for name, rest in steps:
        if name == "FROM":
            alias = rest.partition(" AS ")[2] or "last"
            await run("cp", "-a", base, stage.folder / alias, cwd=stage.folder)
            builds[alias] = _Build(stage.folder / alias)
        else:
            await _carry_out(builds, clone, name, rest, said)
    image = builds["last"]
    await _serve(stage, image, said)
    return f"built in Debian {suite}, ran as {image.user}, was healthy, stopped"


async def _carry_out(
    builds: dict[str, _Build], clone: Path, name: str, rest: str, said: dict[str, str]
) -> None:
    """One instruction in the newest stage; those that only describe go to ``said``."""
    now = list(builds.values())[-1]
    if name == "RUN":
        await now.run("/bin/sh", "-c", rest)
    elif name == "COPY":
        _copy(builds, clone, now, shlex.split(rest))
    elif name == "ENV":
        for each in shlex.split(rest):
            key, _, value = each.partition("=")
            now.environment[key] = value.replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
    elif name == "WORKDIR":
        now.folder = rest
        (now.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "USER":
        now.user = await _name_of(now, rest)
    else:
        said[name] = rest


def _copy(builds: dict[str, _Build], clone: Path, to: _Build, words: list[str]) -> None:
    source = clone
    if words[0].startswith("--from="):
        source = builds[words.pop(0).partition("=")[2]].root
    *names, target = words
    place = Path(to.folder, target)
    for name in names:
        path = source / name.lstrip("/")
        into = to.root / str(place).lstrip("/")
        if path.is_dir():
            shutil.copytree(path, into, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(path, into / path.name if target.endswith("/") else into)


async def _name_of(build: _Build, numbers: str) -> str:
    """nspawn takes a user by name only."""
    said = await build.run("id", "-nu", numbers.partition(":")[0])
    return said.splitlines()[0]  # nspawn itself may say something after it


async def _serve(stage: Stage, image: _Build, said: dict[str, str]) -> None:
    """As ``docker run`` with a rule file and a secret; the health check until it is content."""
    write(stage.folder / "secrets/KEYAPI_KEY", KEY)
    (image.root / "etc/watcher").mkdir()
    (image.root / "etc/watcher").chmod(0o777)
    entry, command = json.loads(said["ENTRYPOINT"]), json.loads(said["CMD"])
    check = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
    script = f"""
        {shlex.join([*entry, "init"])}
        {shlex.join([*entry, *command])} & daemon=$!
        until {shlex.join(check)}; do kill -0 $daemon && sleep 1; done
        kill -TERM $daemon; wait $daemon && test -s "$WATCHER_DB"
    """
    bind = f"--bind-ro={stage.folder}/secrets:/run/secrets"
    options = [f"--setenv={name}={value}" for name, value in stage.settings().items()]
    options += [f"--setenv={name}={value}" for name, value in image.environment.items()]
    options += [bind, f"--user={image.user}", f"--chdir={image.folder}", "--as-pid2"]
    entered = nspawn(image.root, *options)
    await run(*entered, "/bin/sh", "-ec", script, cwd=image.root, seconds=120)
    if not stage.market.pages:
        raise Failed("nothing was read from the market")


def _instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Each instruction with what follows it, its lines joined."""
    lines = (line for line in dockerfile.splitlines() if not line.startswith("#"))
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, rest.strip()) for name, _, rest in pairs]
