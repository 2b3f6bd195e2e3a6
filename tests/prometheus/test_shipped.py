"""The dashboard and the alert rules: they are valid, and ask for what there is."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.prometheus.test_metrics import needs_promtool
from tools import grafana

ALERTS = Path(__file__).parents[2] / "docs" / "prometheus-alerts.yaml"
UNIT_TESTS = Path(__file__).with_name("alerts.test.yaml")

_METRIC = re.compile(r"\b((?:watcher|process)_\w+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)\s*[=!]~?")


def asked_for() -> Iterator[tuple[str, str, set[str]]]:
    """Where, and which metric with which labels."""
    rules = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    expressions = [(rule["alert"], rule["expr"]) for rule in rules]
    for panel in grafana.dashboard()["panels"]:
        expressions += [(panel["title"], target["expr"]) for target in panel["targets"]]
    for where, expression in expressions:
        for name, labels in _METRIC.findall(expression):
            yield where, name, set(_LABEL.findall(labels)) - {"job", "instance"}


def test_all_that_is_asked_for_is_there(answer: str) -> None:
    """Each metric and label of panels and rules stands on a real answer."""
    there: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(answer):
        for sample in family.samples:
            there.setdefault(sample.name, set()).update(sample.labels)
    for where, name, labels in asked_for():
        assert name in there, where
        assert labels <= there[name], where


def test_texts_name_labels_that_are_there() -> None:
    """A legend or a summary with a label that the expression drops would be empty."""
    for panel in grafana.dashboard()["panels"]:
        for target in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                kept = re.search(r"by \(([^)]*)\)", target["expr"])
                assert kept is None or label in kept[1], panel["title"]


@needs_promtool
@pytest.mark.parametrize("what", [("check", ALERTS), ("test", UNIT_TESTS)])
def test_promtool_takes_the_rules(what: tuple[str, Path]) -> None:
    """They parse, and each fires when it should and not while all is well."""
    verb, path = what
    done = subprocess.run(
        ["promtool", verb, "rules", str(path)], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_every_panel_asks_in_valid_promql(tmp_path: Path) -> None:
    """As rules that record what a panel shows."""
    expressions = [
        target["expr"] for panel in grafana.dashboard()["panels"] for target in panel["targets"]
    ]
    rules = [
        {"record": f"panel:{place}", "expr": expression}
        for place, expression in enumerate(expressions)
    ]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(expressions)} rules found" in done.stdout


def test_each_rule_says_what_to_do() -> None:
    """And has a test."""
    tested = UNIT_TESTS.read_text("utf-8")
    for rule in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert len(rule["annotations"]["description"]) > 60
        assert f'alertname="{rule["alert"]}"' in tested


def test_panels_have_their_places() -> None:
    """Ids once, within the grid, none over another; each asks the data source that was chosen."""
    dashboard: dict[str, Any] = grafana.dashboard()
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [each["name"] for each in dashboard["templating"]["list"]] == ["datasource", "job"]
    cells = [cell for panel in panels for cell in _cells(panel["gridPos"])]
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < 24 for x, _ in cells)
    for panel in panels:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
        assert all('job=~"$job"' in target["expr"] for target in panel["targets"])
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    return itertools.product(
        range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    )
