"""Standard output and error that can always be written to: where the reader (a pager, ``head``)
is gone, the rest is written nowhere. Only a disk that takes no more is a failure."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from typing import Any, NoReturn, TextIO

import click

from watcher.text.sanitize import plain_lines

_BUFFER = 1 << 16
_ASCII = dict(zip("…→·×−–’“”", '~>-x--\'""', strict=True))  # noqa: RUF001 - that is the point
_BOXES = dict.fromkeys("─━╸╺", "-") | dict.fromkeys("│┃", "|")
_HANDLER = "watcher.nearest"
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
    raw = _raw(stream)
    if stream is not None and (isinstance(raw, _Patient) or not isinstance(raw, io.FileIO)):
        return stream  # made so already, or somebody else's, as a test's
    patient = _Patient(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(patient, _BUFFER),
        encoding=getattr(stream, "encoding", "utf-8"),
        line_buffering=stream is None or descriptor == 2 or patient.isatty(),
        write_through=bool(getattr(stream, "write_through", False)),
    )


def _raw(stream: TextIO | None) -> object:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _failure() -> OSError | None:
    raw = _raw(sys.stdout)
    return raw.failure if isinstance(raw, _Patient) else None


def unread() -> bool:
    """Whether what is written to standard output arrives nowhere any more."""
    return _failure() is not None


class ToProgram(io.RawIOBase):
    """Another program, or a file of the shell's; the command ends where it leaves early."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        written = sys.stdout.buffer.write(data)
        if unread():
            raise click.exceptions.Exit(0)
        return written


class ToTerminal:
    """Texts for people's eyes: nothing in them moves the cursor."""

    def write(self, data: bytes) -> int:
        sys.stdout.write(plain_lines(data.decode()))
        return len(data)


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


def forgiving_streams() -> None:
    """Write the nearest character where the encoding of a terminal or a file lacks one."""
    codecs.register_error(_HANDLER, _nearest)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_like, error.object[error.start : error.end])), error.end


def _like(character: str) -> str:
    """A text of as many columns as the character has on a terminal: tables stay straight."""
    if character in _ASCII:
        return _ASCII[character]
    if unicodedata.combining(character):
        return ""
    if "─" <= character <= "╿":  # box drawing
        return _BOXES.get(character, "+")
    base = unicodedata.normalize("NFKD", character)[0]
    if base.isascii():
        return base
    return "??" if unicodedata.east_asian_width(character) in "WF" else "?"
