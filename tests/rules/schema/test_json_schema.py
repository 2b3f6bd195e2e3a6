"""The JSON Schema that editors complete from."""

import json
import re
from collections.abc import Iterator
from typing import Any

from watcher.rules.conditions.registry import NUMBER_OPERATORS, OPTIONS, WORDS
from watcher.rules.metrics import Catalogue
from watcher.rules.schema.json_schema import json_schema
from watcher.rules.sections.models import SECTIONS, RuleSection
from watcher.source.endpoints import CHOICE, INSTEAD, PARAMETERS

SCHEMA = json_schema()


def references(part: Any) -> set[str]:
    """All ``$ref`` in it."""
    if isinstance(part, list):
        return set().union(*(references(one) for one in part)) if part else set()
    if not isinstance(part, dict):
        return set()
    found = set().union(*(references(one) for one in part.values())) if part else set()
    return found | ({part["$ref"]} if isinstance(part.get("$ref"), str) else set())


def keys_of(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """All keys that a file may have, by where the schema has them."""
    if isinstance(part, list):
        for index, one in enumerate(part):
            yield from keys_of(one, f"{path}[{index}]")
    elif isinstance(part, dict):
        for name, one in part.items():
            if name in ("properties", "patternProperties") and isinstance(one, dict):
                yield from ((f"{path}.{key}", value) for key, value in one.items() if value)
            yield from keys_of(one, f"{path}.{name}")


def test_an_order_is_a_metric_and_what_stands_behind_it() -> None:
    """As the loader reads it; a metric of one's own is any name."""
    known, written = SCHEMA["$defs"]["rule"]["properties"]["order_by"]["anyOf"]
    assert set(known["enum"]) == {metric.name for metric in Catalogue().metrics()}
    pattern = re.compile(written["pattern"])
    good = "mine|rank|rank asc|rank DESC|rank change|mine change  asc| rank |${ORDER}|change change"
    bad = "|5|rank up|rank asc desc|rank asc change|rank change change|rank, asc"
    assert [text for text in good.split("|") if not pattern.search(text)] == []
    assert [text for text in bad.split("|") if pattern.search(text)] == []
    labels = [each["label"] for each in written["defaultSnippets"]]
    assert labels == ["METRIC asc", "METRIC change", "METRIC change asc"]


def test_is_plain_json_with_whole_references() -> None:
    """It can be written to a file, and every reference leads somewhere."""
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert references(SCHEMA) <= {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


def test_knows_all_sections_parameters_and_metrics() -> None:
    """What the file takes is what the editor offers."""
    assert set(SCHEMA["properties"]) == set(SECTIONS)
    settable = {one.name for one in PARAMETERS.values() if one.is_settable}
    extra = {"sort", "top", "every", "timezone", "category", *INSTEAD, *CHOICE}
    assert set(SCHEMA["$defs"]["watch"]["properties"]) == settable | extra
    words = {"all", "any", "not", "category", *WORDS}
    keys = SCHEMA["$defs"]["condition"]["properties"]
    assert {key for key, value in keys.items() if value} == {*Catalogue().names(), *words}
    fields = {info.alias or name for name, info in RuleSection.model_fields.items()}
    assert set(SCHEMA["$defs"]["rule"]["properties"]) == fields


def test_offers_every_operator_where_it_belongs() -> None:
    """Those on places only for the rank; none that a flag has no use for."""
    offered = SCHEMA["$defs"]["number"]["properties"]
    metrics = SCHEMA["$defs"]["condition"]["properties"]
    of_rank = metrics["rank"]["properties"]
    assert set(of_rank) == {one.name for one in NUMBER_OPERATORS} | set(OPTIONS)
    places = {one.name for one in NUMBER_OPERATORS if one.only_rank}
    assert set(offered) == set(of_rank) - places
    assert set(metrics["sales_flag"]["properties"]) == set(offered) - {
        "unusual",
        "lowest",
        "highest",
        "of",
        "among",
    }
    assert all(one["description"] for one in of_rank.values())


def test_everything_is_described() -> None:
    """Each key that an editor offers says what it is for."""
    assert [path for path, key in keys_of(SCHEMA) if not key.get("description")] == []


def test_flags_are_offered_by_name() -> None:
    """As people write them."""
    trend = SCHEMA["$defs"]["condition"]["properties"]["sales_trend_flag"]
    assert trend["examples"] == ["stable", "rising", "falling"]
    word = SCHEMA["$defs"][trend["properties"]["becomes"]["$ref"].removeprefix("#/$defs/")]
    assert word["anyOf"][0]["enum"] == ["stable", "rising", "falling"]
    of_watch = SCHEMA["$defs"]["watch"]["properties"]["sales_trend_flag"]
    assert of_watch["anyOf"][0]["enum"] == ["stable", "rising", "falling"]


def test_a_section_may_be_empty() -> None:
    """Its name alone, with its lines commented out."""
    sections = [SCHEMA["properties"][name] for name in ("api", "channels", "watches", "keep")]
    assert all(section["type"] == ["object", "null"] for section in sections)
