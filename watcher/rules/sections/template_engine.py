"""The part of Jinja2 that templates may use; imported only where one is, for it takes a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

from watcher.words import Wrong, nearest, quoted

MOST = 200_000  # characters that a template may write
_DEEPEST = 2  # loops in loops: a product's reasons

_LISTS = ("products", "notes", "why", "facts", "names", "rules")
_OF_LOOP = ("index", "index0", "first", "last", "length")
_FILTERS = (
    "default", "first", "join", "last", "length", "lower", "title", "trim", "truncate", "upper",
)  # fmt: skip
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr,
    nodes.Getitem, nodes.Slice, nodes.If, nodes.For, nodes.Filter, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Add, nodes.Sub, nodes.Div,
    nodes.Neg, nodes.Keyword, nodes.Test,
)  # fmt: skip
_TESTS = ("defined", "undefined", "none")

Escape = Callable[[str], str]


def check(source: str, samples: tuple[Mapping[str, Any], ...]) -> None:
    """Parse, and try on the samples; ``Wrong`` says what does not fit, and in which line."""
    try:
        _check(_environment(str).parse(source), depth=0)
        for sample in samples:
            written(source, sample, str)
    except jinja2.UndefinedError as error:
        raise Wrong(f"{error.message}; there are {', '.join(samples[0])}") from None
    except jinja2.TemplateSyntaxError as error:
        raise Wrong(f"line {error.lineno}: {error.message}") from None
    except RecursionError:
        raise Wrong("is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - whatever the user's program raises is about it
        raise Wrong(f"does not work on a sample: {error}") from None


def written(source: str, values: Mapping[str, Any], escape: Escape) -> str:
    """The template filled with ``values``; each text of them goes through ``escape``."""
    parts: list[str] = []
    size = 0
    for part in _compiled(source, escape).generate(values):
        size += len(part)
        if size > MOST:
            raise jinja2.TemplateError(f"it writes more than {MOST} characters")
        parts.append(part)
    return "".join(parts).strip("\n")


class _Sandbox(SandboxedEnvironment):
    """Values are plain data: a name after a dot is a key, never a Python attribute."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _OF_LOOP:
            return getattr(obj, attribute)
        if isinstance(obj, jinja2.Undefined):
            return obj  # it says best itself what is missing
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping | list) or isinstance(argument, slice):
            return super().getitem(obj, argument)
        if isinstance(obj, jinja2.Undefined):
            return obj
        return self.undefined(obj=obj, name=str(argument))


@cache
def _environment(escape: Escape) -> jinja2.Environment:
    environment = _Sandbox(
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: escape(value if isinstance(value, str) else _text(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    return environment


@cache
def _compiled(source: str, escape: Escape) -> jinja2.Template:
    return _environment(escape).from_string(source)


def _text(value: object) -> str:
    if isinstance(value, list):
        raise jinja2.TemplateError("a list is written with a loop or | join(', ')")
    if value is None or isinstance(value, int | float | jinja2.Undefined):
        return "" if value is None else str(value)  # of what is undefined it raises its name
    raise jinja2.TemplateError(f"a {type(value).__name__} can't be written")


def _check(node: nodes.Node, depth: int) -> None:
    if not isinstance(node, _NODES):
        _refuse(node, f'"{type(node).__name__.lower()}" is not allowed here')
    match node:
        case nodes.For():
            depth += 1
            _check_loop(node, depth)
        case nodes.Filter():
            _check_filter(node)
        case nodes.Test():
            _check_name(node, "test", _TESTS)
    for child in node.iter_child_nodes():
        _check(child, depth)


def _check_loop(node: nodes.For, depth: int) -> None:
    if depth > _DEEPEST or node.recursive:
        _refuse(node, f"loops may be {_DEEPEST} deep, not more")
    if _listed(node.iter) not in _LISTS:
        _refuse(node, f"a loop goes over {', '.join(_LISTS)}")


def _check_filter(node: nodes.Filter) -> None:
    _check_name(node, "filter", _FILTERS)
    # Of lists only: a text joined with itself, again and again, would fill the memory.
    if node.name == "join" and _listed(node.node) not in _LISTS:
        _refuse(node, f"join takes {', '.join(_LISTS)}")


def _check_name(node: nodes.Filter | nodes.Test, what: str, known: tuple[str, ...]) -> None:
    if node.name not in known:
        _refuse(node, f"there is no {what} {quoted(node.name)}{nearest(node.name, known)}")


def _listed(node: nodes.Node | None) -> str:
    """The name of what a loop goes over: ``products``, ``product.why``, ``products[:3]``."""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        node = node.node
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.name if isinstance(node, nodes.Name) else ""


def _refuse(node: nodes.Node, message: str) -> None:
    raise jinja2.TemplateSyntaxError(message, node.lineno or 1)
