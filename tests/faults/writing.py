"""Files written as editors write them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

Write = Callable[[Path, bytes], None]


def over(path: Path, data: bytes) -> None:
    """Written beside, then renamed over the file."""
    beside = path.with_name(f".{path.name}.swp")
    beside.write_bytes(data)
    beside.replace(path)


def from_elsewhere(path: Path, data: bytes) -> None:
    """Written in a folder that nobody watches, then moved."""
    elsewhere = path.parent.parent / f"elsewhere-{path.name}"
    elsewhere.write_bytes(data)
    elsewhere.replace(path)


def in_place(path: Path, data: bytes) -> None:
    """Emptied, then written in two pieces: who looks meanwhile sees half of it."""
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        os.fsync(file.fileno())
        file.write(data[len(data) // 2 :])


def with_backup(path: Path, data: bytes) -> None:
    """The old file renamed to a backup, a new one made, the backup removed."""
    backup = path.with_name(f"{path.name}~")
    if path.exists():
        path.replace(backup)
    path.write_bytes(data)
    backup.unlink(missing_ok=True)


WAYS: dict[str, Write] = {
    "renamed over": over,
    "moved from elsewhere": from_elsewhere,
    "in place": in_place,
    "with a backup": with_backup,
}
