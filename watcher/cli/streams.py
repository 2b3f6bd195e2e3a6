"""Standard output and error that a command can always write to, whoever reads them or has left.

What a command does and its exit code don't hang on who reads along: where the reader (``head``, a
pager) has gone, the rest is written nowhere. Only a disk that takes no more is a failure.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import NoReturn, TextIO

import click

_BUFFER = 1 << 16
_LEFT = (errno.EPIPE, errno.EIO)  # a pipe without a reader, a terminal that was closed


class _Patient(io.FileIO):
    """A descriptor; from the first failure on what is written to it goes nowhere."""

    failure: OSError | None = None

    def write(self, data: object, /) -> int:
        if self.failure is None:
            try:
                return super().write(data)  # type: ignore[arg-type]
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes  # type: ignore[arg-type]


def settle() -> None:
    """Open what the caller closed (``>&-``), and let no writing fail."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # else the next file that is opened were standard output
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = _patient(sys.stdout, 1)
    sys.stderr = _patient(sys.stderr, 2)


def _patient(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is not None and not isinstance(_raw(stream), io.FileIO):
        return stream  # somebody else's, as a test's
    if stream is not None and isinstance(_raw(stream), _Patient):
        return stream
    raw = _Patient(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw, _BUFFER),
        encoding=stream.encoding if stream is not None else "utf-8",
        line_buffering=stream is None or descriptor == 2 or raw.isatty(),
        write_through=bool(getattr(stream, "write_through", False)),
    )


def _raw(stream: TextIO) -> object:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _failure() -> OSError | None:
    raw = _raw(sys.stdout)
    return raw.failure if isinstance(raw, _Patient) else None


def unread() -> bool:
    """Whether what is written to standard output arrives nowhere any more."""
    return _failure() is not None


def stop_unread() -> None:
    """End a command that does nothing but write, where nobody reads it any more."""
    if unread():
        raise click.exceptions.Exit(0)


def ended(code: int) -> int:
    """Write out what is left, and say how the command ended: where its output is lost, badly."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    failure = _failure()
    if failure is None or failure.errno in _LEFT:
        return code
    click.echo(f"standard output: can't be written: {failure.strerror}", err=True)
    return code or 1


def leave(code: int) -> NoReturn:
    """End the process at once: threads of Apprise may hang in a dead service."""
    code = ended(code)
    sys.stderr.flush()
    os._exit(code)
