"""The rule file's JSON Schema: completion and checking in an editor.

Beside the keywords of JSON Schema stand those that the YAML language server reads.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, get_args

from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from watcher.categories import CATEGORY
from watcher.fields import BY_NAME
from watcher.rules.metrics import ADDED_LATER, Catalogue
from watcher.rules.schema import schema_types as shapes
from watcher.rules.schema.condition_schema import CONDITION, condition_schemas
from watcher.rules.schema.group_schema import A_GROUP, group_metric, group_schema, own_metric
from watcher.rules.schema.schema_types import Schema
from watcher.rules.sections import models
from watcher.rules.sections.channels import NAME_PATTERN as CHANNEL_NAME
from watcher.rules.sections.gates import GRADES
from watcher.rules.sections.own_metrics import NAME_PATTERN as METRIC_NAME
from watcher.rules.sections.own_metrics import TAKEN
from watcher.rules.sections.sellers import ID_PATTERN as SELLER_ID
from watcher.source.endpoint import Parameter, ParameterType
from watcher.source.endpoints import CHOICE, ENDPOINTS, PARAMETERS, SORTS
from watcher.source.query import FOLLOWED, MOST_PRODUCTS

_LIMITS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum"}


def json_schema() -> Schema:
    """The schema (draft 2020-12) of a rule file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "what watcher reads and tells",
        "type": "object",
        "additionalProperties": False,
        "properties": _sections(),
        "$defs": {
            "watch": _watch(),
            "rule": _rule(),
            "group": group_schema(),
            "group_metric": group_metric(),
            **condition_schemas(),
        },
    }


def _sections() -> Schema:
    built_in = [name for name in Catalogue().names() if name not in ADDED_LATER]
    rules = {"type": ["array", "null"], "items": {"$ref": "#/$defs/rule"}} | _SOME_RULES
    return {
        "api": _or_empty(_section(models.ApiSection, "api")),
        "channels": _named(
            {f"^{CHANNEL_NAME}$": _channel()}, "where alerts go, by name", "channels", _A_CHANNEL
        ),
        "operator": shapes.also(shapes.NAMES, "null")
        | {"description": "channels that hear of the watcher's own trouble"},
        "defaults": _or_empty(_defaults()),
        "sellers": _named(
            {f"^{SELLER_ID}$": _SELLER},
            "your own names for sellers, valid wherever a seller's id is",
            "sellers",
            _A_SELLER,
        ),
        "facts": _or_empty(_section(models.FactsSection, "facts")),
        "metrics": _named(
            {f"^{METRIC_NAME}$": own_metric(_FORMULA)},
            "your own metrics: formulas over others, as spu_avg_price * commission",
            "metrics",
            _A_METRIC,
        )
        | {"properties": dict.fromkeys((*sorted(TAKEN), *built_in), False)},
        "watches": _named(
            {"": {"$ref": "#/$defs/watch", "description": _A_LIST, "type": "object"}},
            "lists to read, by name; several rules may use one",
            "watches",
            _A_WATCH,
        ),
        "groups": _named(
            {"": {"$ref": "#/$defs/group", "description": _A_KIND, "type": "object"}},
            "products put together, as a seller's: rules may speak of each group",
            "groups",
            A_GROUP,
        ),
        "rules": rules | {"title": "rules", "description": "what is worth telling"},
        "reports": _named(
            {"": _report()},
            "what is told of lists at fixed times, whether anything fired or not",
            "reports",
            _A_REPORT,
        ),
        "keep": _or_empty(_section(models.KeepSection, "keep")),
        "heartbeat": shapes.also(shapes.WEB_ADDRESS, "null")
        | {"description": "an address, asked after every good round of scans"},
    }


_A_CHANNEL = shapes.snippet("a channel", {"${1:me}": {"url": "${2:slack://...}"}})
_A_SELLER = shapes.snippet("a seller", {"${1:7495981769829615944}": "${2:GlowLab}"})
_A_METRIC = shapes.snippet("a metric", {"${1:earnings}": "${2:spu_avg_price * commission}"})
_WATCH = {"region": "${2:US}", "sort": "total_sale_7d_cnt desc", "top": "${3:100}"}
_A_WATCH = shapes.snippet("a watch", {"${1:bestsellers}": _WATCH})
_RULE: Schema = {
    "name": "${1:taking-off}",
    "description": "${2:What it means}",
    "watch": "${3:bestsellers}",
    "when": {"${4:sales_growth}": {"${5:at_least}": "${6:50%}"}},
    "severity": "${7:warning}",
}
_A_REPORT = shapes.snippet(
    "a report", {"${1:monday}": {"at": "${2:0 8 * * mon}", "watch": "${3:bestsellers}"}}
)
_A_RULE = shapes.snippet("a rule", _RULE)
_SOME_RULES = shapes.snippet("a first rule", [_RULE])

_A_LIST = "a list to read: KeyAPI's filters, the order, and how many products"
_A_KIND = "products put together by what they share, and the figures of each group"
_SELLER: Schema = {
    "type": "string",
    "pattern": r"[^0-9\s]",
    "patternErrorMessage": "write a name, as GlowLab: it has more than digits",
    "description": "the seller's name, as you call it",
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
    types = schema.get("type", [])
    limited = {"integer", "number"}.intersection([types] if isinstance(types, str) else types)
    return schema | (_limits(field.metadata) if limited else {})


def _limits(metadata: list[Any]) -> Schema:
    found = ((word, getattr(one, name, None)) for one in metadata for name, word in _LIMITS.items())
    return {word: limit for word, limit in found if limit is not None}


def _named(entries: Schema, description: str, title: str, snippet: Schema) -> Schema:
    """A section of names: the pattern of a name, and what stands under it."""
    said = {"title": title, "description": description}
    names = {"type": "object", "patternProperties": entries, "additionalProperties": False}
    return _or_empty(said | names | snippet)


def _or_empty(schema: Schema) -> Schema:
    """A section of which only the name stands there, its lines commented out."""
    return schema | {"type": ["object", "null"]}


def _defaults() -> Schema:
    schema = _section(models.DefaultsSection, "defaults")
    meaning = "of cron lines, digests, quiet hours and all times shown, as Europe/Berlin"
    timezone = shapes.TIMEZONE | {"description": meaning}
    schema["properties"] |= _schedule() | {"timezone": timezone}
    return schema


def _channel() -> Schema:
    schema = _section(models.ChannelSection, "channel")
    schema["properties"]["quiet"] = _quiet() | schema["properties"]["quiet"]
    return schema


def _quiet() -> Schema:
    """Quiet hours, or several in a list."""
    one = _section(models.QuietSection, "quiet hours") | {"minProperties": 1}
    return one | {"type": ["object", "array"], "minItems": 1, "items": one}


def _rule() -> Schema:
    schema = _section(models.RuleSection, "rule")
    properties = schema["properties"]
    shapes_of = {"watch": _WATCHES, **dict.fromkeys(("when", "until", "again"), CONDITION)}
    for name, shape in shapes_of.items():
        properties[name] = shape | properties[name]
    properties["quiet"] = _quiet() | properties["quiet"]
    grades = {name: CONDITION | {"description": f"{name} while this is met"} for name in GRADES}
    properties["severity"] |= {"properties": grades, "minProperties": 1}
    properties["severity"] |= {"additionalProperties": False}
    properties["order_by"] = _order_by(properties["order_by"])
    return schema | _A_RULE


def _order_by(schema: Schema) -> Schema:
    known = shapes.known(Catalogue().metrics())
    return {"anyOf": [known, _ORDER], "description": schema["description"]}


def _report() -> Schema:
    schema = _section(models.ReportSection, "report")
    properties = schema["properties"]
    properties["watch"] = _WATCHES | properties["watch"]
    properties["order_by"] = _order_by(properties["order_by"])
    properties["show"] = _section(models.ShowSection, "show") | properties["show"]
    return schema


# The watches of a rule or a report: a name, the mapping itself, or a list of these.
_WATCHES: Schema = {
    "$ref": "#/$defs/watch",
    "type": ["string", "object", "array"],
    "minItems": 1,
    "uniqueItems": True,
    "items": {"$ref": "#/$defs/watch", "type": ["string", "object"]},
}


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


_OF_TYPE = {
    ParameterType.REGION: shapes.REGION,
    ParameterType.TEXT: shapes.CATEGORY,
    ParameterType.DAY: shapes.PAST_DAY,
    ParameterType.INTEGER: shapes.WHOLE | {"minimum": 0},
}


def _schedule() -> Schema:
    every = (
        'how often to read: 24h, a cron line as "0 9 * * mon-fri", or refresh, when the data is new'
    )
    return {
        "every": shapes.EVERY | {"description": every},
        "timezone": shapes.TIMEZONE | {"description": "of the cron line, as Europe/Berlin"},
    }


def _watch() -> Schema:
    """A watch's keys. The type is its users' matter: a rule may also name a watch."""
    filters = {
        CATEGORY: shapes.CATEGORY | {"description": "category of whichever level, by name or id"},
    } | {
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
            "shop": shapes.SELLER
            | {"description": "a seller's products, by its id or its page, in place of a list"},
            "products": _own_products(),
            **_schedule(),
            # Empty it is UTC again, where the defaults say another.
            "timezone": shapes.also(_schedule()["timezone"], "null"),
        },
    }


def _own_products() -> Schema:
    most = {"minItems": 1, "maxItems": MOST_PRODUCTS}
    followed = shapes.one_of([FOLLOWED], ["those that watcher follow and the page keep"])
    return {
        "description": "products of your own, by ids or pages, in place of a list; or followed",
        "anyOf": [
            *followed["anyOf"],
            shapes.PRODUCT,
            {"type": "array", "items": shapes.PRODUCT, **most},
        ],
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
