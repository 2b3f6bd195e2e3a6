"""The JSON Schema of conditions: of each metric and text, its operators and what they take."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.categories import CATEGORY, LEVELS
from watcher.rules.conditions import registry
from watcher.rules.conditions.compiling import ON_CATEGORIES
from watcher.rules.conditions.registry import OPTIONS, Takes
from watcher.rules.conditions.values import counted
from watcher.rules.metrics import ATTRIBUTES, Attribute, Catalogue, Metric
from watcher.rules.schema import schema_types as shapes
from watcher.rules.schema.schema_types import Schema
from watcher.rules.sections.own_metrics import TAKEN
from watcher.source.endpoints import REGIONS
from watcher.units import Unit

CONDITION: Schema = {"$ref": "#/$defs/condition"}
# What operators take, by the names that they have in $defs.
_VALUES = {
    "a_number": shapes.or_metric(shapes.NUMBER),
    "an_amount": shapes.or_metric(shapes.AMOUNT),
    "days": shapes.or_metric(shapes.DAYS),
    "a_day": shapes.or_metric(shapes.DAY),
    "yes_or_no": shapes.YES_OR_NO,
    "a_text": shapes.ID,
    "a_region": shapes.ID | shapes.offer(REGIONS),
    "a_change": shapes.or_metric(shapes.CHANGE),
    "a_least_change": shapes.CHANGE | {"defaultSnippets": []},
    "a_least_move": shapes.FLOOR,
    "places": shapes.PLACES,
    "a_score": shapes.SCORE,
    "a_baseline": shapes.BASELINE,
    "a_span": shapes.SPAN,
    "a_time": shapes.TIME_BACK,
    "a_record": shapes.RECORD,
    "a_grouping": shapes.GROUPING,
    "a_metric": shapes.METRIC,
}
# What an editor would show or offer for the mapping, too.
_OF_VALUES_ONLY = ("errorMessage", "defaultSnippets")
_OF_AMOUNTS = ("unusual", "lowest", "highest")
_WORDS = ("all", "any", "not", *registry.WORDS)


def condition_schemas() -> Schema:
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
    attributes = {attribute.name: _attribute(attribute) for attribute in ATTRIBUTES}
    attributes[CATEGORY] = _category()
    several = {"type": "array", "minItems": 1, "items": CONDITION}
    return {
        "title": "condition",
        "type": "object",
        "minProperties": 1,
        "properties": {
            "all": several | {"description": "all of these are met"},
            "any": several | {"description": "at least one of these is met"},
            "not": CONDITION | {"description": "this is not met"},
            **{word: _true(meaning) for word, (_, meaning) in registry.WORDS.items()},
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


_AMOUNTS = ("a_number", "an_amount", "days", "a_day")
_LIMITED = {
    Takes.VALUE: shapes.LIMIT,
    Takes.CHANGE: shapes.LIMIT,
    Takes.RANGE: {"type": "array", "minItems": 2, "maxItems": 2, "items": shapes.LIMIT},
}


def _true(meaning: str) -> Schema:
    return {"const": True, "description": meaning}


def _word(metric: Metric) -> str:
    return f"{metric.name}_word"


def _metric(metric: Metric) -> Schema:
    said = {"title": metric.label, "description": metric.meaning}
    match metric.unit:
        case Unit.FLAG if metric.names:
            plain = shapes.bare_flag(dict(metric.names))
            operators = _operators(_word(metric), without=_OF_AMOUNTS, plain=plain)
            return operators | {"examples": plain["examples"]} | said
        case Unit.FLAG:
            return _operators("yes_or_no", without=_OF_AMOUNTS) | said
        case Unit.DAYS:
            return _operators("days", floor="a_least_move") | said
        case Unit.DAY:
            return _operators("a_day", without=_OF_AMOUNTS) | said
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
    known = [
        operator
        for operator in registry.NUMBER_OPERATORS
        if (places or not operator.only_rank) and operator.name not in without
    ]
    operators = {
        operator.name: _takes(operator, value) | {"description": operator.meaning}
        for operator in known
    }
    limited = {each.name: each.takes for each in known if each.takes in _LIMITED}
    options = {
        "from": "a_baseline",
        "min_change": floor,
        "over": "a_span",
        "of": "a_metric",
        "among": "a_grouping",
    }
    said = {name: _ref(options[name]) | {"description": OPTIONS[name]} for name in OPTIONS}
    if value not in _AMOUNTS:  # a flag is compared with no other metric
        del said["of"], said["among"]
        return _either(plain or _VALUES[value], operators | said)
    # A part of another metric is no number of this one: 90% of a target is an amount.
    strict = {name: operators[name] for name in limited}
    loose = {
        name: _LIMITED[takes] | {"description": operators[name]["description"]}
        for name, takes in limited.items()
    }
    plainly = {"if": {"not": {"required": ["of"]}}, "then": {"properties": strict}}
    records = {
        each.name: _ref("a_time") | {"description": each.meaning}
        for each in known
        if each.takes is Takes.RECORD
    }
    if records:  # a part of the peers stands beside "among" only
        alone = {"if": {"not": {"required": ["among"]}}, "then": {"properties": records}}
        plainly |= {"allOf": [alone]}
    return _either(plain or _VALUES[value], operators | loose | said) | plainly


def _category() -> Schema:
    """A category of whichever level."""
    operators = _text_operators("a_text")
    taken = {name: operators["properties"][name] for name in ON_CATEGORIES}
    said = {"title": "category", "description": "category of whichever level, by name or id"}
    return operators | {"properties": taken} | said


def _attribute(attribute: Attribute) -> Schema:
    is_region = attribute.name == "region"
    operators = _text_operators("a_region") if is_region else {"$ref": "#/$defs/text"}
    if attribute.name in LEVELS:
        operators = _text_operators("a_text")  # of its own: an editor offers names of its level
    return operators | {"title": attribute.label, "description": attribute.meaning}


def _text_operators(value: str) -> Schema:
    operators: Schema = {}
    for operator in registry.TEXT_OPERATORS:
        takes = _list_or_file(_ref(value)) if operator.takes is Takes.TEXTS else _ref(value)
        if operator.takes is Takes.TRUE:
            takes = {"const": True}
        if operator.name in ("contains", "matches"):
            takes = shapes.ID | {"minLength": 1}
        operators[operator.name] = takes | {"description": operator.meaning}
    return _either(_VALUES[value], operators)


def _either(value: Schema, operators: Schema) -> Schema:
    """The bare value or the mapping, in one: alternatives would hide which key is mistyped."""
    plain = {key: inner for key, inner in value.items() if key not in _OF_VALUES_ONLY}
    mapping = {"minProperties": 1, "properties": operators, "additionalProperties": False}
    return shapes.also(plain, "object") | mapping


def _takes(operator: registry.RuleOperator[Metric], value: str) -> Schema:
    own = {
        Takes.CHANGE: "a_change",
        Takes.PLACES: "places",
        Takes.SCORE: "a_score",
        Takes.TIME: "a_time",
        Takes.RECORD: "a_record",
    }
    taken = _ref(own.get(operator.takes, value))
    if operator.takes is Takes.RANGE:
        return _list(taken) | {"minItems": 2, "maxItems": 2}
    return _list_or_file(taken) if operator.takes is Takes.VALUES else taken


def _list_or_file(value: Schema) -> Schema:
    return _list(value) | {"type": ["array", "object"]} | shapes.VALUE_FILE


def _list(value: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": value}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
