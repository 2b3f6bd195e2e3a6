"""Progress of long work, with counts: on stderr, on a terminal only, gone at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from watcher.cli.output import console
from watcher.cli.tables import shortened
from watcher.text.sanitize import plain

_BAR = 14  # cells
_COUNTS = 26  # cells of "1,234/5,678", the time, and the gaps
Report = Callable[[int, int | None], None]  # done, and of how many where that is known


@contextmanager
def progress(what: str, unit: str = "", *, quiet: bool = False) -> Iterator[Report]:
    """A line as ``what ━━━━╸  7/30 unit``; hears how much is done of how much."""
    out = console(stderr=True)
    live = out.file.isatty() and not out.is_dumb_terminal and not quiet
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(_BAR),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not live) as bar:
        room = max(out.width - _BAR - _COUNTS - len(unit), _BAR)
        task = bar.add_task(shortened(plain(what), room), total=None)
        first = True

        def report(done: int, total: int | None) -> None:
            nonlocal first
            bar.update(task, completed=done, total=total, refresh=first)
            first = False

        yield report
