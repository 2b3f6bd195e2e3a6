"""Ctrl-C while a command is still being imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Presses Ctrl-C when a module is looked for: before its import, and in the middle of another's.
_PRESSES = """
import os, signal, sys
_, module, how, *arguments = sys.argv
sys.argv[1:] = arguments
class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Presses())
# Whatever it is for the tests themselves: who began them may ignore it.
signal.signal(signal.SIGINT, signal.SIG_IGN if how == "ignored" else signal.default_int_handler)
from watcher.__main__ import main
main()
"""


def pressed(module: str, *arguments: str, how: str = "heard") -> tuple[int, str, str]:
    """How ``watcher`` ends that is interrupted at the import of ``module``."""
    done = subprocess.run(
        [sys.executable, "-c", _PRESSES, module, how, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "module",
    ["watcher.cli", "click", "watcher.cli.main", "watcher.cli.check", "pydantic", "watcher.units"],
)
def test_it_is_quiet(module: str) -> None:
    """No traceback out of a library, and the exit code of Ctrl-C."""
    assert pressed(module, "check", "--rules", "rules.example.yaml") == (130, "", "")


def test_while_it_works() -> None:
    """What it imports only when it needs it; the command ends by itself, as quietly."""
    assert pressed("watcher.store.ports", "status") == (130, "", "")


def test_who_ignores_it_is_not_interrupted() -> None:
    """As the shell has it for what runs in the background of a script."""
    code, out, _ = pressed("watcher.cli.schema", "schema", how="ignored")
    assert code == 0
    assert out.startswith("{")
