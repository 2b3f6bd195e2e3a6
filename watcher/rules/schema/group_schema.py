"""The JSON Schema of groups of products, and of figures of many products."""

from __future__ import annotations

from watcher.rules.conditions.grouping import AMONG
from watcher.rules.metrics import ATTRIBUTES, Catalogue
from watcher.rules.schema import schema_types as shapes
from watcher.rules.schema.condition_schema import CONDITION
from watcher.rules.schema.schema_types import Schema
from watcher.rules.sections.figures import FIGURES, WHERE, Asks
from watcher.rules.sections.models import GroupSection
from watcher.rules.sections.own_metrics import NAME_PATTERN, TAKEN

_FIGURE = {"${1:gmv}": {"${2:sum}": "${3:total_sale_gmv_7d_amt}"}}
_A_FIGURE = shapes.snippet("a figure", _FIGURE)
_GROUP = {
    "of": "${2:bestsellers}",
    "by": "${3:seller_id}",
    "metrics": {"${4:gmv}": {"${5:sum}": "${6:total_sale_gmv_7d_amt}"}},
}
A_GROUP = shapes.snippet("a group", {"${1:shelves}": _GROUP})
_EACH = "a figure of a group's products, or a formula over figures"
_WHERE_MEANS = "of those products only that meet this"
_SAY_TEXT = "write the name of a text, as seller_id"


def group_schema() -> Schema:
    """A group of products."""
    said = {name: info.description for name, info in GroupSection.model_fields.items()}
    watch: Schema = {"$ref": "#/$defs/watch", "type": ["string", "object", "array"]}
    each = {"$ref": "#/$defs/watch", "type": ["string", "object"]}
    several = {"minItems": 1, "uniqueItems": True, "items": each}
    names = {f"^{NAME_PATTERN}$": {"$ref": "#/$defs/group_metric", "description": _EACH}}
    built_in = Catalogue().names()
    return {
        "title": "group",
        "type": "object",
        "description": GroupSection.__doc__,
        "additionalProperties": False,
        "required": ["of", "by"],
        "properties": {
            "of": watch | several | {"description": said["of"]},
            "by": shapes.GROUPED_BY | {"description": said["by"]},
            "metrics": {
                "type": ["object", "null"],
                "description": said["metrics"],
                "properties": dict.fromkeys((*sorted(TAKEN), *built_in), False),
                "patternProperties": names,
                "additionalProperties": False,
                **_A_FIGURE,
            },
        },
    }


def group_metric() -> Schema:
    """A figure under its name, or a formula over figures; in one, as alternatives would hide which
    key is mistyped."""
    return figure_schema({}) | {
        "type": ["string", "object"],
        "pattern": r"[A-Za-z_]",
        "patternErrorMessage": "write a figure, as {sum: total_sale_gmv_7d_amt}, or a formula over "
        "the group's figures, as gmv / size",
    }


def own_metric(formula: Schema) -> Schema:
    """A product's own metric: a formula, or a figure of the products that it is among."""
    means = "what these products have in common with this one"
    return figure_schema({AMONG: shapes.GROUPING | {"description": means}}) | {
        **formula,
        "type": ["string", "object"],
        "title": "your own metric",
        "description": f"{formula['description']}; or a figure of the products that one is among, "
        "as {min: spu_avg_price, among: category_l3_id}",
    }


def figure_schema(beside: Schema) -> Schema:
    """A figure of many products, with the keys that may stand ``beside`` it."""
    metric, text = _metric(), _text()
    taken: dict[Asks, Schema] = {
        Asks.METRIC: metric,
        Asks.CONDITIONS: CONDITION,
        Asks.ATTRIBUTE: text,
        Asks.TOP: _top(metric, text),
    }
    figures = {
        name: taken[row.asks] | {"description": row.meaning} for name, row in FIGURES.items()
    }
    return {
        "title": "figure",
        "type": "object",
        "description": "a figure of many products; of a group, or a formula over its figures",
        "minProperties": 1,
        "properties": figures | {WHERE: CONDITION | {"description": _WHERE_MEANS}} | beside,
        "additionalProperties": False,
    }


def _metric() -> Schema:
    return {"anyOf": [shapes.known(Catalogue().metrics()), shapes.METRIC]}


def _text() -> Schema:
    return {"anyOf": [shapes.known(ATTRIBUTES), shapes.written(r"\S.*", _SAY_TEXT)]}


def _top(metric: Schema, text: Schema) -> Schema:
    first = shapes.WHOLE | {"minimum": 1, "maximum": 1_000} | shapes.offer([1, 3, 10])
    return {
        "type": "object",
        "properties": {
            "of": metric | {"description": "the metric that is summed"},
            "by": text | {"description": "what shares it, as seller_id"},
            "first": first | {"description": "how many of the largest"},
        },
        "required": ["of", "by", "first"],
        "additionalProperties": False,
    }
