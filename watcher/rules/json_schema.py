"""The rule file's JSON Schema: completion and checking in an editor.

It says what an editor can use: keys, kinds of values, descriptions. What needs knowledge of the
rest of the file (names, ranges that belong together) is left to ``watcher check``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from watcher.keyapi.fields import PARAMETERS, SEEN_REGIONS, SORTS, Parameter, Type, Use
from watcher.rules.conditions.registry import (
    NUMBER_OPERATORS,
    OPTIONS,
    TEXT_OPERATORS,
    Takes,
)
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.schema import (
    NAMES,
    ApiSection,
    ChannelSection,
    DefaultsSection,
    KeepSection,
    RuleSection,
)

Schema: TypeAlias = dict[str, Any]

# Limits that pydantic writes under names of its own among them: ``watcher check`` knows them.
_OF_PYDANTIC = ("title", "default", "ge", "gt", "le", "lt", "exclusiveMinimum")

_NUMBER: Schema = {"type": ["number", "string"]}
_TEXT: Schema = {"type": ["string", "integer"]}


def json_schema() -> Schema:
    """The schema (draft 2020-12) of a rule file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "watcher rules",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "api": _or_empty(_section(ApiSection)),
            "channels": _named(_section(ChannelSection), "where alerts go, by name"),
            "operator": NAMES | {"description": "channels that hear of the watcher's own trouble"},
            "defaults": _or_empty(_defaults()),
            "metrics": _named(_NUMBER, "your own metrics: formulas over others"),
            "watches": _named({"$ref": "#/$defs/watch"}, "lists to read, shared by name"),
            "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
            "keep": _or_empty(_section(KeepSection)),
            "heartbeat": {
                "type": "string",
                "description": "an address, asked after every good round of scans",
            },
        },
        "$defs": {
            "watch": _watch(),
            "rule": _rule(),
            "condition": _condition(),
            "number": _operators_of_numbers(only_rank=False),
            "rank": _operators_of_numbers(only_rank=True),
            "text": _operators_of_texts(),
        },
    }


def _section(model: type[BaseModel]) -> Schema:
    """A section of plain values; durations and the like are texts to an editor."""
    schema = model.model_json_schema(mode="validation")
    definitions = schema.pop("$defs", {})
    cleaned = _inlined(schema, definitions)
    assert isinstance(cleaned, dict)  # noqa: S101  it was one
    return cleaned


def _inlined(part: object, definitions: Mapping[str, object]) -> object:
    """Without pydantic's own definitions, titles and defaults, which help no reader."""
    if isinstance(part, list):
        return [_inlined(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    reference = str(part.get("$ref", "")).removeprefix("#/$defs/")
    if reference in definitions:
        found = _inlined(definitions[reference], definitions)
        part = {key: value for key, value in part.items() if key != "$ref"}
        return _described(found) | part if isinstance(found, dict) else found
    cleaned = {
        key: _inlined_properties(value, definitions)
        if key == "properties"
        else _inlined(value, definitions)
        for key, value in part.items()
        if key not in _OF_PYDANTIC
    }
    return _simpler(cleaned)


def _described(definition: Schema) -> Schema:
    """A definition without its class' words: the field's own say more."""
    return {key: value for key, value in definition.items() if key != "description"}


def _simpler(schema: Schema) -> Schema:
    """Alternatives without null (a key is left out instead), and in one row."""
    choices = schema.pop("anyOf", None)
    if choices is None:
        return schema
    flat = [inner for one in choices for inner in one.get("anyOf", [one])]
    kept = [one for one in flat if one != {"type": "null"}]
    types = [name for one in kept for name in _types(one)]
    if all(set(one) == {"type"} for one in kept):
        return {"type": types if len(types) > 1 else types[0]} | schema
    return kept[0] | schema if len(kept) == 1 else {"anyOf": kept} | schema


def _types(schema: Schema) -> list[str]:
    names = schema.get("type", [])
    return [names] if isinstance(names, str) else names


def _inlined_properties(properties: Any, definitions: Mapping[str, object]) -> object:
    return {name: _inlined(value, definitions) for name, value in properties.items()}


def _named(entry: Schema, description: str) -> Schema:
    schema = {"type": "object", "description": description, "additionalProperties": entry}
    return _or_empty(schema)


def _or_empty(schema: Schema) -> Schema:
    """A section of which only the name stands there, its lines commented out."""
    return schema | {"type": ["object", "null"]}


def _defaults() -> Schema:
    schema = _section(DefaultsSection)
    schema["properties"] |= _schedule() | {"region": _region()}
    return schema


def _rule() -> Schema:
    schema = _section(RuleSection)
    properties = schema["properties"]
    properties["watch"] = {
        "description": properties["watch"]["description"],
        "anyOf": [{"type": "string"}, {"$ref": "#/$defs/watch"}],
    }
    for key in ("when", "until"):
        properties[key] = {
            "$ref": "#/$defs/condition",
            "description": properties[key]["description"],
        }
    return schema


# ----------------------------------------------------------------- watches


def _schedule() -> Schema:
    return {
        "every": {
            "type": "string",
            "description": 'how often to read: 24h, or a cron line as "0 9 * * mon-fri"',
        },
        "timezone": {"type": "string", "description": "of the cron line, as Europe/Berlin"},
    }


def _region() -> Schema:
    return {
        "description": "market code",
        "anyOf": [{"enum": list(SEEN_REGIONS)}, {"type": "string", "pattern": r"^[A-Za-z]{2}$"}],
    }


def _watch() -> Schema:
    filters = {
        parameter.name: _parameter(parameter)
        for parameter in PARAMETERS
        if parameter.use not in (Use.OWN, Use.SORT) and parameter.name != "region"
    }
    sorts = [f"{field} {order}" for field in SORTS for order in ("desc", "asc")]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "region": _region(),
            **filters,
            "sort": {
                "description": "order of the list: without one there is no rank",
                "enum": [*SORTS, *sorts],
            },
            "top": {
                "type": ["integer", "string"],
                "minimum": 1,
                "maximum": 1_000_000,
                "description": "products to read; each ten of them cost a credit",
            },
            **_schedule(),
        },
    }


def _parameter(parameter: Parameter) -> Schema:
    schema: Schema = {"description": parameter.meaning}
    match parameter.type:
        case Type.FLAG:
            names: list[object] = [name for name, _ in parameter.names]
            numbers = [number for _, number in parameter.names]
            booleans = [True, False] if "true" in names else []
            return schema | {"enum": [*names, *numbers, *booleans]}
        case Type.TEXT:
            return schema | _TEXT
        case Type.DAY:
            return schema | _TEXT | {"examples": ["30d ago", "2026-11-01"]}
        case _:
            return schema | _NUMBER


# -------------------------------------------------------------- conditions


def _condition() -> Schema:
    catalogue = Catalogue()
    metrics = {metric.name: _metric(metric) for metric in catalogue.metrics()}
    attributes = {
        name: {"$ref": "#/$defs/text", "description": attribute.meaning}
        for name in catalogue.names()
        if (attribute := catalogue.attribute(name)) is not None
    }
    several = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "all": several | {"description": "all of these are met"},
            "any": several | {"description": "at least one of these is met"},
            "not": {"$ref": "#/$defs/condition", "description": "this is not met"},
            "appears": {"const": True, "description": "listed by this watch for the first time"},
            **metrics,
            **attributes,
        },
        # The user's own metrics.
        "additionalProperties": {"$ref": "#/$defs/number"},
    }


def _metric(metric: Metric) -> Schema:
    meaning = f"{metric.label}: {metric.meaning}"
    if not metric.names:
        reference = "#/$defs/rank" if metric.name == RANK else "#/$defs/number"
        return {"$ref": reference, "description": meaning}
    names = [name for name, _ in metric.names]
    operators = _operators_of_numbers(only_rank=False, value={"enum": [*names, *range(len(names))]})
    return operators | {"description": meaning}


def _operators_of_numbers(*, only_rank: bool, value: Schema | None = None) -> Schema:
    plain = value or {"type": ["number", "string", "boolean"]}
    operators = {
        operator.name: _takes(operator.takes, plain) | {"description": operator.meaning}
        for operator in NUMBER_OPERATORS
        if only_rank or not operator.only_rank
    }
    return {"anyOf": [plain, _mapping(operators | _options())]}


def _options() -> Schema:
    return {
        name: {"type": ["string", "number"], "description": meaning}
        for name, meaning in OPTIONS.items()
    }


def _operators_of_texts() -> Schema:
    operators = {
        operator.name: _takes(operator.takes, _TEXT) | {"description": operator.meaning}
        for operator in TEXT_OPERATORS
    }
    return {"anyOf": [_TEXT, _mapping(operators)]}


def _mapping(properties: Schema) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": properties,
    }


def _takes(takes: Takes, value: Schema) -> Schema:
    match takes:
        case Takes.VALUES | Takes.TEXTS:
            return {"type": "array", "minItems": 1, "items": value}
        case Takes.RANGE:
            return {"type": "array", "minItems": 2, "maxItems": 2, "items": value}
        case Takes.CHANGE:
            return _NUMBER | {"examples": ["30%", 100]}
        case Takes.PLACES:
            return {"type": "integer", "minimum": 1}
        case Takes.SCORE:
            return {"type": "number", "exclusiveMinimum": 0, "examples": [3]}
        case _:
            return dict(value)
