"""``docs/architecture.md``: who may import whom, as import-linter checks it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def contracts() -> str:
    """A paragraph for each contract: its layers from above, or who must not import what."""
    settings = tomllib.loads(_PROJECT.read_text("utf-8"))["tool"]["importlinter"]
    return "\n\n".join(_said(contract) for contract in settings["contracts"])


def _said(contract: Mapping[str, Any]) -> str:
    head = f"**{contract['name']}**"
    if contract["type"] == "layers":
        return f"{head}:\n\n{_block(_layers(contract))}"
    banned = " or ".join(f"`{_short(each)}`" for each in contract["forbidden_modules"])
    by = ", ".join(_short(each) for each in contract["source_modules"])
    return fill(
        f"{head}: no {banned} in {by}.", 110, break_on_hyphens=False, break_long_words=False
    )


def _layers(contract: Mapping[str, Any]) -> Iterator[str]:
    (prefix,) = contract.get("containers", [""])
    for layer in contract["layers"]:
        names = [_short(each.strip()) for each in layer.split("|")]
        yield " | ".join(f"{_short(prefix)}.{name}" if prefix else name for name in names)


def _block(lines: Iterator[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def _short(module: str) -> str:
    return module.removeprefix("watcher.")
