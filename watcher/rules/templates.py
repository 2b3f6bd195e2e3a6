"""A channel's own ``template:`` in a small, harmless part of Jinja2.

What remains can't call anything, reach outside of the message, or run for long: values, ``if``,
``for`` over the message's lists, comparisons, and filters that shorten or join. Everything else is
refused when the rule file is read, with the line; so is a name that a message does not have, for
the template is tried on a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

from watcher.rules.words import Wrong, nearest, quoted

LONGEST = 5_000  # characters of a template
MOST = 200_000  # characters that it may write
_DEEPEST = 2  # loops in loops: a product's reasons

_LISTS = ("products", "notes", "why", "facts", "names")
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

_PRODUCT = {
    "number": 1,
    "id": "1729000000000000000",
    "name": "Sample product",
    "link": "https://www.tiktok.com/shop/pdp/1729000000000000000",
    "alert": "A1",
    "notes": ["still firing, since 16 Nov"],
    "why": ["7-day GMV 1,200 → 4,830 (+303%) since 16 Nov"],
    "facts": ["12.99 USD", "7 days: 372 sold, GMV 4,830"],
}
# What a template is given, with values as they may be.
SAMPLE: Mapping[str, Any] = {
    "title": "[info] beauty-rising: 1 product (US)",
    "severity": "info",
    "rule": "beauty-rising",
    "region": "US",
    "text": "Beauty products whose sales took off",
    "products": [_PRODUCT],
    "rest": 1,
    "names": ["Another product"],
    "more": "and 1 more: Another product",
    "data": "Data of 16 Nov 2026, 09:00 UTC",
    "footer": "Data of 16 Nov 2026, 09:00 UTC · alert A1",
}
_EMPTY = {**SAMPLE, "products": [], "names": [], "text": "", "more": "", "rest": 0, "footer": ""}

Escape = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was checked; on another message it may fail all the same, say on a sum of a
    number and a text, so that who writes it must have another way."""

    source: str

    def write(self, values: Mapping[str, Any], escape: Escape) -> str:
        """The template filled with ``values`` (as ``SAMPLE``); ``escape`` makes each text fit the
        service's format, what the template itself says stays as it is."""
        return _written(_compiled(self.source, escape), values)


def parse_template(source: object) -> Template:
    """Checked, and tried on samples; ``Wrong`` says what does not fit, and in which line."""
    if not isinstance(source, str):
        raise Wrong("takes a Jinja2 template, as text")
    if len(source) > LONGEST:
        raise Wrong(f"is longer than {LONGEST} characters")
    if not source.strip():
        raise Wrong("is empty: leave it out for the usual messages")
    try:
        tree = _environment(str).parse(source)
        _check(tree, depth=0)
        template = Template(source)
        for sample in (SAMPLE, _EMPTY):
            template.write(sample, str)
    except jinja2.UndefinedError as error:
        raise Wrong(f"{error.message}; there are {', '.join(SAMPLE)}") from None
    except jinja2.TemplateSyntaxError as error:
        raise Wrong(f"line {error.lineno}: {error.message}") from None
    except RecursionError:
        raise Wrong("is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - whatever the user's program raises is about it
        raise Wrong(f"does not work on a sample: {error}") from None
    return template


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


def _written(template: jinja2.Template, values: Mapping[str, Any]) -> str:
    parts: list[str] = []
    size = 0
    for part in template.generate(values):
        size += len(part)
        if size > MOST:
            raise jinja2.TemplateError(f"it writes more than {MOST} characters")
        parts.append(part)
    return "".join(parts).strip("\n")


def _check(node: nodes.Node, depth: int) -> None:
    if not isinstance(node, _NODES):
        _refuse(node, f'"{type(node).__name__.lower()}" is not allowed here')
    if isinstance(node, nodes.For):
        depth += 1
        if depth > _DEEPEST or node.recursive:
            _refuse(node, f"loops may be {_DEEPEST} deep, not more")
        if _listed(node.iter) not in _LISTS:
            _refuse(node, f"a loop goes over {', '.join(_LISTS)}")
    elif isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        _refuse(node, f"there is no filter {quoted(node.name)}{nearest(node.name, _FILTERS)}")
    elif isinstance(node, nodes.Filter) and node.name == "join":
        # Of lists only: a text joined with itself, again and again, would fill the memory.
        if _listed(node.node) not in _LISTS:
            _refuse(node, f"join takes {', '.join(_LISTS)}")
    elif isinstance(node, nodes.Test) and node.name not in _TESTS:
        _refuse(node, f"there is no test {quoted(node.name)}{nearest(node.name, _TESTS)}")
    for child in node.iter_child_nodes():
        _check(child, depth)


def _listed(node: nodes.Node | None) -> str:
    """The name of what a loop goes over: ``products``, ``product.why``, ``products[:3]``."""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        node = node.node
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.name if isinstance(node, nodes.Name) else ""


def _refuse(node: nodes.Node, message: str) -> None:
    raise jinja2.TemplateSyntaxError(message, node.lineno or 1)
