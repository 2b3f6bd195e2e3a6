"""The guides with systemd in a fresh Debian: a root made by debootstrap, booted by systemd-nspawn.

In it a real systemd runs the real units, hardened as they are. A guide is followed by a user who
may use sudo. Replaced are: the key that is typed, apt's questions (answered with yes), and
KeyAPI's address and the page's port, which /etc/watcher/watcher.env gives.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.trial.readme import commands
from tools.trial.roots import debootstrap, nspawn, write
from tools.trial.stage import Failed, Skipped, Stage, network, run

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
# Where a step fails, the services' own words say why.
_WHY = "trap 'sudo journalctl --no-pager --unit \"watcher*\" | tail -n 40' ERR\n"
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
# Litestream writes as the very user that systemd made for the daemon.
_COPIED = """
systemctl is-active watcher-litestream
systemd-analyze verify --man=no watcher-litestream.service
user() { ps -o uid= -p "$(systemctl show --value --property MainPID "$1")"; }
test "$(user watcher)" = "$(user watcher-litestream)"
litestream=/opt/watcher/bin/litestream
copied() { sudo $litestream restore -o /root/looked.db file:///var/lib/watcher-copy; }
for try in $(seq 60); do copied && break; sleep 1; done
sudo rm /root/looked.db
"""
_RESTORED = """
systemctl is-active watcher watcher-litestream
for try in $(seq 60); do healthy && break; sleep 1; done
healthy
sudo sh -c 'ls /var/lib/watcher/watcher.db.replaced-*'
sudo systemctl disable --now watcher-litestream
"""
# A second daemon on the same machine; each takes over what the other one leaves.
_FLEET_CHECKS = """
systemctl is-active watcher@all
systemd-analyze verify --man=no watcher@all.service
/opt/watcher/bin/watcher health --listen "$WATCHER_LISTEN"
! sudo journalctl --no-pager -u watcher@all | grep -F "$DB_PASSWORD"
echo 'WATCHER_LISTEN=off' | sudo tee /etc/watcher/second.env
sudo systemctl enable --now watcher@second
holding="SELECT pid FROM watcher.leases JOIN watcher.daemons ON id = holder"
holding="$holding WHERE book = 'shops' AND until > now()"
book() { sudo -u postgres psql --no-align --tuples-only watcher --command "$holding"; }
main() { systemctl show --value --property MainPID "$1"; }
is_held() { test "$(book)" = "$(main "$1")"; }
held() { for try in $(seq 150); do is_held "$1" && return; sleep 0.1; done; false; }
for try in $(seq 150); do test -n "$(book)" && break; sleep 0.1; done
holder=all other=second
is_held watcher@all || { is_held watcher@second && holder=second other=all; }
sudo systemctl stop watcher@$holder
held watcher@$other
sudo systemctl start watcher@$holder
sudo systemctl kill --signal=KILL watcher@$other
held watcher@$holder
sudo journalctl --no-pager -u 'watcher@*' | tail -n 40
"""
_AFTER_UPGRADE = (
    "systemctl is-active watcher\nhealthy\nsudo journalctl --no-pager -u watcher | tail -n 40\n"
)
_AFTER_REMOVAL = f"! systemctl is-active watcher\ntest ! -e /opt/watcher\necho '{_DONE}'\n"


async def try_systemd(stage: Stage) -> str:
    """Make the root, boot it, follow the guide, upgrade and remove; says what was done."""
    await _follow(stage, _guide)
    return f"installed on Debian {SUITE}, started by systemd, copied, restored, upgraded, removed"


async def try_fleet(stage: Stage) -> str:
    """The guide to daemons on PostgreSQL, with a second one on the same machine."""
    with socket.socket() as usual:
        if usual.connect_ex(("127.0.0.1", 5432)) == 0:
            raise Skipped("a PostgreSQL of this machine has the port of Debian's own")
    await _follow(stage, _fleet_guide)
    return f"a server and two daemons on Debian {SUITE}, a book pushed, handed over, taken over"


async def _follow(stage: Stage, guide: Callable[[Path], str]) -> None:
    """Make the root and boot it: it follows the guide, a script that is made of the clone."""
    root = stage.folder / "root"
    await debootstrap(root, SUITE, _PACKAGES)
    _furnish(stage, root, guide)
    try:
        await run(*nspawn(root, "--boot"), cwd=stage.folder, seconds=540)
    except Failed as error:
        raise Failed(f"{error}\n{_log(root)}") from error
    log = _log(root)
    if _DONE not in log.splitlines():
        raise Failed(log or "systemd did not come up in the root")
    if not stage.market.pages:
        raise Failed(f"nothing was read from the market\n{log}")


def _furnish(stage: Stage, root: Path, guide: Callable[[Path], str]) -> None:
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
    write(root / "trial/guide.sh", _WHY + guide(root / _HOME / "watcher"))
    write(root / "etc/systemd/system/trial.service", _UNIT)
    subprocess.run(["chroot", root, "systemctl", "--quiet", "enable", "trial"], check=True)


def _origin(root: Path) -> str:
    """The clone's origin, by its path in the root."""
    return f'[url "/{_HOME}/"]\n\tinsteadOf = {root / _HOME}/\n'


def _guide(clone: Path) -> str:
    install = commands(clone, "debian", "systemd")
    copy, restored = commands(clone, "litestream install"), commands(clone, "litestream restore")
    upgrade, removal = commands(clone, "systemd upgrade"), commands(clone, "systemd uninstall")
    copied = copy + _COPIED + restored + _RESTORED
    return install + _CHECKS + copied + upgrade + _AFTER_UPGRADE + removal + _AFTER_REMOVAL


def _fleet_guide(clone: Path) -> str:
    install = commands(clone, "debian", "fleet server", "fleet daemon")
    pushed = commands(clone, "pip", "fleet extra", "fleet first book")
    # The reader's database has another address than the example's.
    pushed = pushed.replace("db.example.com", "127.0.0.1")
    return f"{install}{pushed}{_FLEET_CHECKS}echo '{_DONE}'\n"


def _log(root: Path) -> str:
    path = root / "trial/log"
    return path.read_text(encoding="utf-8", errors="replace")[-6_000:] if path.exists() else ""
