"""What arrives at a service is within its limit, in the unit that the service counts in."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.delivery.messages import alerts
from tests.delivery.plugins import URLS, target
from tests.fakes.sink import Secret
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.rendered import Bytes, Escaped, Limit, Shown, Style

CHINESE = "爆款夏季新品连衣裙女装纯棉宽松显瘦中长款"
HOSTILE = [
    CHINESE * 3,
    "&<b>\"'*_[x](y)" * 8,
    "👩\u200d👩\u200d👧\u200d👦🔥" * 9,
    "e\u0301" * 50,
    "שלום עולם مرحبا بالعالم" * 4,
    "plain",
]
_FULL = re.compile(r"shop/pdp/(\d+)")


def _caught(made: Target) -> list[tuple[str, str]]:
    """What Apprise hands to the plugin, instead of sending it: title and body."""
    caught: list[tuple[str, str]] = []

    def send(body: str = "", title: str = "", **_: Any) -> bool:
        caught.append((title, body))
        return True

    vars(made.plugin)["send"] = send
    return caught


async def _handed(service: str, names: list[str], title: str) -> tuple[Target, str, str]:
    made = target(service)
    caught = _caught(made)
    rendered = render(alerts(names, names, title=title), made.style, limit=made.limit)
    await made.send(rendered)
    ((title, body),) = caught
    return made, title, body


# What their documentation says, of the text alone or of the whole request.
_DOCUMENTED = {
    "wecombot": ("utf-8", 4_096),
    "wechat": ("utf-8", 2_048),
    "dingtalk": ("request", 20_000),
    "feishu": ("request", 20_000),
    "lark": ("request", 20_000),
    "ntfy": ("utf-8", 4_096),
    "bark": ("request", 4_096),
    "schan": ("utf-8", 32_768),
    "gorush": ("utf-8", 4_096),
    "pushy": ("utf-8", 4_096),
    "threema": ("utf-8", 3_500),
    "wxteams": ("utf-8", 7_439),
    "viber": ("json", 30_720),
    "workflow": ("json", 28_000),
    "matrix": ("utf-8", 32_000),
    "irc": ("utf-8", 510),
    "slack": ("utf-16", 40_000),
    "discord": ("utf-16", 2_000),
    "mmost": ("utf-16", 16_383),
    "tgram": ("shown", 4_096),
    "pover": ("utf-16", 1_024),
    "line": ("utf-16", 5_000),
    "gchat": ("utf-16", 4_096),
    "zulip": ("utf-16", 10_000),
    "rocket": ("utf-16", 5_000),
}


@pytest.mark.parametrize("size", [1, 17])
async def test_every_service_gets_what_it_takes(size: int) -> None:
    """Of all plugins: title and body within Apprise's own limit, and within the documented one."""
    for service in URLS:
        await _takes_it(service, size)


async def _takes_it(service: str, size: int) -> None:
    made, title, body = await _handed(service, HOSTILE * size, "新品 & 爆款 " * 30)
    assert len(title) <= made.plugin.title_maxlen, service
    own = int(made.plugin.body_maxlen)
    # Ours is wider, see services.py.
    if service not in ("workflow", "wecombot", "telegram", "tgram"):
        assert len(body) <= own, service
    unit, most = _DOCUMENTED.get(service, ("utf-16", max(own, 16)))
    counted = {
        "utf-8": lambda text: len(text.encode()),
        "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
        "json": lambda text: len(json.dumps(text)),
        "request": lambda text: len(json.dumps(text, ensure_ascii=False).encode()),
        "shown": Shown(1).size,
    }[unit]
    beside = 0 if unit == "utf-16" else counted(title)
    assert counted(body) + beside <= most, service


@pytest.mark.parametrize("service", ["wecombot", "dingtalk", "feishu", "ntfy", "bark", "tgram"])
async def test_ten_chinese_names(service: str) -> None:
    """Each product is whole, with its link, or only counted; no character is cut in two."""
    names = [f"{number}{CHINESE * 2}" for number in range(10)]
    _, _, body = await _handed(service, names, "新品")
    whole = [name for name in names if name in body]
    assert len(whole) == len(_FULL.findall(body))
    assert whole == names[: len(whole)]
    assert f"and {20 - len(whole)} more" in body
    assert "\ufffd" not in body


def test_the_units() -> None:
    """What each of them counts."""
    text = "é&amp;<b>中</b>🔥"
    assert Limit(9).size("é中🔥") == 4
    assert Bytes(9).size("é中🔥") == 2 + 3 + 4
    assert Escaped(9).size('é"🔥') == 6 + 2 + 12
    assert Shown(9).size(text) == 1 + 1 + 1 + 2


def test_telegram_is_given_what_it_can_show() -> None:
    """Its limit is of what is read: the addresses of links are no part of it."""
    names = [f"Lamp {number}" for number in range(60)]
    shown = render(alerts(names), Style.TELEGRAM, limit=Shown(4_096)).body
    raw = render(alerts(names), Style.TELEGRAM, limit=4_096).body
    assert len(_FULL.findall(shown)) > len(_FULL.findall(raw)) + 5
    assert Shown(1).size(shown) <= 4_096


@pytest.mark.parametrize(
    ("more", "unit"), [("", Shown), ("?overflow=split", Limit), ("?format=markdown", Limit)]
)
def test_telegrams_unit(more: str, unit: type[Limit]) -> None:
    """Where Apprise is to cut, or escapes a text, it counts what it sends."""
    assert type(Target("me/1", Secret(URLS["tgram"] + more)).limit) is unit


def test_a_short_title_loses_nothing() -> None:
    """What a service of short titles has no room for there stands first in the body."""
    limit = Limit(4_000)
    limit.title = 32
    rendered = render(alerts(["Lamp"], title="[warning] " + "long " * 10), Style.PLAIN, limit=limit)
    assert len(rendered.title) <= 32
    assert rendered.body.startswith("[warning] " + "long " * 9 + "long\n")


_NAMES = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=120) | st.sampled_from(HOSTILE),
    min_size=1,
    max_size=30,
)
_LIMITS = st.one_of(
    *(
        st.integers(least, 30_000).map(kind)
        for kind, least in ((Limit, 60), (Bytes, 160), (Escaped, 240))
    )
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(names=_NAMES, limit=_LIMITS, title=st.sampled_from(HOSTILE))
def test_no_limit_is_passed(names: list[str], limit: Limit, title: str) -> None:
    """Whatever the names are, in any unit; and nothing is half a character."""
    rendered = render(alerts(names, names, title=title), Style.PLAIN, limit=limit)
    assert limit.size(rendered.title) + limit.size(rendered.body) <= limit
    assert rendered.body.encode("utf-16-le").decode("utf-16-le") == rendered.body
