"""Plugin of mypy: the functions of ``dataclasses`` take no record of msgspec. Mypy by itself takes
a Struct for a dataclass and lets it pass; Python raises ``TypeError`` at the call."""

from __future__ import annotations

from collections.abc import Callable

from mypy.plugin import FunctionContext, Plugin
from mypy.types import Instance, Type, get_proper_type

_WRONG = {f"dataclasses.{name}" for name in ("replace", "asdict", "astuple", "fields")}
_STRUCT = "msgspec.Struct"


def _refuse_structs(context: FunctionContext) -> Type:
    given = get_proper_type(context.arg_types[0][0])
    if isinstance(given, Instance) and given.type.has_base(_STRUCT):
        name = given.type.name
        context.api.fail(f"{name} is a msgspec.Struct: use msgspec.structs", context.context)
    return context.default_return_type


class _Records(Plugin):
    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        return _refuse_structs if fullname in _WRONG else None


def plugin(_version: str) -> type[Plugin]:
    """Return the plugin, as mypy asks for it."""
    return _Records
