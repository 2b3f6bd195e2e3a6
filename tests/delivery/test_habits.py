"""Each service's own habits: a severity becomes its priority, and a click on a message a page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from aiohttp import web

from tests.delivery.messages import alerts
from tests.delivery.plugins import URLS, lead_here, plugins
from tests.fakes.sink import Secret, on_loopback
from watcher.delivery.apprise.target import Target
from watcher.delivery.habits import BY_APPRISE, CLICKS, LEFT_ALONE, LEVELS, NO_CLICK
from watcher.delivery.message import render
from watcher.delivery.rendered import Rendered
from watcher.delivery.services import PROFILES
from watcher.model import Severity

PAGE = "https://www.tiktok.com/shop/pdp/17%2029"
# A severity's value as it goes over the wire, and a parameter that says another one: whatever the
# severity, that is sent.
WIRE: Mapping[str, tuple[str, tuple[object, object, object], str, object]] = {
    "bark": ("level", ("passive", "active", "timeSensitive"), "level=critical", "critical"),
    "discord": ("flags", (4100, 4, 4), "flags=64", 64),
    "firehydrant": ("signals.firehydrant.com/notification-priority", ("LOW", "MEDIUM", "HIGH"),
                    "priority=medium", "MEDIUM"),
    "gorush": ("priority", ("normal", "high", "high"), "priority=normal", "normal"),
    "gotify": ("priority", (3, 5, 8), "priority=10", 10),
    "ilert": ("priority", ("LOW", "HIGH", "HIGH"), "priority=low", "LOW"),
    "jira": ("priority", ("P5", "P3", "P1"), "priority=2", "P2"),
    "join": ("priority", ("-1", "0", "1"), "priority=emergency", "2"),
    "lametric": ("priority", ("info", "warning", "critical"), "priority=warning", "warning"),
    "lauther": ("priority", (-1, 0, 1), "priority=emergency", 2),
    "nctalk": ("silent", (True, None, None), "silent=yes", True),
    "ntfy": ("X-Priority", ("low", None, "max"), "priority=min", "min"),
    "opsgenie": ("priority", ("P5", "P3", "P1"), "priority=4", "P4"),
    "pagerduty": ("severity", ("info", "warning", "critical"), "severity=error", "error"),
    "pagertree": ("urgency", ("low", "medium", "critical"), "urgency=silent", "silent"),
    "pinglet": ("priority", ("silent", "normal", "urgent"), "priority=urgent", "urgent"),
    "pover": ("priority", ("-1", "0", "1"), "priority=emergency&retry=60&expire=600", "2"),
    "prowl": ("priority", ("-1", "0", "1"), "priority=emergency", "2"),
    "psafer": ("pr", ("-1", "0", "1"), "priority=emergency", "2"),
    "pushward": ("level", ("passive", "active", "time-sensitive"), "level=critical", "critical"),
    "smseagle": ("highpriority", (0, 0, 1), "priority=high", 1),
    "spush": ("priority", (2, 3, 4), "priority=1", 1),
    "squadcast": ("priority", ("P5", "P3", "P1"), "priority=P4", "P4"),
    "tgram": ("disable_notification", (True, False, False), "silent=no", False),
    "trigv": ("delivery_urgency", ("standard", "standard", "time_sensitive"),
              "urgency=time_sensitive", "time_sensitive"),
    "youlmk": ("priority", ("low", "normal", "high"), "priority=critical", "critical"),
}  # fmt: skip
# Where a link to click goes over the wire, and the parameter that says another one.
LINKS: Mapping[str, tuple[str, str]] = {
    "bark": ("url", "click"),
    "dot": ("link", "link"),
    "firehydrant": ("href", "click"),
    "gotify": ("url", ""),
    "ilert": ("href", "click"),
    "incidentio": ("source_url", "click"),
    "join": ("url", ""),
    "lauther": ("url", "click"),
    "ntfy": ("X-Click", "click"),
    "pagerduty": ("href", "click"),
    "pover": ("url", "url"),
    "psafer": ("u", ""),
    "spush": ("links", "links"),
    "trigv": ("url", "url"),
    "wpush": ("url", "url"),
    "youlmk": ("url", "url"),
}
_PRIORITY = re.compile(r"prior|level|urgen|sever|silent|importan|critical$|interrupt|^flags$")
_LINK = re.compile(r"(click|url|link|links|href)")


class Wire:
    """What a service is asked: all fields of the newest request, of its headers, too."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        address = request.headers["X-For"]
        self.fields = {**request.headers, **_first(parse_qs(address.partition("?")[2]))}
        text = await request.text()
        try:
            self._take(json.loads(text))
        except ValueError:
            self.fields |= _first(parse_qs(text, keep_blank_values=True))
        return web.Response(text="{}")

    def _take(self, part: Any) -> None:
        for each in part if isinstance(part, list) else ():
            self._take(each)
        for name, value in part.items() if isinstance(part, dict) else ():
            self.fields[name] = value
            self._take(value)


def _first(found: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in found.items()}


@pytest_asyncio.fixture
async def wire(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """Where every request of Apprise ends."""
    wire = Wire()
    async with on_loopback(wire.answer) as wire.port:
        lead_here(monkeypatch, wire.port)
        yield wire


def with_parameter(service: str, parameter: str) -> str:
    """The service's URL with one parameter more."""
    url = URLS[service]
    return f"{url}{'&' if '?' in url else '?'}{parameter}" if parameter else url


async def asked(wire: Wire, url: str, **more: Any) -> dict[str, Any]:
    """What a service is asked for a message; the plugin is as it was afterwards."""
    target = Target("me/1", Secret(url))
    target.plugin.request_rate_per_sec = 0
    before = {name: repr(value) for name, value in vars(target.plugin).items()}
    wire.fields = {}
    rendered = Rendered("a title", "a body", target.style.body_format, **more)
    await target.send(rendered)
    assert wire.fields, url
    for row in (LEVELS.get(target.service), CLICKS.get(target.service)):
        if row is not None and row.attribute:
            assert repr(getattr(target.plugin, row.attribute)) == before[row.attribute]
    return wire.fields


@pytest.mark.parametrize("service", WIRE)
@pytest.mark.parametrize("severity", Severity)
async def test_a_severity_is_the_services_priority(
    wire: Wire, service: str, severity: Severity
) -> None:
    """Unless the URL has one of its own, in whatever case it is written."""
    name, values, parameter, own = WIRE[service]
    fields = await asked(wire, URLS[service], severity=severity.value)
    assert fields.get(name) == values[severity.rank]
    for written in (parameter, parameter[0].upper() + parameter[1:]):
        fields = await asked(wire, with_parameter(service, written), severity=severity.value)
        assert fields.get(name) == own


def test_every_service_with_a_priority_is_tried() -> None:
    """Of those that can run here; the others have the attribute that is set."""
    here = set(plugins())
    assert set(WIRE) == {name for name in {*LEVELS, *BY_APPRISE} if name in here}
    assert {*LEVELS, *BY_APPRISE, *CLICKS, *NO_CLICK, *LEFT_ALONE} <= set(PROFILES)
    assert set(LINKS) == {name for name in CLICKS if name in here}
    assert {name for name, row in CLICKS.items() if not row.attribute} == {
        name for name, (_, parameter) in LINKS.items() if not parameter
    }


def parameters_like(pattern: re.Pattern[str]) -> Mapping[str, set[str]]:
    """The parameters of every plugin of Apprise's whose name is like that."""
    found = {
        name: {each for each in plugin.template_args if pattern.match(each) or (
            pattern is _PRIORITY and pattern.search(each))}
        for name, plugin in plugins(disabled=True).items()
    }  # fmt: skip
    return {name: each for name, each in found.items() if each}


def test_every_priority_of_apprise_is_known() -> None:
    """One that a release adds is set, or left alone for a reason."""
    for name, found in parameters_like(_PRIORITY).items():
        known = {*LEFT_ALONE.get(name, ()), *(LEVELS[name].parameters if name in LEVELS else ())}
        if name in BY_APPRISE:
            known.add(BY_APPRISE[name][0])
        assert found <= known, name


def test_every_link_of_apprise_is_known() -> None:
    """One that a release adds is set, or left alone for a reason."""
    found = parameters_like(re.compile(rf"{_LINK.pattern}$"))
    for name, parameters in found.items():
        known = {*NO_CLICK.get(name, ()), *([CLICKS[name].parameter] if name in CLICKS else ())}
        assert parameters <= known, name


@pytest.mark.parametrize("service", sorted({*LEVELS} - set(WIRE)))
def test_those_that_can_not_run_here_have_the_attribute(service: str) -> None:
    """As far as their source says."""
    import importlib
    import inspect

    plugin = plugins(disabled=True)[service]
    first, _, inner = LEVELS[service].attribute.partition(".")
    source = inspect.getsource(importlib.import_module(plugin.__module__))
    assert f"self.{first} = " in source
    if inner:
        kind = importlib.import_module(f"{plugin.__module__}.priority")
        assert f"self.{inner} = " in inspect.getsource(kind)
    assert set(LEVELS[service].parameters) <= set(plugin.template_args)


@pytest.mark.parametrize("service", LINKS)
async def test_a_click_opens_the_page(wire: Wire, service: str) -> None:
    """The message's, unless the URL has one of its own; without one nothing is said of it."""
    name, parameter = LINKS[service]
    fields = await asked(wire, URLS[service], click=PAGE)
    assert fields[name] in (PAGE, [PAGE])
    fields = await asked(wire, URLS[service])
    assert fields.get(name) in (None, "", [])
    if parameter:
        url = with_parameter(service, f"{parameter}=https%3A%2F%2Fexample.com%2Fmine")
        fields = await asked(wire, url, click=PAGE)
        assert fields[name] in ("https://example.com/mine", ["https://example.com/mine"])


async def test_what_a_request_had_stays_beside_the_link(wire: Wire) -> None:
    """It is read as before where the link is written into it."""
    for service in ("gotify", "join", "psafer"):
        fields = await asked(wire, URLS[service], click=PAGE, severity="warning")
        assert {"a body"} <= {str(each) for each in fields.values()}, service
    fields = await asked(wire, f"{URLS['gotify']}?format=markdown", click=PAGE)
    assert fields["contentType"] == "text/markdown"
    assert fields["client::notification"] == {"click": {"url": PAGE}}


def test_the_first_products_page_is_opened() -> None:
    """The strongest of a message; a message of none has nothing to open."""
    rendered = render(alerts(["Hat", "Lamp"]), Target("me/1", Secret("ntfy://topic")).style)
    (first, *_) = re.findall(r"https://\S+", rendered.body)
    assert rendered.click == first
