"""``watcher rules`` and ``watcher books``, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import Command, Result
from watcher.store.engine import open_control

RULES = """\
api: {key: "${KEYAPI_KEY}", credits_per_day: 500, credits_per_month: 1000}
channels:
  ops: {url: "${SLACK_URL}"}
operator: [ops]
watches:
  beauty: {region: US, every: 24h, top: 10}
rules:
  - {name: hot, watch: beauty, notify: [ops], when: {sales_surge: {at_least: 100}}}
"""

Ask = Callable[..., Result]


@pytest.fixture
def ask(watcher: Command, folder: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """``watcher rules ... --book shops`` on a server, with a folder ``rules`` to push."""
    for name in ("WATCHER_BOOK", "WATCHER_BY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WATCHER_DB", postgres_url)
    write(folder / "rules", RULES)
    return lambda *arguments: watcher("rules", *arguments, "--book", "shops")


def write(folder: Path, text: str) -> Path:
    """A folder with rules, a list and what is not pushed."""
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(text)
    (folder / "ids.csv").write_text("7495\n7496\n")
    (folder / "notes.txt").write_text("mine\n")
    (folder / ".hidden.yaml").write_text("{")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


def ok(result: Result) -> str:
    """What a command that went well has printed."""
    assert result.code == 0, result.err
    return result.out


def test_pushed_shown_and_rolled_back(ask: Ask, folder: Path, watcher: Command) -> None:
    """From the first push to a rollback, with what is said of each."""
    out = ok(ask("push", "rules", "--comment", "to begin"))
    assert "book shops (new): revision 1, " in out
    assert [line.split() for line in out.splitlines()[2:5]] == [
        ["ids.csv", "added", "+2"], ["notes.txt", "added", "+1"],
        ["rules.yaml", "added", "+8"],
    ]  # fmt: skip
    assert "No daemon runs the book now" in out
    assert "Not set here; daemons that run the book need them: KEYAPI_KEY, SLACK_URL." in out
    assert "these are its rules already, revision 1 (" in ok(ask("push", "rules"))
    write(folder / "rules", RULES.replace("100}", "200}"))
    out = ok(ask("diff", "rules"))
    assert "\n-  - {name: hot, " in out
    assert "{at_least: 200}" in out
    assert "+++ rules/rules.yaml" in out
    pushed = json.loads(ok(ask("push", "rules", "--json", "--by", "ann")))
    assert (pushed["number"], pushed["by"], pushed["new"]) == (2, "ann", True)
    assert pushed["changes"] == [
        {"file": "rules.yaml", "state": "changed", "added": 1, "removed": 1}
    ]
    assert "has the rules of revision 2" in ok(ask("diff", "rules"))
    assert "\n+  - {name: hot, " in ok(ask("diff"))
    assert "revision 3 has the rules of revision 1 again" in ok(ask("rollback", "1"))
    listed = json.loads(ok(ask("history", "--json")))
    assert [(each["number"], each["comment"]) for each in listed] == [
        (3, "back to revision 1"), (2, ""), (1, "to begin"),
    ]  # fmt: skip
    assert listed[0]["digest"] == listed[2]["digest"]
    table = ok(ask("history")).splitlines()
    assert table[0].split() == ["Number", "Digest", "Pushed", "By", "Comment"]
    assert table[1].split()[0] == "3"
    assert "at_least: 100" in ok(ask("show"))
    assert "at_least: 200" in ok(ask("show", "2"))
    assert json.loads(ok(ask("show", "2", "--json")))["files"]["ids.csv"] == "7495\n7496\n"
    assert "these are its rules already" in ok(ask("rollback", "1"))
    assert "shops" in ok(watcher("books", "list"))


def test_not_over_unseen_rules(ask: Ask, folder: Path) -> None:
    """A folder that does not know the newest rules is told whose they are and what to do."""
    ok(ask("push", "rules"))
    other = write(folder / "other", RULES.replace("100}", "5}"))
    refused = ask("push", other)
    assert refused.code == 1
    assert "book shops has revision 1 (" in refused.err
    assert "pushed by" in refused.err
    assert "`watcher rules diff " in refused.err
    digest = refused.err.split("--expect ")[-1].split()[0]
    assert ask("push", other, "--expect", "0" * 12).code == 1
    assert ask("push", other, "--expect", digest[:4]).code == 1
    ok(ask("push", other, "--expect", digest))
    write(folder / "rules", RULES.replace("100}", "6}"))
    assert "which rules has not seen" in ask("push", "rules").err
    ok(ask("push", "rules", "--force"))
    write(folder / "rules", RULES.replace("100}", "7}"))
    ok(ask("push", "rules"))  # its own
    assert len(json.loads(ok(ask("history", "--json")))) == 4


def test_a_name_follows_itself(ask: Ask, folder: Path) -> None:
    """A CI, which begins in a new folder each time, says who it is."""
    ok(ask("push", "rules", "--by", "ci"))
    ok(ask("push", write(folder / "two", RULES.replace("100}", "2}")), "--by", "ci"))
    three = write(folder / "three", RULES.replace("100}", "3}"))
    assert ask("push", three, "--by", "bob").code == 1
    assert ask("push", three).code == 1


def test_written_into_a_folder(ask: Ask, folder: Path) -> None:
    """A folder that the rules were written into has seen them; nothing is lost there unasked."""
    ok(ask("push", "rules"))
    assert "3 files of revision 1" in ok(ask("show", "--to", "copy"))
    names = {path.name for path in (folder / "copy").iterdir()}
    assert names == {"rules.yaml", "ids.csv", "notes.txt", ".watcher-seen.json"}
    write(folder / "copy", RULES.replace("100}", "9}"))
    (folder / "copy" / "more.yaml").write_text("# more\n")
    ok(ask("show", "--to", "rules"))  # as it is there
    refused = ask("show", "--to", "copy")
    assert refused.code == 1
    assert "more.yaml, rules.yaml would be lost there" in refused.err
    (folder / "copy" / "more.yaml").unlink()
    ok(ask("push", "copy"))
    ok(ask("show", "1", "--to", "copy", "--force"))
    assert (folder / "copy" / "rules.yaml").read_text() == RULES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULES.replace("sales_surge", "slaes_surge"), "rules/rules.yaml:8:"),
        (RULES.replace("ops: {url", "ops: {ulr"), "rules/rules.yaml:3:"),
        (RULES.replace("notify: [ops]", "notify: [oops]"), "rules/rules.yaml:8:"),
        (RULES + "  - [", "rules/rules.yaml:10:"),
        (RULES.replace("${KEYAPI_KEY}", "${KEYAPI KEY}"), "rules/rules.yaml:1:"),
        ("", "rules"),
    ],
)
def test_broken_rules_are_not_pushed(ask: Ask, folder: Path, text: str, said: str) -> None:
    """Each problem has its file, line and column; the secrets that are not set are none of them."""
    write(folder / "rules", text)
    refused = ask("push", "rules")
    assert refused.code == 1
    assert refused.err.startswith(said)
    assert "environment variable" not in refused.err
    assert "there is no book shops" in ask("history").err or "no books yet" in ask("history").err


def test_one_file(ask: Ask, watcher: Command, folder: Path) -> None:
    """A file is pushed alone; what is not there, or has no rules, is said."""
    pushed = json.loads(ok(ask("push", "rules/rules.yaml", "--json")))
    assert [each["file"] for each in pushed["changes"]] == ["rules.yaml"]
    assert "no such folder" in ask("push", "none").err
    (folder / "empty").mkdir()
    assert "no *.yaml file" in ask("push", "empty").err
    assert "no revision 7" in ask("show", "7").err
    assert "no revision 7" in ask("rollback", "7").err
    assert "no revision 7" in ask("diff", "--revision", "7").err
    used = watcher("rules", "push", "rules", "--db", "watcher.db")
    assert (used.code, "is a file, and books are on a server" in used.err) == (2, True)


def test_too_large(ask: Ask, folder: Path) -> None:
    """It is said what is allowed, and nothing is made."""
    with (folder / "rules" / "ids.csv").open("wb") as file:
        file.truncate(100 << 20)
    assert (
        "more than the 32 MiB that a book may have; the largest is ids.csv"
        in ask("push", "rules").err
    )


def test_two_that_race(ask: Ask, folder: Path, postgres_url: str) -> None:
    """Of two processes that push at once onto the same rules one wins; the other hears of it."""
    ok(ask("push", "rules"))
    for name in ("one", "two"):
        ok(ask("show", "--to", name))
        write(folder / name, RULES.replace("100}", f"{1 + (name == 'one')}}}"))
    command = [sys.executable, "-m", "watcher", "rules", "push", "--book", "shops", "--comment"]
    running = [
        subprocess.Popen([*command, name, name], cwd=folder, env=os.environ | {"PYTHONPATH": _HOME},
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]  # fmt: skip
    said = [process.communicate()[1] for process in running]
    codes = [process.returncode for process in running]
    assert sorted(codes) == [0, 1], said
    winner = ("one", "two")[codes.index(0)]
    assert f'("{winner}")' in said[codes.index(1)]
    with open_control(postgres_url) as control:
        assert [each.comment for each in control.books.history("shops")] == [winner, ""]


_HOME = str(Path(__file__).parents[2])


def test_books(watcher: Command, ask: Ask, postgres_url: str) -> None:
    """Added, listed with who holds them, and dropped only on purpose."""
    assert ok(watcher("books", "list")).startswith("No books yet; `watcher rules push FOLDER")
    assert json.loads(ok(watcher("books", "list", "--json"))) == []
    assert "The book a is made" in ok(watcher("books", "add", "a", "b"))
    assert "its rights are in order" in ok(watcher("books", "add", "a"))
    ok(ask("push", "rules", "--by", "ann"))
    with open_control(postgres_url) as control:
        control.leases.take("shops", "d1", 60)
    listed = json.loads(ok(watcher("books", "list", "--json")))
    assert [(each["book"], each["held"], each["holder"]) for each in listed] == [
        ("a", False, None), ("b", False, None), ("shops", True, "d1"),
    ]  # fmt: skip
    assert listed[2]["rules"]["by"] == "ann"
    rows = [line.split() for line in ok(watcher("books", "list")).splitlines()]
    assert rows[1] == ["a", "none", "nobody"]
    assert rows[3][:2] == ["shops", "1"]
    assert "--yes" in watcher("books", "drop", "a").err
    refused = watcher("books", "drop", "shops", "--yes").err
    assert "the daemon d1 holds the book shops" in refused
    assert "`watcher books drop shops --force`" in refused
    assert "The book a is dropped" in ok(watcher("books", "drop", "a", "--yes"))
    assert "there is no book a" in watcher("books", "drop", "a", "--yes").err
    assert "is no name of a book" in watcher("books", "add", "../x").err
    assert watcher("rules", "history", "--book", "A b").code == 2


def test_completes_books(watcher: Command, ask: Ask) -> None:
    """The books of the server that the environment names."""
    ok(watcher("books", "add", "shops", "stores", "toys"))
    for words in ("watcher books drop s", "watcher rules push x --book s"):
        asked = {"_WATCHER_COMPLETE": "bash_complete", "COMP_WORDS": words,
                 "COMP_CWORD": str(words.count(" "))}  # fmt: skip
        offered = run(env=asked).stdout.split()
        assert offered == ["plain,shops", "plain,stores"]


@pytest.mark.parametrize("command", ["books list", "rules history", "status", "alerts"])
def test_without_the_driver(ask: Ask, command: str) -> None:
    """What to install is said."""
    without = "import sys; sys.modules['psycopg'] = None; import watcher.__main__ as m; m.main()"
    done = run("-c", without, *command.split())
    assert done.returncode == 1
    assert "pip install 'shop-trend-watcher[postgres]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    return subprocess.run(
        [sys.executable, *(arguments or ("-m", "watcher"))], check=False, capture_output=True,
        text=True, env=os.environ | {"PYTHONPATH": _HOME} | (env or {}),
    )  # fmt: skip
