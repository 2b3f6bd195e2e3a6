"""Messages in a channel's own layout."""

from __future__ import annotations

import re
from datetime import UTC

import pytest
from structlog.testing import capture_logs

from tests.delivery.messages import HOSTILE, alerts, operator
from watcher.delivery.message import render, values_of
from watcher.delivery.rendered import Style
from watcher.delivery.view import view_of
from watcher.rules.sections.templates import SAMPLE, Template, parse_template
from watcher.text.messages import title_of

OWN = parse_template(
    "{{ rule }} <b>*{{ text }}*</b>\n"
    "{% for product in products %}{{ product.name }} {{ product.link }}\n{% endfor %}{{ more }}"
)


def test_the_sample_is_what_a_message_gives() -> None:
    """What the rule file is tried on has the names and kinds of the real thing."""
    message = alerts(["Lamp"], ["Hat"], 3)
    values = values_of(message, view_of(message, title_of(message), UTC))
    for real, sample in ((values, SAMPLE), (values["products"][0], SAMPLE["products"][0])):
        assert {name: type(value) for name, value in real.items()} == {
            name: type(value) for name, value in sample.items()
        }


@pytest.mark.parametrize(
    ("style", "body"),
    [
        (Style.PLAIN, "beauty-rising <b>*Beauty"),
        (Style.MARKDOWN, "beauty-rising <b>*Beauty"),
        (Style.TITLED, "**[warning] a & b (US)**\nbeauty-rising <b>*Beauty"),
        (Style.TEAMS, "beauty-rising <b>*Beauty"),
        (Style.TELEGRAM, "<b>[warning] a &amp; b (US)</b>\nbeauty-rising <b>*Beauty"),
        (Style.COMMONMARK, "beauty-rising <b>*Beauty"),
        (Style.WECOM, "**［warning］ a & b (US)**\nbeauty-rising <b>*Beauty"),
        (Style.CARD, "beauty-rising <b>*Beauty"),
        (Style.PAGE, '<div style="white-space:pre-wrap">beauty-rising <b>*Beauty'),
        (Style.EMAIL, '<div style="white-space:pre-wrap">beauty-rising <b>*Beauty'),
    ],
)
def test_its_own_words_stay_and_names_are_escaped(style: Style, body: str) -> None:
    """In each style; the title is where it always is."""
    message = alerts(["<i>Lamp</i> [x]"], title="[warning] a & b (US)")
    rendered = render(message, style, template=OWN)
    assert rendered.body.startswith(body)
    assert "<i>" not in rendered.body or style is Style.PLAIN
    assert rendered.format == style.body_format
    assert (rendered.title != "") is style.has_title


@pytest.mark.parametrize("style", list(Style))
def test_hostile_names_do_nothing(style: Style) -> None:
    """As in the usual layout."""
    body = render(alerts(HOSTILE, HOSTILE), style, template=OWN).body
    assert not re.search(r"@(everyone|here)\b|<[!@#]|<script|<img|http://", body)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", body)


def test_is_cut_at_a_product() -> None:
    """Products that have no room are counted."""
    names = [f"Product {number}" for number in range(40)]
    rendered = render(alerts(names), Style.PLAIN, limit=2_000, template=OWN)
    shown = rendered.body.count("/shop/pdp/")
    assert 0 < shown < 40
    assert len(rendered.title) + len(rendered.body) <= 2_000
    assert f"and {40 - shown} more" in rendered.body


def test_trouble_of_the_watcher_looks_as_ever() -> None:
    """A layout for alerts has no place for it."""
    told = render(operator("the disk is full"), Style.PLAIN, template=OWN)
    assert told == render(operator("the disk is full"), Style.PLAIN)


def test_a_template_that_fails_costs_no_alert() -> None:
    """The message goes out as usual, and the log says why."""
    broken = Template("{{ products[0].name + 1 }}")
    with capture_logs() as logs:
        told = render(alerts(["Lamp"]), Style.PLAIN, template=broken)
    assert told == render(alerts(["Lamp"]), Style.PLAIN)
    assert logs[0]["event"] == "a template failed; told as usual"
