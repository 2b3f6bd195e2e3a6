"""Blocks of commands of the README and of pages in docs/, by the names that comments give them."""

from __future__ import annotations

import re
from pathlib import Path

from tools.trial.stage import KEY

_BLOCK = re.compile(r"^<!-- try: (?P<name>[a-z ]+) -->\n+(?P<lines>(?: {4}.*\n|\n)+)", re.MULTILINE)


class NoSuchBlock(Exception):
    """No page has a block of that name."""


PAGES = (
    "README.md",
    "README.zh-CN.md",
    "docs/install.md",
    "docs/litestream.md",
    "docs/postgresql.md",
)


def commands(clone: Path, *names: str) -> str:
    """A shell script of the named blocks of a clone's pages, one after the other."""
    text = "\n".join((clone / page).read_text(encoding="utf-8") for page in PAGES)
    blocks = {
        found["name"]: re.sub(r"^ {4}", "", found["lines"], flags=re.MULTILINE).strip()
        for found in _BLOCK.finditer(text)
    }
    missing = [name for name in names if name not in blocks]
    if missing:
        raise NoSuchBlock(
            f"none of {', '.join(PAGES)} has commands below <!-- try: {missing[0]} -->"
        )
    return "\n".join(_typed(line) for name in names for line in blocks[name].splitlines()) + "\n"


def _typed(line: str) -> str:
    """What the reader is told to put in: the key, in its place or when a command asks for it. It
    is the database's password, too."""
    for name in ("KEYAPI_KEY", "DB_PASSWORD"):
        line = line.replace(f"{name}=...", f"{name}={KEY}")
    if "--pwprompt" in line:
        return f"{line} <<< $'{KEY}\\n{KEY}'"
    if "/dev/stdin" in line:
        return f"{line.partition('#')[0].rstrip()} <<< {KEY}"
    return line
