"""``/metrics``, read by Prometheus' own parsers."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.store.making import DAY
from tests.web.furnished import BAD_RULE, DAYS
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.web.accept_errors import Visits
from watcher.web.metrics import FLEET, reference

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (package prometheus)"
)


def families(text: str) -> dict[str, Metric]:
    """By name, as the client library's parser reads them."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def values(text: str) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels, these in the order of their names."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families(text).values()
        for sample in family.samples
    }


def test_every_metric_is_there_as_documented(answer: str) -> None:
    """Kind, help and labels; none that the reference does not know."""
    found = families(answer)
    # A daemon with a file, and without groups, has none of these.
    of_books = {"watcher_groups", *(each.full for each in FLEET)}
    known = reference((*LoopLag().instruments, *Visits().instruments))
    documented = [each for each in known if each[0] not in of_books]
    for name, kind, meaning, labels in documented:
        family = found.pop(name.removesuffix("_total"))
        assert (family.type, family.documentation) == (kind, meaning)
        assert family.samples, name
        if kind in ("gauge", "counter"):
            assert {frozenset(sample.labels) for sample in family.samples} == {frozenset(labels)}
    assert found.pop("watcher_groups").samples == []
    # Of a histogram the client library also says since when it counts.
    assert all(name.startswith("process_") or name.endswith("_created") for name in found), found
    assert len({name.removesuffix("_total") for name, *_ in documented}) == len(documented)


def test_the_numbers(answer: str) -> None:
    """What the furnished database holds, hostile rule names among it."""
    found = values(answer)
    watch = next(sample for name, *rest in found if name == "watcher_watch_products"
                 for sample in rest)  # fmt: skip
    assert found["watcher_healthy",] == 1
    last = found["watcher_watch_last_scan_timestamp_seconds", watch]
    assert found["watcher_watch_last_success_timestamp_seconds", watch] == last + 5
    assert 0 < found["watcher_watch_expected_timestamp_seconds", watch] - last <= 2 * DAY
    assert found["watcher_watch_scan_duration_seconds", watch] == 5
    assert found["watcher_watch_failures", watch] == 1
    assert found["watcher_watch_credits_used", watch] == 460
    assert found["watcher_credits_cap", "day"] == 500
    assert found["watcher_alerts", "taking-off", "critical", "firing"] == 1
    assert found["watcher_rule_failing", BAD_RULE] == 1
    assert found["watcher_notifications", "dead"] == 2
    assert found["watcher_tries_last_day", "failed"] == 1
    assert found["watcher_tries_last_day", "dead"] == 2
    assert found["watcher_scans_stored_total",] == DAYS
    assert found["watcher_database_bytes",] > 100_000
    assert found["watcher_disk_free_bytes",] > 0


@needs_promtool
def test_promtool_finds_nothing_to_improve(answer: str) -> None:
    """Names, types and help as Prometheus wants them."""
    own = "".join(
        line for line in answer.splitlines(keepends=True)
        if not line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith("process_")
    )  # fmt: skip
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=own, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
