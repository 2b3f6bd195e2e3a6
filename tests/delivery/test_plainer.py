"""A message that can't be written as it is: a fault of ours, which must cost no alert."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.delivery.couriers import Line, Store, clock_at, courier_of, turn
from tests.delivery.messages import NOW, alerts
from tests.text import telling
from watcher.delivery import message as rendering
from watcher.delivery import view
from watcher.delivery.product_words import ProductWords
from watcher.delivery.rendered import Rendered, Style, Way
from watcher.delivery.writing import write
from watcher.language import Language
from watcher.message import Also, Message, NotificationState
from watcher.text import titles

SECRET = "json://secret"
APOLOGY = "a fault of watcher's own"
USUAL = Way()
_Breaks = Callable[[str], None]


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> _Breaks:
    """Evidence can't be worded of products of this name."""

    def at(name: str) -> None:
        def view_of(message: Message, *others: Any) -> view.View:
            if any(each.name == name and each.why for each in message.items):
                raise ValueError(SECRET)
            return whole(message, *others)

        whole = view.view_of
        monkeypatch.setattr(rendering, "view_of", view_of)

    return at


def _written(message: Message, style: Style = Style.PLAIN, way: Way = USUAL) -> Rendered:
    return write(message, "key", style, 4_000, way)


@pytest.mark.parametrize("style", Style)
def test_the_others_keep_their_reasons(breaks: _Breaks, style: Style) -> None:
    """One product is told by its name and link alone, in every style."""
    breaks("Lamp")
    with capture_logs() as logs:
        told = _written(alerts(["Lamp", "Mug"]), style)
    whole = _written(alerts(["Mug", "Mug"]), style)
    assert told.body.count("4,830") == whole.body.count("4,830") / 2 > 0
    assert "1729873073559015001" in told.body
    assert APOLOGY.partition("'")[0] in told.body
    assert told.title in ("", "[warning] beauty-rising: 2 products (US)")
    (log,) = logs
    assert (log["log_level"], log["error"], log["rule"]) == ("error", "ValueError", "beauty-rising")
    assert SECRET not in str(logs)


def test_other_rules_are_named(breaks: _Breaks) -> None:
    """Who else speaks of the product; and what ended says so."""
    breaks("Lamp")
    message = alerts(["Lamp"])
    also = Also("climbs", "A9", "firing", NOW, why=message.items[0].why)
    items = (msgspec.structs.replace(message.items[0], also=(also,)),)
    body = _written(msgspec.structs.replace(message, items=items)).body
    assert "also climbs" in body
    assert "alerts A1, A9" in body


def test_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """For programs, too: without the evidence."""
    monkeypatch.setattr(ProductWords, "sentence", _fails)
    told = _written(alerts(["Lamp"]), way=Way(payload=True, channel="growth"))
    (item,) = json.loads(told.body)["items"]
    assert (item["subject"]["name"], item["reasons"]) == ("Lamp", [])


def _fails(*_: object, **__: object) -> str:
    raise ValueError(SECRET)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("style", Style)
def test_any_message(style: Style, language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every kind, where not even its title can be had: there stands its rule or report."""

    def title_of(message: Message) -> str:
        return titles.title_of(message) if message.kind == "test" else _fails()

    monkeypatch.setattr(rendering, "title_of", title_of)
    for message in telling.messages():
        told = _written(message, style, Way(language=language))
        name = message.label or message.rule or (message.report and message.report.name) or ""
        assert name in f"{told.title}\n{told.body}"
        assert all(item.name in told.body for item in message.items[:2])


async def test_it_is_sent_at_once(breaks: _Breaks, store: Store) -> None:
    """And not tried for a day in vain."""
    breaks("Lamp")
    line = Line()
    (row_id,) = store.add(alerts(["Lamp"]), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock_at()))
    assert store.row(row_id).state is NotificationState.SENT
    assert APOLOGY in line.taken[0].body
