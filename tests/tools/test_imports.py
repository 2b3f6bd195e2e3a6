"""How much of the house a module knows, beside the layers that import-linter holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST = 15
# What the house speaks of, in four files: who knows one of them may know all.
NOUNS = dict.fromkeys(("watcher.evidence", "watcher.alert", "watcher.message"), "watcher.model")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted((ROOT / "watcher").rglob("*.py"))
}


def _imports(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                given = {f"{module}.{each.name}" for each in names}
                yield from (given & MODULES.keys()) or {module} & MODULES.keys()
            case ast.Import(names=names):
                yield from {each.name for each in names} & MODULES.keys()


def _known(path: Path) -> Iterator[str]:
    return (NOUNS.get(name, name) for name in _imports(path))


def test_no_module_knows_more_than_fifteen_others() -> None:
    """One that needs more does the work of two."""
    known = {name: {*_known(path)} - {name} for name, path in MODULES.items()}
    assert len(known) > 100
    assert {name: sorted(found) for name, found in known.items() if len(found) > MOST} == {}
