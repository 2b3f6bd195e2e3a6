"""Commands run in this process, as ``watcher`` runs them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.cli.schemas import hold
from watcher.cli.main import main


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass
class Command:
    """Runs commands and takes what they print."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Result:
        self.capsys.readouterr()
        code: object = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code or 0
        printed = self.capsys.readouterr()
        assert isinstance(code, int)
        assert "Traceback" not in printed.err, printed.err
        if "--json" in arguments:
            hold([*map(str, arguments)], printed.out)
        return Result(code, printed.out, printed.err)
