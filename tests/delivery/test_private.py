"""Private parts of libraries, any of which a release may rename."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from watcher.delivery.apprise import private

SOURCE = Path(private.__file__).read_text("utf-8")
PARTS = re.findall(r'^[A-Z_]+ = "((?:[\w.]+):[\w.]+)"$', SOURCE, re.MULTILINE)


def test_delivery_works_without_any_of_them() -> None:
    """Each in turn: a message that is taken is sent, and one that is refused is not."""
    parts = [*PARTS, "nothing"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.delivery.hidden", *parts],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{part} 0 0 sent dead 0 sent dead" for part in parts]


@pytest.mark.parametrize("part", [each for each in PARTS if not each.startswith("plugin:")])
def test_they_are_where_they_are_said_to_be(part: str) -> None:
    """With the releases that are installed nothing is done without."""
    assert private.owner_of(part) is not None


def test_no_other_module_names_one() -> None:
    """A private name of another's object is read in the one module that expects it to go."""
    folder = Path(private.__file__).parent.parent
    for file in folder.rglob("*.py"):
        if file.name != "private.py":
            names = {part.rpartition(":")[2].rpartition(".")[2] for part in PARTS}
            written = re.findall(r"\._[a-z]\w*|[\"']_[a-z]\w*[\"']", file.read_text("utf-8"))
            assert not names & {each.strip("._\"'") for each in written if each[1:] in names}, file
