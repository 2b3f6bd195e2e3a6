"""No text that is told is missing in the catalogues: in one of other letters none is Latin."""

from __future__ import annotations

import gettext
from itertools import chain

import pytest

from tests.charts.words import drawn, has_cjk_font
from tests.text import telling
from tests.text.pseudo import pseudo, unmarked, visible
from watcher.alert import AlertState
from watcher.chart import Chart, Series
from watcher.cli.channel import sample_message
from watcher.delivery.message import render
from watcher.delivery.rendered import Style, Way
from watcher.fields import BY_NAME, MADE_TEXTS
from watcher.incident import About, IncidentKind
from watcher.labels import COMPUTED, label_said
from watcher.message import NotificationState
from watcher.model import ScanState, Severity
from watcher.notification.deferral import TOLD_OF
from watcher.notification.policy import Decision
from watcher.rules.groups import SIZE_METRIC
from watcher.rules.metrics import Catalogue
from watcher.text.evidence import PATTERNS
from watcher.text.messages import text_of, title_of
from watcher.text.retold import WORDS
from watcher.units import DAY, Unit, format_ago, format_duration, format_span

_DATA = ("UTC", "MiB", "z ")  # names, and signs of units


@pytest.mark.parametrize("style", Style)
def test_messages(style: Style) -> None:
    """Of every kind, in every style: title, body, and a mail's plain text."""
    found: set[str] = set()
    with pseudo() as language:
        for message in telling.messages():
            shown = render(message, style, language=language)
            tagged = "html" in shown.format or style in (Style.WECOM, Style.CARD)
            body = visible(shown.body) if tagged else shown.body
            links = [word for word in body.split() if "://" in word or "](" in word]
            for text in (shown.title, body, shown.plain):
                found |= {*unmarked(text, *links, *_links(shown.plain), *_DATA)}
    assert found == set()


def _links(text: str) -> list[str]:
    return [word for word in text.split() if "://" in word]


@pytest.mark.parametrize("kind", IncidentKind)
def test_incidents(kind: IncidentKind) -> None:
    """Each kind, as it begins and as it ends."""
    with pseudo():
        for message in telling.incident_messages():
            if message.incident is not None and message.incident.kind is kind:
                told = f"{title_of(message)}\n{text_of(message)}"
                assert unmarked(told, *_DATA, "keep:", "`watcher silence add`") == []
    assert kind in telling.DETAILS


def test_every_label_is_known() -> None:
    """Of each metric and text that everybody has; a user's own stays, also by such a name."""
    every = {metric.name: metric.label for metric in [*Catalogue().metrics(), SIZE_METRIC]}
    every |= {each.name: each.label for each in (*BY_NAME.values(), *MADE_TEXTS)}
    with pseudo():
        assert [name for name, label in every.items() if unmarked(label_said(name, label))] == []
        assert label_said("size", "my size") == "my size"
        assert label_said("mine", "sales") == "sales"
    assert {name: label_said(name, label) for name, label in every.items()} == every
    assert COMPUTED.keys() - every.keys() == {"appears", "reappears", "disappears"}


def test_names_of_the_store_are_marked() -> None:
    """The values of these enumerations are English texts, which catalogues have as they stand."""
    shown = {each for each in Decision if each.of_a_hold or each in TOLD_OF}
    names = (About, AlertState, IncidentKind, NotificationState, ScanState, Severity, shown)
    assert {each.value for each in chain(*names) if each.value} - WORDS == set()
    assert {*PATTERNS} >= {"appears", "rises"}


def test_times() -> None:
    """Spans of time, and how long ago something was."""
    with pseudo():
        for seconds in (0, 61, 3_700, 90_061):
            now = telling.NOW
            told = (
                f"{format_duration(seconds)} {format_ago(now - seconds, now)} "
                f"{format_ago(now + seconds, now)} {format_span(now, now + seconds)}"
            )
            assert unmarked(told, "UTC") == [], seconds


def test_the_test_of_a_channel() -> None:
    """Its product is invented, so its name is a text too."""
    with pseudo() as language:
        message = sample_message(telling.NOW)
        shown = render(message, Style.PLAIN, language=language)
    assert (
        unmarked(f"{shown.title} {shown.body}", *_links(shown.body), "UTC", "US$", "US", "A0") == []
    )


@pytest.mark.skipif(not has_cjk_font(), reason="no font with Chinese letters")
def test_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is written on it, also of a product without a name and of one without values."""
    with pseudo() as language:
        for metric in Catalogue().metrics():
            if metric.unit in (Unit.FLAG, Unit.DAY, Unit.TEXT):
                continue
            points = tuple(
                (telling.NOW - day * DAY, 10.0 ** (day / 4)) for day in range(29, -1, -1)
            )
            series = (
                Series(1, "台灯", "1", points, (telling.NOW - 3 * DAY,), telling.item().why[0]),
                Series(2, "", "", (), ()),
            )
            chart = Chart(metric.label, metric.unit.value, telling.NOW, series, None, metric.name)
            picture, words = drawn(monkeypatch, chart, Way(language=language))
            assert unmarked(f"{picture.alt} {words}", "UTC") == [], metric.name


def test_what_is_stored_of_a_title_makes_the_same_title() -> None:
    """Where a message could not be delivered, another one names it, in its reader's language."""
    for message, stored in zip(telling.messages(), telling.stored_titles(), strict=True):
        assert title_of(stored) == title_of(message)
        assert (stored.text, stored.description, stored.more) == ("", "", ())


def test_it_finds_what_is_not_marked() -> None:
    """Else it would prove nothing."""
    with pseudo():
        assert unmarked(gettext.NullTranslations().gettext("left as it is")) != []
    assert unmarked("<b>", "b") == []
