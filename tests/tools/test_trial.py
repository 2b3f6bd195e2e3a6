"""The commands of the README and of pages in docs/, as the trials read them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.trial.readme import NoSuchBlock, commands
from tools.trial.roots import mirror_of
from tools.trial.stage import KEY, network

ROOT = Path(__file__).parents[2]
BLOCKS = (
    *("debian", "pip", "pipx", "first steps", "systemd", "systemd upgrade", "systemd uninstall"),
    *("pip upgrade", "pipx upgrade", "pipx uninstall", "litestream install", "litestream restore"),
    *("fleet server", "fleet daemon", "fleet extra", "fleet first book", "fleet replica"),
    *("fleet backup", "fleet restore", "fleet copy"),
)


@pytest.mark.parametrize("name", BLOCKS)
def test_each_block_is_a_script(name: str, tmp_path: Path) -> None:
    """Found, and bash can read it."""
    script = tmp_path / "script.sh"
    script.write_text(commands(ROOT, name), encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


def test_the_key_is_put_in() -> None:
    """Where the README has three dots, and where a command asks for it."""
    assert f"export KEYAPI_KEY={KEY} " in commands(ROOT, "first steps")
    assert f"/etc/watcher/secrets/KEYAPI_KEY <<< {KEY}\n" in commands(ROOT, "systemd")


def test_an_unknown_block() -> None:
    """A comment that an edit of the README lost."""
    with pytest.raises(NoSuchBlock, match="has commands below <!-- try: brew -->"):
        commands(ROOT, "pip", "brew")


def test_only_the_way_to_indexes_is_handed_on() -> None:
    """Nothing else of this machine's environment."""
    given = {"PIP_CERT": "/x", "HTTPS_PROXY": "p", "KEYAPI_KEY": "secret", "HOME": "/root"}
    assert network(given) == {"PIP_CERT": "/x", "HTTPS_PROXY": "p"}
    assert "HOME" not in network(os.environ)


@pytest.mark.parametrize(
    "sources",
    [
        "deb http://mirror.test/debian bookworm main\n",
        "deb [signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian/ bookworm main\n",
        "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\n",
        "deb http://other.test/debian-security x main\ndeb http://mirror.test/debian x main\n",
    ],
)
def test_apt_names_the_archive(sources: str) -> None:
    """In the old form of its sources and in the new one."""
    assert mirror_of(sources) == "http://mirror.test/debian"
    assert mirror_of("deb http://other.test/cloud x main\n") is None
