"""A replay's alerts are those that the database would have."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.store.making import START, firing, memory, pending, with_products
from watcher.alert import NotificationLogEntry
from watcher.evaluation.lifecycle import end
from watcher.evidence import Evidence
from watcher.model import Verdict
from watcher.store.memory.alerts import MemoryAlerts
from watcher.store.sqlite.database import Database

RULES, CHANNELS = ("r", "s"), ("me", "boss")
WHY = (Evidence("m", "m", "count", "at least 1", Verdict.MET, 2.0),)

steps = st.lists(
    st.tuples(
        st.sampled_from(["fire", "pend", "end", "tell", "tell-old"]),
        st.sampled_from(RULES),
        st.integers(1, 3),
        st.sampled_from(CHANNELS),
    ),
    max_size=60,
)


def act(alerts: Any, step: tuple[str, str, int, str], at: int) -> None:
    """What a scan might do, with one product of one rule."""
    what, rule, product, channel = step
    live = {alert.product: alert for alert in alerts.live([rule])}
    alert = live.get(product)
    if what in ("fire", "pend") and alert is None:
        made = firing(rule, product, at) if what == "fire" else pending(rule, product, at)
        if what == "fire":
            made = alerts.witness(made, lambda: WHY)
        alerts.save([made])
    elif what == "end" and alert is not None:
        alerts.save([end(alert, "condition ended", at)])
    elif what.startswith("tell"):
        number = 0 if what == "tell-old" or alert is None else alert.id
        alerts.mark_told([NotificationLogEntry(rule, product, channel, number, at)])


def said(alerts: Any) -> list[object]:
    """All that a scan and a sweep ask."""
    live = alerts.columns(RULES)
    columns = (
        live.rules, live.ids, live.products, live.firing, live.since, live.last_met, live.fired_at,
        live.absent, live.carried, *(alerts.heard_at(live, channel) for channel in CHANNELS),
    )  # fmt: skip
    ids = range(1, 70)
    return [
        [np.asarray(column).tolist() for column in columns],
        alerts.live(RULES),
        alerts.active(RULES),
        alerts.by_id(ids),
        [tuple(each) for each in alerts.brief(ids)],
        alerts.counts(),
        *(
            sorted(alerts.told(rule, [1, 2, 3]), key=lambda told: (told.product, told.channel))
            for rule in RULES
        ),
    ]


@settings(max_examples=60, deadline=None)
@given(steps)
def test_they_say_the_same(given: list[tuple[str, str, int, str]]) -> None:
    """After each step: columns, objects, evidence, and what channels were told."""
    with memory() as store:
        with_products(store)
        ours = MemoryAlerts(lambda _: WHY, at_once=())
        for number, step in enumerate(given):
            for alerts in (store.alerts, ours):
                act(alerts, step, START + number)
            assert said(ours) == said(store.alerts)


def test_room_is_made_for_many(store: Database) -> None:
    """The order and what was told stay when thousands came and most went."""
    keys = with_products(store, 300)
    ours = MemoryAlerts(lambda _: WHY, at_once=())
    for alerts in (store.alerts, ours):
        for turn in range(3):
            saved = alerts.save([firing("r", key, START + turn) for key in keys])
            alerts.mark_told(
                NotificationLogEntry("r", alert.product, "me", alert.id, START) for alert in saved
            )
            for part in (saved[turn % 2 :: 2], saved[1 - turn % 2 :: 2]):
                alerts.save([end(alert, "over", START + turn) for alert in part])
        alerts.save([firing("r", key, START + 9) for key in keys[::7]])
        left = alerts.live(["r"])
        alerts.mark_told(
            NotificationLogEntry("r", alert.product, "me", alert.id, START + 9)
            for alert in left[:9]
        )
    assert said(ours)[:2] == said(store.alerts)[:2]


def test_what_is_over_is_let_go_and_why_is_asked_again() -> None:
    """But for what is held; and evidence that its scan did not leave is judged once more."""
    asked: list[int] = []

    def again(alert: Any) -> tuple[Evidence, ...]:
        asked.append(alert.id)
        return WHY

    ours = MemoryAlerts(again, at_once={"s"})
    saved = ours.save([ours.witness(firing(rule, 1), lambda: WHY) for rule in ("r", "s")])
    assert [alert.evidence for alert in ours.explained(saved[:1])] == [WHY]
    assert asked == []  # it was there still
    later = ours.save([ours.witness(firing("r", 2), lambda: WHY)])
    ours.forget(())
    assert [alert.evidence for alert in ours.by_id([2, later[0].id])] == [WHY, WHY]
    assert asked == [later[0].id]
    ours.save([end(alert, "over", START) for alert in (*saved, *later)])
    ours.forget([saved[1].id])
    assert [alert.id for alert in ours.by_id(range(9))] == [saved[1].id]


def test_each_alert_has_its_own_reason() -> None:
    """One that ended and is still held is not explained by its successor's scan."""
    before, after = ((replace(WHY[0], value=value),) for value in (1.0, 2.0))
    ours = MemoryAlerts(lambda _: before, at_once=())
    (old,) = ours.save([ours.witness(firing("r", 1, START), lambda: before)])
    ours.forget(())
    ours.save([end(old, "over", START + 1)])
    ours.forget([old.id])
    (new,) = ours.save([ours.witness(firing("r", 1, START + 2), lambda: after)])
    assert [alert.evidence for alert in ours.by_id([old.id, new.id])] == [before, after]
