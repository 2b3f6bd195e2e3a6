"""The systemd guide in a fresh Debian: a root made by debootstrap, booted by systemd-nspawn.

In it a real systemd runs the real unit, hardened as it is. The guide is followed by a user who
may use sudo. Replaced are: the key that is typed, apt's questions (answered with yes), and
KeyAPI's address and the page's port, which /etc/watcher/watcher.env gives.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tools.trial.readme import commands
from tools.trial.roots import debootstrap, nspawn, write
from tools.trial.stage import Failed, Stage, network, run

SUITE = "bookworm"
_PACKAGES = "ca-certificates,dbus,procps,sudo,systemd,systemd-sysv"
_USER = "somebody"
_HOME = f"home/{_USER}"
_DONE = "trial: done"

# The first service after the boot: it follows the guide, and its end is the machine's.
_UNIT = f"""
[Unit]
Description=The guide
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
User={_USER}
WorkingDirectory=/{_HOME}/watcher
# As after a login: what pip and apt need of the environment.
EnvironmentFile=/etc/environment
ExecStart=/bin/bash -eux /trial/guide.sh
StandardOutput=append:/trial/log
StandardError=append:/trial/log
TimeoutStartSec=8min
[Install]
WantedBy=default.target
"""
# What the guide promises. `enable --now` came back: the daemon had said that it was ready.
_CHECKS = """
systemctl is-active watcher
systemctl is-enabled watcher
systemctl show watcher --property StatusText --property NRestarts
healthy() { /opt/watcher/bin/watcher health --listen "$WATCHER_LISTEN"; }
healthy
systemd-analyze verify --man=no watcher.service
test "$(sudo stat -c %a /etc/watcher/secrets/KEYAPI_KEY)" = 600
test "$(ps -o uid= -p "$(systemctl show --value --property MainPID watcher)")" -ge 61184
sudo systemctl reload watcher
healthy
"""
_AFTER_UPGRADE = (
    "systemctl is-active watcher\nhealthy\nsudo journalctl --no-pager -u watcher | tail -n 40\n"
)
_AFTER_REMOVAL = f"! systemctl is-active watcher\ntest ! -e /opt/watcher\necho '{_DONE}'\n"


async def try_systemd(stage: Stage) -> str:
    """Make the root, boot it, follow the guide, upgrade and remove; says what was done."""
    root = stage.folder / "root"
    await debootstrap(root, SUITE, _PACKAGES)
    _furnish(stage, root)
    try:
        await run(*nspawn(root, "--boot"), cwd=stage.folder, seconds=540)
    except Failed as error:
        raise Failed(f"{error}\n{_log(root)}") from error
    log = _log(root)
    if _DONE not in log.splitlines():
        raise Failed(log or "systemd did not come up in the root")
    if not stage.market.pages:
        raise Failed(f"nothing was read from the market\n{log}")
    return f"installed on Debian {SUITE}, started by systemd, reloaded, upgraded, removed"


def _furnish(stage: Stage, root: Path) -> None:
    """A user with sudo, a clone in his home, this machine's way to package indexes, the guide."""
    subprocess.run(["chroot", root, "useradd", "-m", "-s", "/bin/bash", _USER], check=True)
    stage.clone(root / _HOME / "watcher")
    write(root / _HOME / "watcher/.git/config", _origin(root), "a")
    subprocess.run(["chroot", root, "chown", "-R", _USER, f"/{_HOME}"], check=True)
    write(root / "etc/sudoers.d/trial", f"{_USER} ALL=(ALL) NOPASSWD: ALL\n")
    write(root / "etc/hosts", "127.0.0.1 localhost trial\n")
    write(root / "etc/hostname", "trial\n")
    write(root / "etc/apt/apt.conf.d/trial", 'APT::Get::Assume-Yes "true";\n')
    settings = "".join(f"{name}={value}\n" for name, value in stage.settings().items())
    write(root / "etc/watcher/watcher.env", settings)
    environment = {**network(os.environ), "WATCHER_LISTEN": stage.page}
    lines = (f"{name}={value}\n" for name, value in environment.items())
    write(root / "etc/environment", "".join(lines))
    write(root / "trial/guide.sh", _guide(root / _HOME / "watcher"))
    write(root / "etc/systemd/system/trial.service", _UNIT)
    subprocess.run(["chroot", root, "systemctl", "--quiet", "enable", "trial"], check=True)


def _origin(root: Path) -> str:
    """The clone's origin, by its path in the root."""
    return f'[url "/{_HOME}/"]\n\tinsteadOf = {root / _HOME}/\n'


def _guide(clone: Path) -> str:
    install = commands(clone, "debian", "systemd")
    upgrade, removal = commands(clone, "systemd upgrade"), commands(clone, "systemd uninstall")
    return install + _CHECKS + upgrade + _AFTER_UPGRADE + removal + _AFTER_REMOVAL


def _log(root: Path) -> str:
    path = root / "trial/log"
    return path.read_text(encoding="utf-8", errors="replace")[-6_000:] if path.exists() else ""
