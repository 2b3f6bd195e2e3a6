"""Parameters of a URL that Apprise passes over: of every plugin, and of every one that it knows."""

from __future__ import annotations

from typing import Any

import pytest
from apprise import NotifyBase

from tests.delivery.plugins import URLS, plugins
from watcher.delivery.apprise.parameters import culprit, doubts_of
from watcher.delivery.apprise.target import warm_up

warm_up()
_PLUGINS = plugins()
# These take any word, and the service decides.
_TAKE_ALL = {("dot", "dither_type"), ("dot", "dither_kernel"), ("sfr", "media"), ("sfr", "voice")}


def _with(url: str, parameter: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{parameter}"


def _told(url: str) -> str:
    """What people read of a URL, whether Apprise takes it or not."""
    return "; ".join(doubts_of(url)) or culprit(url)


def test_an_unknown_parameter_is_told() -> None:
    """Of every plugin; and none is told of a URL that is right."""
    for service, url in URLS.items():
        assert doubts_of(url) == [], service
        (doubt,) = doubts_of(_with(url, "prority=high"))
        assert 'its parameter "prority" is passed over' in doubt, service
        if "priority" in _PLUGINS[service].template_args:
            assert 'did you mean "priority"' in doubt, service


@pytest.mark.parametrize("parameter", ["overflow=nope", "verify=maybe", "rto=soon", "retry=99999"])
def test_what_all_services_know_is_told(parameter: str) -> None:
    """The parameters of Apprise itself, of every plugin."""
    for service, url in URLS.items():
        told = _told(_with(url, parameter))
        assert f"its parameter {parameter.partition('=')[0]}" in told, service
        assert "it takes" in told, service


def test_what_a_parameter_takes_is_told_in_words() -> None:
    """Also where the plugin keeps more than a word for each choice, as mail does for its mode."""
    for service, url in URLS.items():
        for name, described in _PLUGINS[service].template_args.items():
            if described.get("values"):
                assert "{" not in _told(_with(url, f"{name}=banana")), (service, name)


def test_impossible_values_are_told_and_possible_are_not() -> None:
    """Of each parameter of each plugin, as its description has it."""
    for service in URLS:
        _values_are_judged(service)


def _values_are_judged(service: str) -> None:
    arguments: dict[str, dict[str, Any]] = _PLUGINS[service].template_args
    for name, described in arguments.items():
        if name in NotifyBase.template_args or "alias_of" in described:
            continue
        choices, kind = described.get("values"), str(described.get("type")).rpartition(":")[2]
        known = choices or kind in ("int", "float", "bool")
        if known and (service, name) not in _TAKE_ALL:
            told = _told(_with(URLS[service], f"{name}=banana")).replace('"', "")
            assert f"its parameter {name}" in told, (service, name)
        words = list(choices.values()) if isinstance(choices, dict) else []
        for value in (*(choices or ()), *words):
            assert doubts_of(_with(URLS[service], f"{name}={value}")) == [], (service, name, value)
        if described.get("max") is not None:
            assert doubts_of(_with(URLS[service], f"{name}={described['max']}")) == [], (
                service,
                name,
            )
            beyond = f"{name}={described['max'] + 1}"
            assert f"its parameter {name}" in _told(_with(URLS[service], beyond)), service


@pytest.mark.parametrize(
    ("service", "parameters"),
    [
        ("pover", "priority=emergency"),
        ("pover", "priority=h"),
        ("pover", "priority=normal"),
        ("pover", "Priority=High&sound=bike"),
        ("ntfy", "priority=5"),
        ("ntfy", "priority="),
        ("gotify", "priority=high"),
        ("opsgenie", "priority=p1&+key=value"),
        ("json", "+X-Key=1&-q=2&:field=3&method=get"),
        ("mailto", "name=Ann&from=a@example.com&to=b@example.com&cc=c@example.com&smtp=h"),
        ("slack", "image=no&footer=yes"),
        ("json", "tz=Europe/Berlin&cto=4.5&retry=2"),
    ],
)
def test_what_apprise_reads_is_not_told(service: str, parameters: str) -> None:
    """By number, by word and by the beginning of one, and kept for programs."""
    assert doubts_of(_with(URLS[service], parameters)) == []


def test_how_it_is_told() -> None:
    """With what it takes, and nothing that may be a secret."""
    pushover, takes = URLS["pover"], "it takes low, moderate, normal, high, emergency"
    assert doubts_of(_with(pushover, "priority=banana")) == [
        f"its parameter priority=banana is not what it takes: {takes}"
    ]
    assert doubts_of(_with(pushover, "S3cr3t@word&priority=zz my secret")) == [
        "a parameter is passed over: Apprise knows none of its name",
        f"its parameter priority is not what it takes: {takes}",
    ]
    assert doubts_of(_with(pushover, "+X-Key=1")) == [
        'a parameter that begins with "+" is passed over: this service takes none'
    ]
    assert culprit(_with(URLS["json"], "method=banana&format=text")).startswith(
        "its parameter method can't be what it is: it takes POST, GET"
    )
    assert culprit(_with(URLS["json"], "method=banana&tz=Mars/X")).count("its parameter") == 2
    assert culprit("slack://T/A/B") == ""
    assert doubts_of("nosuch://x") == []
