"""Debian roots: made by debootstrap from this machine's archive, entered by systemd-nspawn."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.trial.stage import Skipped, network, pip_cache, run

_NEEDED = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container"}
_PIP_FILES = (Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf"))


async def debootstrap(root: Path, suite: str, packages: str) -> None:
    """A minimal Debian in ``root``; ``Skipped`` where none can be made on this machine."""
    if os.geteuid() != 0:
        raise Skipped("needs root, for a Debian of its own")
    for program, package in _NEEDED.items():
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed (package {package})")
    options = ("--variant=minbase", f"--include={packages}")
    await run("debootstrap", *options, suite, root, _mirror(), cwd=root.parent)
    _hand_on_pips_settings(root)


def nspawn(root: Path, *arguments: str) -> list[str]:
    """A command that enters ``root``, on this machine's network: the market is on its loopback.

    What pip has downloaded here is not downloaded again.
    """
    command = ["systemd-nspawn", "--quiet", f"--directory={root}", "--machine=trial"]
    command += ["--register=no", "--keep-unit", "--console=pipe"]
    (root / "root/.cache/pip").mkdir(parents=True, exist_ok=True)
    pip_cache().mkdir(parents=True, exist_ok=True)
    bound = (f"--bind={pip_cache()}:/root/.cache/pip", *_bound(os.environ))
    return [*command, *bound, *arguments]


def write(path: Path, text: str, mode: str = "w") -> None:
    """Write or append, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode, encoding="utf-8") as file:
        file.write(text)


def _hand_on_pips_settings(root: Path) -> None:
    for file in _PIP_FILES:
        if file.exists():
            write(root / file.relative_to("/"), file.read_text(encoding="utf-8"))


def _mirror() -> str:
    """The archive that this machine's apt reads; ``Skipped`` where it is no Debian's."""
    apt = Path("/etc/apt")
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    found = mirror_of("\n".join(file.read_text("utf-8") for file in files if file.is_file()))
    if found is None:
        raise Skipped("apt's sources name no Debian archive")
    return found


def mirror_of(sources: str) -> str | None:
    """The Debian archive in apt's sources, in their old or their new form."""
    form = r"^(?:deb (?:\[.*?\] )?|URIs: *)(\S+/debian)/?(?:\s|$)"
    found = re.search(form, sources, re.MULTILINE)
    return found[1] if found else None


def _bound(environment: Mapping[str, str]) -> Iterator[str]:
    """What pip's settings name of this machine's files, made visible in the root."""
    listing = subprocess.check_output([sys.executable, "-m", "pip", "config", "list"], text=True)
    text = "\n".join([listing, *network(environment).values()])
    for name in sorted(set(re.findall(r"(?<![\w:/.-])(?:file://)?(/[\w./-]+)", text))):
        if Path(name).exists() and name != "/":
            yield f"--bind-ro={name}"
