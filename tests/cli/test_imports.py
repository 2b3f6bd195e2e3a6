"""What a command imports: each library costs its start some hundredth of a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RULES = """
rules:
  - name: growing
    watch: {region: US}
    when: {sales_growth: {at_least: 50%}}
"""
CHANNEL = 'channels: {me: {url: "json://localhost"}}\ndefaults: {notify: [me]}\n'
ASKED = """
import sys
from watcher.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(*{name.partition(".")[0] for name in sys.modules})
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    """The packages that a command has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *arguments],
        cwd=folder, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_no_more_than_click(tmp_path: Path, argument: str) -> None:
    """All commands are listed without one of them being imported."""
    modules = imported(tmp_path, argument)
    assert "click" in modules
    assert not modules & {
        "aiohttp", "apprise", "asyncio", "jinja2", "msgspec", "numpy", "pydantic", "rich",
        "sqlite3", "structlog", "yaml",
    }  # fmt: skip


def test_check_imports_what_rules_need(tmp_path: Path) -> None:
    """Without a channel and a database, neither what sends nor what stores."""
    (tmp_path / "rules.yaml").write_text(RULES)
    modules = imported(tmp_path, "check")
    assert {"numpy", "pydantic", "yaml"} <= modules
    assert not modules & {
        "aiohttp", "apprise", "PIL", "prometheus_client", "requests", "sqlite3", "sqlite_utils",
        "structlog", "watchfiles",
    }  # fmt: skip


def test_a_library_as_if_another_were_absent() -> None:
    """It is there for whoever asks for it later; what is imported already stays as it is."""
    code = (
        "import sys; from watcher.importing import import_without as take;"
        "take('structlog', 'rich', 'greenlet');"
        "print(sorted({'structlog', 'rich', 'pygments', 'greenlet'} & set(sys.modules)));"
        "import rich; take('re2', 'rich'); print('re2' in sys.modules, rich is sys.modules['rich'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.splitlines() == ["['structlog']", "False True"]


def test_the_daemon_prints_nothing_in_colours(tmp_path: Path) -> None:
    """What does takes 4 MB of it for good."""
    (tmp_path / "rules.yaml").write_text(RULES)
    modules = imported(tmp_path, "run", "--help")
    assert {"apprise", "structlog"} <= modules
    assert not modules & {"rich", "pygments", "greenlet"}


def test_check_tries_channels_without_the_daemon(tmp_path: Path) -> None:
    """What reads a channel's URL is imported; what serves pages, reads lists and logs is not."""
    (tmp_path / "rules.yaml").write_text(CHANNEL + RULES)
    modules = imported(tmp_path, "check")
    assert "apprise" in modules
    assert not modules & {"aiohttp", "PIL", "prometheus_client", "sqlite_utils", "structlog"}


def test_a_daemon_without_a_page_imports_none() -> None:
    """With ``--listen off``; all that a page needs is a tenth of the modules."""
    code = "import sys, watcher.cli.run; print(*(each for each in sys.modules if '.web' in each))"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.split() == ["watcher.web", "watcher.web.address"]


LATER = """
import sys
from pathlib import Path
from watcher.cli import run_work
from watcher.cli.rule_loading import keeping_loader
from watcher.store.sqlite.database import Database
load = keeping_loader(Path("rules.yaml"), Path("watcher.db"), lenient=True, page_needed=True)
load()
before = set(sys.modules)
Database.open(Path("watcher.db")).close()
load()
print("later:", sorted(set(sys.modules) - before))
"""


def test_a_daemon_imports_nothing_to_read_its_rules_anew(tmp_path: Path) -> None:
    """It may have no file handle left, and had no database when it first read them."""
    (tmp_path / "rules.yaml").write_text(RULES + CHANNEL)
    done = subprocess.run(
        [sys.executable, "-c", LATER], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "later: []"
