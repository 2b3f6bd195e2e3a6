"""What a real shell offers on Tab: commands, options and the user's own names."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.store.making import START, firing, scan
from watcher.cli.completion import VARIABLE
from watcher.cli.main import cli
from watcher.store.sqlite.database import Database

RULES = """\
channels: {growth: {url: "${NOT_SET}"}, mornings: {url: "json://h"}, "two words": {}}
metrics: {earnings: spu_avg_price * commission}
watches: {beauty: {top: many}, toys: nothing}
rules:
  - {name: beauty-rising, description: "Took off, at last", watch: nowhere}
  - {name: breakout, when: broken}
  - just a text
  - {name: {}}
"""
# What is typed up to the cursor, and all that is offered.
OFFERED = {
    "watcher ch": "check channel",
    "watcher explain b": "beauty-rising breakout",
    "watcher explain be": "beauty-rising",
    "watcher backtest br": "breakout",
    "watcher score br": "breakout",
    "watcher tune br": "breakout",
    "watcher tune breakout --metric earn": "earnings",
    "watcher alerts --rule b": "beauty-rising breakout",
    "watcher once --rule br": "breakout",
    "watcher export --rule br": "breakout",
    "watcher export --product ": "1729",
    "watcher export --metric earn": "earnings",
    "watcher export --watch be": "beauty",
    "watcher export --region U": "US",
    "watcher silence add --rule be": "beauty-rising",
    "watcher channel test ": "growth mornings",
    "watcher alerts --state ": "pending firing inactive",
    "watcher product 1 --metric earn": "earnings",
    "watcher product 1 --metric sales_g": "sales_growth sales_growth_z",
    "watcher product 1 --region U": "US",
    "watcher product --metr": "--metric",
    "watcher silence e": "end",
    "watcher completion ": "bash zsh fish",
    "watcher explain breakout ": "1729",
    "watcher explain --rules other/rules.yaml ": "elsewhere",
    "watcher explain --rules missing.yaml ": "",
    "watcher explain --rules broken.yaml ": "",
    "watcher explain --rules pipe ": "",
    "watcher --nothing": "",
}
# Asked of real shells, each of which starts the command for each line.
IN_SHELLS = (
    "watcher ch",
    "watcher explain b",
    "watcher channel test ",
    "watcher explain --rules missing.yaml ",
)
# Asks for what stands at the cursor, as Tab does, and prints it: a line each.
ASK = {
    "bash": """
eval "$(watcher completion bash)"
while IFS= read -r typed; do
    IFS=' ' read -ra COMP_WORDS <<< "$typed"
    [[ $typed == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )) COMPREPLY=()
    _watcher_completion watcher 2>&1
    IFS=' '; echo "${COMPREPLY[*]}"
done
""",
    "fish": """
watcher completion fish | source
while read -l typed
    set words (complete -C $typed 2>&1 | string split -f1 \\t)
    echo "$words"
end
""",
    # zsh completes only while somebody types: what its function would add is printed.
    "zsh": """
compdef() { :; }
eval "$(watcher completion zsh)"
compadd() { shift 4; print -r -- ${(P)1}; }
_describe() { print -r -- ${${(P)3}%%:*}; }
while IFS= read -r typed; do
    words=(${(s: :)typed}); [[ $typed == *' ' ]] && words+=('')
    CURRENT=$#words
    print -r -- ${(f)"$(_watcher_completion 2>&1)"}
done
""",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with rules, a database, and the command by its name."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/rules.yaml").write_text("rules: [{name: elsewhere}]", "utf-8")
    (tmp_path / "broken.yaml").write_text("rules: [", "utf-8")
    os.mkfifo(tmp_path / "pipe")
    command = tmp_path / "watcher"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m watcher "$@"\n', "utf-8")
    command.chmod(0o755)
    with Database.open(tmp_path / "watcher.db") as database, database.atomic():
        recorded = database.history.record(scan(START, {"1729": 20}))
        database.alerts.save([firing("breakout", int(recorded.products[0]))])
    return tmp_path


async def offered(shell: str, home: Path) -> list[str]:
    """What the shell offers for each of ``IN_SHELLS``, a line each."""
    process = await asyncio.create_subprocess_exec(
        *({"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "-N"]}[shell]),
        "-c",
        ASK[shell],
        cwd=home,
        env={
            "PATH": f"{home}:{os.environ['PATH']}",
            "HOME": str(home),
            **{name: os.environ[name] for name in _PASSED if name in os.environ},
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, _ = await process.communicate("".join(f"{line}\n" for line in IN_SHELLS).encode())
    return out.decode().splitlines()


_PASSED = ("PYTHONPATH", "LD_LIBRARY_PATH")


@pytest.mark.parametrize("typed", OFFERED)
def test_offers(typed: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of a file that has errors, too; nothing where there is no file, or no usable one."""
    monkeypatch.chdir(home)
    monkeypatch.delenv("WATCHER_RULES", raising=False)
    monkeypatch.delenv("WATCHER_DB", raising=False)
    *before, half = typed.split(" ")[1:]
    complete = ShellComplete(cli, {}, "watcher", VARIABLE)
    found = {item.value for item in complete.get_completions(before, half)}
    assert found == set(OFFERED[typed].split())


def test_says_what_a_name_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule's description, where the shell shows such; one file of a folder may be broken."""
    monkeypatch.setenv("WATCHER_RULES", str(home))
    complete = ShellComplete(cli, {}, "watcher", VARIABLE)
    (item,) = complete.get_completions(["explain"], "beauty")
    assert item.help == "Took off, at last"


@pytest.mark.end_to_end
@pytest.mark.parametrize("shell", ASK)
async def test_in_a_real_shell(shell: str, home: Path) -> None:
    """The printed script works there, and no message gets among the words."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    lines = await offered(shell, home)
    found = {typed: set(line.split()) for typed, line in zip(IN_SHELLS, lines, strict=True)}
    assert found == {typed: set(OFFERED[typed].split()) for typed in IN_SHELLS}
