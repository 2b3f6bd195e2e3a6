"""The JSON Schema of conditions: metrics, and the operators under each."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.rules.conditions.registry import (
    NUMBER_OPERATORS,
    OPTIONS,
    TEXT_OPERATORS,
    Operator,
    Takes,
)
from watcher.rules.conditions.values import counted
from watcher.rules.metrics import Attribute, Catalogue, Metric
from watcher.rules.schema import schema_types as shapes
from watcher.rules.schema.schema_types import Schema
from watcher.rules.sections.own_metrics import TAKEN
from watcher.source.endpoints import REGIONS
from watcher.units import Unit

_CONDITION: Schema = {"$ref": "#/$defs/condition"}
# What operators take, by the names that they have in $defs.
_VALUES = {
    "a_number": shapes.NUMBER,
    "an_amount": shapes.AMOUNT,
    "days": shapes.DAYS,
    "a_day": shapes.DAY,
    "yes_or_no": shapes.YES_OR_NO,
    "a_text": shapes.ID,
    "a_region": shapes.ID | shapes.offer(REGIONS),
    "a_change": shapes.CHANGE,
    "a_least_change": shapes.CHANGE | {"defaultSnippets": []},
    "a_least_move": shapes.FLOOR,
    "places": shapes.PLACES,
    "a_score": shapes.SCORE,
    "a_baseline": shapes.BASELINE,
    "a_span": shapes.SPAN,
}
# What an editor would show or offer for the mapping, too.
_OF_VALUES_ONLY = ("errorMessage", "defaultSnippets")
_WORDS = ("all", "any", "not", "appears")


def definitions() -> Schema:
    """The schemas that all conditions share, for ``$defs``."""
    return {
        "condition": _condition(),
        "number": _operators("a_number"),
        "count": _operators("an_amount", floor="a_least_move"),
        "text": _text_operators("a_text"),
        **_VALUES,
        **{
            _word(metric): shapes.flag(dict(metric.names))
            for metric in Catalogue().metrics()
            if metric.names
        },
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
        "additionalProperties": {
            "$ref": "#/$defs/number",
            "title": "your own metric",
            "description": "one of metrics:, or a mistyped name: watcher check tells",
        },
    }


def _word(metric: Metric) -> str:
    return f"{metric.name}_word"


def _metric(metric: Metric) -> Schema:
    said = {"title": metric.label, "description": metric.meaning}
    match metric.unit:
        case Unit.FLAG if metric.names:
            plain = shapes.bare_flag(dict(metric.names))
            operators = _operators(_word(metric), without=("unusual",), plain=plain)
            return operators | {"examples": plain["examples"]} | said
        case Unit.FLAG:
            return _operators("yes_or_no", without=("unusual",)) | said
        case Unit.DAYS:
            return _operators("days", floor="a_least_move") | said
        case Unit.DAY:
            return _operators("a_day", without=("unusual",)) | said
        case Unit.PLACE:
            return _operators("an_amount", floor="a_least_move", places=True) | said
        case _:
            return {"$ref": f"#/$defs/{'count' if counted(metric) else 'number'}"} | said


def _operators(
    value: str,
    *,
    floor: str = "a_least_change",
    places: bool = False,
    without: Iterable[str] = (),
    plain: Schema | None = None,
) -> Schema:
    """A metric's bare value, or its operators; ``floor`` is what ``min_change`` takes."""
    operators = {
        operator.name: _takes(operator, value) | {"description": operator.meaning}
        for operator in NUMBER_OPERATORS
        if (places or not operator.only_rank) and operator.name not in without
    }
    options = {"from": "a_baseline", "min_change": floor, "over": "a_span"}
    said = {name: _ref(options[name]) | {"description": OPTIONS[name]} for name in OPTIONS}
    return _either(plain or _VALUES[value], operators | said)


def _attribute(attribute: Attribute) -> Schema:
    said = {"title": attribute.label, "description": attribute.meaning}
    if attribute.name == "region":
        return _text_operators("a_region") | said
    return {"$ref": "#/$defs/text"} | said


def _text_operators(value: str) -> Schema:
    operators: Schema = {}
    for operator in TEXT_OPERATORS:
        takes = _list(_ref(value)) if operator.takes is Takes.TEXTS else _ref(value)
        if operator.name in ("contains", "matches"):
            takes = shapes.ID | {"minLength": 1}
        operators[operator.name] = takes | {"description": operator.meaning}
    return _either(_VALUES[value], operators)


def _either(value: Schema, operators: Schema) -> Schema:
    """The bare value or the mapping, in one: alternatives would hide which key is mistyped."""
    plain = {key: inner for key, inner in value.items() if key not in _OF_VALUES_ONLY}
    mapping = {"minProperties": 1, "properties": operators, "additionalProperties": False}
    return shapes.also(plain, "object") | mapping


def _takes(operator: Operator[Metric], value: str) -> Schema:
    own = {Takes.CHANGE: "a_change", Takes.PLACES: "places", Takes.SCORE: "a_score"}
    taken = _ref(own.get(operator.takes, value))
    match operator.takes:
        case Takes.VALUES:
            return _list(taken)
        case Takes.RANGE:
            return _list(taken) | {"minItems": 2, "maxItems": 2}
        case _:
            return taken


def _list(value: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": value}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
