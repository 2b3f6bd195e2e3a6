"""The page's templates: read when the daemon starts, compiled when they are first shown."""

from __future__ import annotations

import builtins
import io
import os
import sys

import pytest

from watcher.web.rendering import templates


def test_no_file_is_needed_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon may have no file descriptor left, neither for a template nor to import what
    compiles it."""
    made = templates()
    before = set(sys.modules)

    def none_left(*_: object, **_more: object) -> None:
        raise OSError(24, "Too many open files")

    for module, name in ((builtins, "open"), (io, "open"), (io, "open_code"), (os, "open")):
        monkeypatch.setattr(module, name, none_left)
    names = made.list_templates()
    for name in names:
        made.get_template(name)
    monkeypatch.undo()
    assert set(sys.modules) == before
    assert len(names) > 30
