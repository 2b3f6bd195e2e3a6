"""Progress of long work, with counts: on stderr, on a terminal only, gone at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from watcher.cli.output import console
from watcher.cli.text import plain

Report = Callable[[int, int | None], None]  # done, and of how many where that is known


@contextmanager
def progress(what: str, unit: str = "") -> Iterator[Report]:
    """A line as ``what ━━━━╸  7/30 unit``; hears how much is done of how much."""
    out = console(stderr=True)
    live = out.file.isatty() and not out.is_dumb_terminal
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(24),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not live) as bar:
        task = bar.add_task(plain(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
