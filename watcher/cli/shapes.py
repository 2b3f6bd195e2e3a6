"""JSON Schemas of what commands print with ``--json``, made of the types that they say it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import FunctionType
from typing import Any

import click
import msgspec

from watcher.cli.output import SHAPES, RowsOf

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def shapes_of(command: click.Command) -> tuple[Any, ...]:
    """The types of what a command prints; none where it does not say."""
    found: tuple[Any, ...] = getattr(command.callback, SHAPES, ())
    return tuple(chain.from_iterable(map(_given, found)))


def _given(shape: Any) -> tuple[Any, ...]:
    return tuple(shape()) if isinstance(shape, FunctionType) else (shape,)


def takes_json(command: click.Command) -> bool:
    """Whether a command has ``--json``."""
    return any("--json" in each.opts for each in command.params)


def with_json(
    context: click.Context, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Yield each command with ``--json`` under the context's, by its name: ``outbox list``."""
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            here = (*path, name)
            if takes_json(command):
                yield " ".join(here), command
            yield from with_json(click.Context(command, parent=context), here)


def schema_of(name: str, shapes: tuple[Any, ...]) -> Mapping[str, Any]:
    """The JSON Schema of what ``watcher NAME --json`` prints."""
    rows = next((each for each in shapes if isinstance(each, RowsOf)), None)
    shapes = shapes if rows is None else rows.shapes
    made, parts = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    whole: dict[str, Any] = made[0] if len(made) == 1 else {"anyOf": [*made]}
    whole = whole if rows is None else {"type": "array", "items": whole}
    for each in parts.values():
        _close(each)
    for each in _records(shapes):
        _demand_all(each, parts)
    title = f"Output of `watcher {name} --json`"
    head = {"$schema": _DIALECT, "title": title, **whole}
    return {**head, "$defs": parts} if parts else head


def _close(part: dict[str, Any]) -> None:
    """Allow what the type has, and nothing else."""
    if "properties" in part:
        part["additionalProperties"] = False


def _demand_all(record: type, parts: Mapping[str, Any]) -> None:
    """Require what is always printed, also what has a default when it is made."""
    part = parts.get(record.__name__)
    if part is not None and "properties" in part and not _omits(record):
        left_out = {*_unset(record)}
        part["required"] = [name for name in part["properties"] if name not in left_out]


def _omits(record: type) -> bool:
    config = getattr(record, "__struct_config__", None)
    return bool(config is not None and config.omit_defaults)


def _unset(record: type) -> Iterator[str]:
    """Yield the fields that may be left out: not required, and without a default."""
    info: Any = msgspec.inspect.type_info(record)
    for each in info.fields:
        has_default = (each.default, each.default_factory) != (msgspec.NODEFAULT,) * 2
        if not each.required and not has_default:
            yield each.encode_name


def _records(shapes: tuple[Any, ...]) -> list[type]:
    """All structs and dataclasses that occur in the types."""
    found: dict[type, None] = {}
    waiting: list[Any] = [*msgspec.inspect.multi_type_info(shapes)]
    while waiting:
        kind = waiting.pop()
        record = getattr(kind, "cls", None)
        if isinstance(record, type) and record not in found and hasattr(kind, "fields"):
            found[record] = None
            waiting += [each.type for each in kind.fields]
        for name in ("item_type", "key_type", "value_type", "type"):
            inner = getattr(kind, name, None)
            if inner is not None:
                waiting.append(inner)
        waiting += [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return [*found]
