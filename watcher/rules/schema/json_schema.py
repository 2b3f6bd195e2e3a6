"""The rule file's JSON Schema: completion and checking in an editor.

Beside the keywords of JSON Schema stand those that the YAML language server reads.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, get_args

from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from watcher.fields import BY_NAME
from watcher.rules.metrics import ADDED_LATER, Catalogue
from watcher.rules.schema import json_conditions
from watcher.rules.schema import schema_types as shapes
from watcher.rules.schema.schema_types import Schema
from watcher.rules.sections.channels import NAME_PATTERN as CHANNEL_NAME
from watcher.rules.sections.models import (
    ApiSection,
    ChannelSection,
    DefaultsSection,
    KeepSection,
    QuietSection,
    RuleSection,
)
from watcher.rules.sections.own_metrics import NAME_PATTERN as METRIC_NAME
from watcher.rules.sections.own_metrics import TAKEN
from watcher.source.endpoint import Parameter, ParameterType
from watcher.source.endpoints import CHOICE, ENDPOINTS, PARAMETERS, SORTS

_LIMITS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum"}


def json_schema() -> Schema:
    """The schema (draft 2020-12) of a rule file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "what watcher reads and tells",
        "type": "object",
        "additionalProperties": False,
        "properties": _sections(),
        "$defs": {"watch": _watch(), "rule": _rule(), **json_conditions.definitions()},
    }


def _sections() -> Schema:
    built_in = [name for name in Catalogue().names() if name not in ADDED_LATER]
    rules = {"type": ["array", "null"], "items": {"$ref": "#/$defs/rule"}} | _SOME_RULES
    return {
        "api": _or_empty(_section(ApiSection, "api")),
        "channels": _named(
            {f"^{CHANNEL_NAME}$": _channel()}, "where alerts go, by name", "channels", _A_CHANNEL
        ),
        "operator": shapes.also(shapes.NAMES, "null")
        | {"description": "channels that hear of the watcher's own trouble"},
        "defaults": _or_empty(_defaults()),
        "metrics": _named(
            {f"^{METRIC_NAME}$": _FORMULA},
            "your own metrics: formulas over others, as spu_avg_price * commission",
            "metrics",
            _A_METRIC,
        )
        | {"properties": dict.fromkeys((*sorted(TAKEN), *built_in), False)},
        "watches": _named(
            {"": _THE_WATCH | {"type": "object"}},
            "lists to read, by name; several rules may use one",
            "watches",
            _A_WATCH,
        ),
        "rules": rules | {"title": "rules", "description": "what is worth telling"},
        "keep": _or_empty(_section(KeepSection, "keep")),
        "heartbeat": shapes.also(shapes.WEB_ADDRESS, "null")
        | {"description": "an address, asked after every good round of scans"},
    }


def _snippet(label: str, body: object) -> Schema:
    return {"defaultSnippets": [{"label": label, "description": label, "body": body}]}


_A_CHANNEL = _snippet("a channel", {"${1:me}": {"url": "${2:slack://...}"}})
_A_METRIC = _snippet("a metric", {"${1:earnings}": "${2:spu_avg_price * commission}"})
_A_WATCH = _snippet(
    "a watch",
    {
        "${1:bestsellers}": {
            "region": "${2:US}",
            "sort": "total_sale_7d_cnt desc",
            "top": "${3:100}",
        }
    },
)
_RULE: Schema = {
    "name": "${1:taking-off}",
    "description": "${2:What it means}",
    "watch": "${3:bestsellers}",
    "when": {"${4:sales_growth}": {"${5:at_least}": "${6:50%}"}},
    "severity": "${7:warning}",
}
_A_RULE = _snippet("a rule", _RULE)
_SOME_RULES = _snippet("a first rule", [_RULE])

_THE_WATCH: Schema = {
    "$ref": "#/$defs/watch",
    "description": "a list to read: KeyAPI's filters, the order, and how many products",
}
_FORMULA: Schema = {
    "type": "string",
    "pattern": r"[A-Za-z_]",
    "patternErrorMessage": "write a formula over metrics, as spu_avg_price * commission",
    "description": "a formula: + - * / **, min, max, abs, ln, log10, sqrt, round, and "
    "a if b else c, over all metrics",
}


def _section(model: type[BaseModel], title: str) -> Schema:
    """A section of plain values, as its model says."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    schema = {
        "additionalProperties": False,
        "description": model.__doc__,
        "properties": {name: _value(info) for name, info in fields.items()},
        "type": "object",
        "title": title,
    }
    required = [name for name, info in fields.items() if info.is_required()]
    return schema | ({"required": required} if required else {})


def _value(field: FieldInfo) -> Schema:
    """A field's own schema; without null, for a key is left out instead."""
    inner = (getattr(each, "__metadata__", ()) for each in get_args(field.annotation))
    about = [*chain.from_iterable(inner), *field.metadata]
    own = next((each.json_schema for each in about if isinstance(each, WithJsonSchema)), None)
    said = {"description": field.description} if field.description else {}
    schema = {**(own or {}), **said}
    limited = {"integer", "number"}.intersection(_types(schema))
    return schema | (_limits(field.metadata) if limited else {})


def _types(schema: Schema) -> list[str]:
    names = schema.get("type", [])
    return [names] if isinstance(names, str) else names


def _limits(metadata: list[Any]) -> Schema:
    return {
        word: getattr(one, name)
        for one in metadata
        for name, word in _LIMITS.items()
        if getattr(one, name, None) is not None
    }


def _named(entries: Schema, description: str, title: str, snippet: Schema) -> Schema:
    """A section of names: the pattern of a name, and what stands under it."""
    said = {"title": title, "description": description}
    names = {"type": "object", "patternProperties": entries, "additionalProperties": False}
    return _or_empty(said | names | snippet)


def _or_empty(schema: Schema) -> Schema:
    """A section of which only the name stands there, its lines commented out."""
    return schema | {"type": ["object", "null"]}


def _defaults() -> Schema:
    schema = _section(DefaultsSection, "defaults")
    meaning = "of cron lines, digests, quiet hours and all times shown, as Europe/Berlin"
    timezone = shapes.TIMEZONE | {"description": meaning}
    schema["properties"] |= _schedule() | {"timezone": timezone}
    return schema


def _channel() -> Schema:
    schema = _section(ChannelSection, "channel")
    said = schema["properties"]["quiet"]["description"]
    schema["properties"]["quiet"] = _section(QuietSection, "quiet hours") | {"description": said}
    return schema


def _rule() -> Schema:
    schema = _section(RuleSection, "rule")
    properties = schema["properties"]
    said = {name: {"description": properties[name]["description"]} for name in _WRITTEN_OUT}
    properties["watch"] = {"$ref": "#/$defs/watch", "type": ["string", "object"]} | said["watch"]
    for key in ("when", "until"):
        properties[key] = {"$ref": "#/$defs/condition"} | said[key]
    metrics = Catalogue().metrics()
    known = {
        "enum": [one.name for one in metrics],
        "enumDescriptions": [one.meaning for one in metrics],
    }
    properties["order_by"] = {"anyOf": [known, _ORDER]} | said["order_by"]
    return schema | _A_RULE


# A metric of one's own, too; with what stands behind it.
_CHANGE, _DIRECTION = shapes.any_case(["change"]), shapes.any_case(["asc", "desc"])
_ORDER = shapes.written(
    rf"{METRIC_NAME}(\s+({_CHANGE}))?(\s+({_DIRECTION}))?",
    "write a metric, as sales_growth, sales_growth asc or spu_avg_price change desc",
) | {
    "defaultSnippets": [
        {"label": label, "description": label, "body": body}
        for label, body in (
            ("METRIC asc", "${1:spu_avg_price} asc"),
            ("METRIC change", "${1:total_sale_7d_cnt} change"),
            ("METRIC change asc", "${1:spu_avg_price} change asc"),
        )
    ]
}
_WRITTEN_OUT = ("watch", "when", "until", "order_by")


_OF_TYPE = {
    ParameterType.REGION: shapes.REGION,
    ParameterType.TEXT: shapes.CATEGORY,
    ParameterType.DAY: shapes.PAST_DAY,
    ParameterType.INTEGER: shapes.WHOLE | {"minimum": 0},
}


def _schedule() -> Schema:
    every = 'how often to read: 24h, or a cron line as "0 9 * * mon-fri"'
    return {
        "every": shapes.EVERY | {"description": every},
        "timezone": shapes.TIMEZONE | {"description": "of the cron line, as Europe/Berlin"},
    }


def _watch() -> Schema:
    """A watch's keys. The type is its users' matter: a rule may also name a watch."""
    filters = {
        parameter.name: _parameter(parameter)
        for parameter in PARAMETERS.values()
        if parameter.is_settable
    }
    which = {"description": "the list to read, products if left out"}
    return {
        "title": "watch",
        "additionalProperties": False,
        "properties": {
            **{name: shapes.one_of(ENDPOINTS) | which for name in CHOICE},
            **filters,
            "sort": _sort() | {"description": "order of the list: without one there is no rank"},
            "top": shapes.WHOLE
            | {
                "minimum": 1,
                "maximum": 1_000_000,
                "description": "products to read, 100 if left out; each ten of them cost a credit",
            }
            | shapes.offer([10, 50, 100, 200]),
            **_schedule(),
            # Empty it is UTC again, where the defaults say another.
            "timezone": shapes.also(_schedule()["timezone"], "null"),
        },
    }


def _sort() -> Schema:
    orders = {"desc": "highest first", "asc": "lowest first"}
    offered = {f"{name} {order}": (name, order) for name in SORTS for order in orders}
    meanings = [f"{BY_NAME[name].label}, {orders[order]}" for name, order in offered.values()]
    plain = "|".join(SORTS)
    return shapes.one_of(offered, meanings, more=rf"({plain})(\s+([Dd][Ee][Ss][Cc]|[Aa][Ss][Cc]))?")


def _parameter(parameter: Parameter) -> Schema:
    said: Schema = {"description": parameter.meaning}
    if parameter.type is ParameterType.FLAG:
        names = dict(parameter.names)
        return (shapes.YES_OR_NO if "true" in names else shapes.flag(names)) | said
    return _OF_TYPE.get(parameter.type, shapes.NUMBER | {"minimum": 0}) | said
