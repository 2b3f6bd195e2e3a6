"""systemd's own checks of the units. They need no running systemd, only its tool."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.trial.readme import commands

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "watcher.service"
# Each with the name under which it is started: the second one as an instance.
UNITS = {
    "watcher.service": "watcher.service",
    "watcher@.service": "watcher@all.service",
    "watcher-litestream.service": "watcher-litestream.service",
}
WORST = 1.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not installed (package systemd)",
)


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit with a program that is there: ``verify`` looks for it."""
    text = UNIT.with_name(request.param).read_text(encoding="utf-8")
    copy = tmp_path / UNITS[request.param]
    text = re.sub("/opt/watcher/bin/(watcher|litestream)", sys.executable, text)
    copy.write_text(text, encoding="utf-8")
    return copy


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@needs_systemd
def test_verify_is_silent(unit: Path) -> None:
    """It may exit with 0 and complain all the same."""
    result = analyze("verify", "--recursive-errors=no", "--man=no", unit)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@needs_systemd
def test_verify_would_complain(unit: Path) -> None:
    """The check above can fail."""
    unit.write_text(unit.read_text(encoding="utf-8").replace("UMask=", "UMsak="), encoding="utf-8")
    assert "UMsak" in analyze("verify", "--recursive-errors=no", "--man=no", unit).stderr


@needs_systemd
def test_its_exposure_is_low(unit: Path) -> None:
    """0 is nothing to fear, 10 a bare service."""
    result = analyze("security", "--offline=true", "--no-pager", unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert found is not None, result.stdout + result.stderr
    assert float(found[1]) <= WORST


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "WatchdogSec=5min",
        "DynamicUser=yes",
        "StateDirectory=watcher",
        "LoadCredential=watcher:/etc/watcher/secrets",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "LimitNOFILE=1024",
        # numpy's mbind() would else be the death of the daemon.
        "SystemCallErrorNumber=EPERM",
    ],
)
def test_what_the_daemon_relies_on(line: str) -> None:
    """Settings that an edit must not lose."""
    assert line in UNIT.read_text(encoding="utf-8").splitlines()


def test_every_unit_is_tried() -> None:
    """All that are there."""
    assert {path.name for path in UNIT.parent.glob("*.service")} == set(UNITS)


def test_an_instance_is_as_closed_as_the_service() -> None:
    """What is not about where it keeps its data is the same."""
    own = set(UNIT.read_text("utf-8").splitlines())
    other = set(UNIT.with_name("watcher@.service").read_text("utf-8").splitlines())
    missing = {line.partition("=")[0] for line in own - other if not line.startswith("#")}
    assert missing == {
        "Description", "Documentation", "After", "ExecStart", "EnvironmentFile", "StateDirectory",
        "StateDirectoryMode", "WorkingDirectory",
    }  # fmt: skip


def test_the_guide_is_short() -> None:
    """At most six commands from a clone to a running service."""
    guide = commands(ROOT, "systemd").splitlines()
    assert 1 <= len(guide) <= 6
    assert not any("&&" in line or ";" in line for line in guide)
