"""The JSON Schema of conditions: metrics, and the operators under each.

Everything that a mapping may hold stands directly beside ``type``, not in an alternative to the
bare value: so an editor offers the operators in it, and names the one that is mistyped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from watcher.keyapi.fields import SEEN_REGIONS
from watcher.rules import shapes
from watcher.rules.conditions.registry import (
    NUMBER_OPERATORS,
    OPTIONS,
    TEXT_OPERATORS,
    NumberOperator,
    Takes,
)
from watcher.rules.conditions.values import counted
from watcher.rules.metrics import RANK, Attribute, Catalogue, Metric
from watcher.rules.own_metrics import NAME_PATTERN, TAKEN
from watcher.rules.shapes import Schema
from watcher.rules.words import either
from watcher.units import Unit

_CONDITION: Schema = {"$ref": "#/$defs/condition"}
_OPTION_TAKES = {"from": shapes.BASELINE, "min_change": shapes.NUMBER, "over": shapes.SPAN}
# What an editor would show or offer for the mapping, too.
_OF_VALUES_ONLY = ("anyOf", "errorMessage", "defaultSnippets")
_WORDS = ("all", "any", "not", "appears")


def definitions() -> Schema:
    """What the schemas of all conditions share, for ``$defs``."""
    return {
        "condition": _condition(),
        "number": _operators(shapes.NUMBER, shapes.NUMBER),
        "count": _operators(shapes.AMOUNT, shapes.AMOUNT),
        "text": _text_operators(shapes.ID),
    }


def _condition() -> Schema:
    catalogue = Catalogue()
    metrics = {metric.name: _metric(metric) for metric in catalogue.metrics()}
    attributes = {
        name: _attribute(attribute)
        for name in catalogue.names()
        if (attribute := catalogue.attribute(name)) is not None
    }
    several = {"type": "array", "minItems": 1, "items": _CONDITION}
    return {
        "title": "condition",
        "type": "object",
        "minProperties": 1,
        "properties": {
            "all": several | {"description": "all of these are met"},
            "any": several | {"description": "at least one of these is met"},
            "not": _CONDITION | {"description": "this is not met"},
            "appears": {"const": True, "description": "listed by this watch for the first time"},
            **metrics,
            **attributes,
            # Of the rule language, and so no metric of the user's: a line at a wrong place.
            **{name: False for name in sorted(TAKEN) if name not in _WORDS},
        },
        "patternProperties": {
            f"^{NAME_PATTERN}$": {
                "$ref": "#/$defs/number",
                "title": "your own metric",
                "description": "one of metrics:, or a mistyped name: watcher check tells",
            }
        },
        "additionalProperties": False,
    }


def _metric(metric: Metric) -> Schema:
    said = {"title": metric.label, "description": metric.meaning}
    match metric.unit:
        case Unit.FLAG:
            return _flag_operators(metric) | said
        case Unit.DAYS:
            return _operators(shapes.DAYS, shapes.DAYS) | said
        case Unit.DAY:
            return _operators(shapes.DAY, shapes.NUMBER, without=("unusual",)) | said
        case _ if metric.name == RANK:
            return _operators(shapes.AMOUNT, shapes.AMOUNT, places=True) | said
        case _:
            return {"$ref": f"#/$defs/{'count' if counted(metric) else 'number'}"} | said


def _flag_operators(metric: Metric) -> Schema:
    names = dict(metric.names)
    if not names:
        return _operators(shapes.YES_OR_NO, shapes.NUMBER, without=("unusual",))
    schema = _operators(shapes.flag(names), shapes.NUMBER, without=("unusual",))
    pattern = shapes.any_case(names, "[0-9]{1,4}")
    plain = shapes.written(pattern, f"write {either(list(names))}")
    limits = {"minimum": 0, "maximum": max(names.values()), "examples": list(names)}
    return schema | _either(shapes.also(plain, "integer", **limits), schema["properties"])


def _operators(
    value: Schema, floor: Schema, *, places: bool = False, without: Iterable[str] = ()
) -> Schema:
    """A metric's bare value, or its operators; ``floor`` is what ``min_change`` takes."""
    operators = {
        operator.name: _takes(operator, value) | {"description": operator.meaning}
        for operator in NUMBER_OPERATORS
        if (places or not operator.only_rank) and operator.name not in without
    }
    options = {
        name: (floor if name == "min_change" else _OPTION_TAKES[name]) | {"description": meaning}
        for name, meaning in OPTIONS.items()
    }
    return _either(value, operators | options)


def _attribute(attribute: Attribute) -> Schema:
    said = {"title": attribute.label, "description": attribute.meaning}
    if attribute.name == "region":
        return _text_operators(shapes.ID | shapes.offer(SEEN_REGIONS)) | said
    return {"$ref": "#/$defs/text"} | said


def _text_operators(value: Schema) -> Schema:
    parts: dict[Takes, Any] = {Takes.TEXTS: _list(value), Takes.TEXT: value}
    operators = {
        operator.name: parts[operator.takes] | {"description": operator.meaning}
        for operator in TEXT_OPERATORS
    }
    for name in ("contains", "matches"):
        operators[name] = shapes.ID | {
            "minLength": 1,
            "description": operators[name]["description"],
        }
    return _either(value, operators)


def _either(value: Schema, operators: Schema) -> Schema:
    """The bare value or the mapping, in one: alternatives would hide which key is mistyped."""
    plain = {key: inner for key, inner in value.items() if key not in _OF_VALUES_ONLY}
    plain.setdefault("type", [])
    mapping = {"minProperties": 1, "properties": operators, "additionalProperties": False}
    return shapes.also(plain, "object") | mapping


def _takes(operator: NumberOperator, value: Schema) -> Schema:
    match operator.takes:
        case Takes.VALUES:
            return _list(value)
        case Takes.RANGE:
            return _list(value) | {"minItems": 2, "maxItems": 2}
        case Takes.CHANGE:
            return shapes.NUMBER | {"exclusiveMinimum": 0} | shapes.offer(["10%", "30%", "50%"])
        case Takes.PLACES:
            return shapes.WHOLE | {"minimum": 1} | shapes.offer([10, 20, 50])
        case Takes.SCORE:
            return shapes.AMOUNT | {"exclusiveMinimum": 0} | shapes.offer([3, 4, 5])
        case _:
            return dict(value)


def _list(value: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": value}
