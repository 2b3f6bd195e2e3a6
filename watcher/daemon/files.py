"""The rule files on disk: what they hold now, and word of a change."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, awatch

from watcher.rules.document import MAX_BYTES
from watcher.rules.loading import rule_files

_DEBOUNCE_MS = 200
_STEP_MS = 200  # its thread asks in steps for what changed, and whether to stop
_LOOK_MS = 5_000
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """A rule file, or a folder of ``*.yaml`` files."""

    path: Path

    def digest(self) -> str:
        """A hash of names and contents: what has not changed need not be read again."""
        hashed = hashlib.sha256()
        for file in rule_files(self.path):
            hashed.update(str(file).encode())
            try:
                hashed.update(_contents(file))
            except OSError:
                hashed.update(b"unreadable")
        return hashed.hexdigest()

    def folders(self) -> list[Path]:
        """The folders to watch: editors replace files, and links lead elsewhere."""
        if self.path.is_dir():
            return [self.path]
        return sorted({self.path.absolute().parent, self.path.resolve().parent})

    async def follow(
        self,
        changed: Callable[[], Awaitable[object]],
        stop: asyncio.Event,
        known: str,
        moved: Callable[[], None] = lambda: None,
        settled: Callable[[str, Callable[[], None]], Awaitable[str]] | None = None,
    ) -> None:
        """Call ``changed`` when the contents differ from ``known``, and after each change;
        ``moved`` at each look, as a sign of life. ``settled`` waits until they are whole.

        Looks every few seconds even where the folder is silent: what was saved before it was
        watched, or on a disk that tells nothing, is found too.
        """
        async for _ in awatch(
            *self.folders(),
            watch_filter=self._concerns,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            recursive=False,
        ):
            moved()
            # Not on the loop: a network's disk may take its time.
            digest = await asyncio.to_thread(self.digest)
            if digest != known and settled is not None:
                digest = await settled(digest, moved)
            if digest != known:
                await changed()
                known = digest

    def _concerns(self, change: Change, path: str) -> bool:
        # A database in the same folder changes all the time; a swapped link may have any name.
        touched = Path(path)
        return touched.suffix in _SUFFIXES or touched.name == self.path.name or touched.is_symlink()


def _contents(file: Path) -> bytes:
    """What can be read at leisure: a pipe would wait for a writer, or give its text only once."""
    if not file.is_file():
        raise OSError(errno.EINVAL, "no file")
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)  # a larger one is refused
