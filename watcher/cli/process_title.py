"""Arguments of a command as other users of the machine see them: without passwords.

``ps`` reads them where the system laid them down for the process, which may write over them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_BEGIN, _END = 45, 46  # arg_start and arg_end among the fields behind the name, see proc(5)


def hide_arguments(secrets: Iterable[str]) -> None:
    """Put stars in the place of each of these texts; elsewhere than on Linux nothing is done."""
    wanted = [each.encode("utf-8", "surrogateescape") for each in secrets if each]
    if not wanted or not any(
        each in " ".join(sys.argv).encode(errors="replace") for each in wanted
    ):
        return
    with suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
        _overwrite(int(fields[_BEGIN]), int(fields[_END]), wanted)


def _overwrite(begin: int, end: int, wanted: Iterable[bytes]) -> None:
    import ctypes  # noqa: PLC0415 - only for who writes a password into a command

    arguments = ctypes.string_at(begin, end - begin)
    for secret in wanted:
        at = arguments.find(secret)
        while at >= 0:
            ctypes.memset(begin + at, ord("*"), len(secret))
            at = arguments.find(secret, at + len(secret))
