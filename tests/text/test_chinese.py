"""Messages in Chinese, word for word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_currency, format_decimal, format_percent
from msgspec.structs import replace

from tests.charts.words import drawn, has_cjk_font
from tests.text import telling
from tests.text.pseudo import unmarked, visible
from watcher import units
from watcher.chart import Chart, Series
from watcher.charts import lettering
from watcher.charts.lettering import Fonts, lettered
from watcher.delivery.message import render
from watcher.delivery.rendered import Style, Way
from watcher.evidence import Criterion
from watcher.incident import About, Incident, IncidentKind
from watcher.language import Language, spoken
from watcher.message import Item, Message, RuleCount, Waited
from watcher.model import Severity
from watcher.people import ROLES, Role, name_of
from watcher.source.addresses import PRODUCT, id_of
from watcher.text.messages import text_of, title_of
from watcher.text.retold import retold
from watcher.units import DAY, HOUR, Currencies, Unit, parse_duration

ZH = Language.CHINESE
NOW = telling.NOW
_KNOWN = (
    "watcher silence add", "watcher", "TikTok", "KeyAPI", "GMV", "UTC", "MiB", "keep:", "US$",
)  # fmt: skip


def _told(message: Message, style: Style = Style.PLAIN) -> tuple[str, str]:
    shown = render(message, style, ZoneInfo("Asia/Shanghai"), language=ZH)
    return shown.title, shown.body


def _alerts(*items: Item, **changes: Any) -> Message:
    message = Message(
        "alerts", "", Severity.INFO, NOW, rule="新品起量", region="US", data_at=NOW,
        items=items, told=len(items),
    )  # fmt: skip
    return replace(message, **changes)


def test_an_alert() -> None:
    """In the order of Chinese, with its punctuation, dates and currencies."""
    lamp = telling.item(currency="USD", gmv_currency="USD", alert="A1", name="便携台灯")
    title, body = _told(_alerts(lamp))
    facts = "US$4.99 · 近7天：售出 1,234、GMV US$4,830 · 上升 · 第3名 · 累计达人 312、近7天 45"
    facts += " · 佣金 12%"
    assert title == "【提示】新品起量：1 个商品（US）"
    assert body.splitlines() == [
        "1. 便携台灯",
        "   近7天销量 1,200 → 4,830（+303%），自 11月16日起",
        f"   {facts}",
        "   https://www.tiktok.com/shop/pdp/1729873073559015001",
        "",
        "数据时间：2026年11月23日 23:00 Asia/Shanghai · 提醒 A1",
    ]


def test_what_became_of_alerts() -> None:
    """An end with its reason, a reminder, one that is more severe, and another rule's word."""
    (why,) = telling.item().why
    items = (
        telling.item(1, kind="resolved", reason="left the list", facts={}),
        telling.item(2, kind="reminder", facts={}, now=(replace(why, value=3_600.0),)),
        telling.item(3, facts={}, severity=Severity.CRITICAL, told_as=Severity.WARNING),
        telling.item(4, facts={}, why=(replace(why, condition=Criterion("at_least", (500.0,)),
                                               baseline=None),)),
    )  # fmt: skip
    _, body = _told(_alerts(*items, rest=12, more=("拖鞋",)))
    lines = [line.strip() for line in body.splitlines() if "https" not in line]
    assert lines == [
        "1. 商品1", "已结束：已掉出榜单", "11月20日触发",
        "近7天销量 1,200 → 4,830（+303%），自 11月16日起", "",
        "2. 商品2", "自11月20日起仍在触发",
        "近7天销量 触发时为 1,200 → 4,830（+303%），现为 1,200 → 3,600（+200%），自 11月16日起", "",
        "3. 商品3", "现为严重，此前按警告提醒",
        "近7天销量 1,200 → 4,830（+303%），自 11月16日起", "",
        "4. 商品4", "近7天销量 4,830（至少 500）", "",
        "另有 12 个：拖鞋、…", "",
        "数据时间：2026年11月23日 23:00 Asia/Shanghai · 提醒 1、2、3、4",
    ]  # fmt: skip


def test_a_digest_of_several_rules() -> None:
    """Counted by rule in its title."""
    parts = (
        RuleCount("起量", 2, severity=Severity.WARNING, description="销量上涨"),
        RuleCount("店铺", 3, 1, grouped_by="seller_id"),
    )
    message = Message("digest", "", Severity.WARNING, NOW, region="US, GB", parts=parts, told=5)
    assert _told(message) == (
        "起量 2 个、店铺 3 个、店铺 结束 1 个（US、GB）",
        "起量（警告）：2 个商品 — 销量上涨\n店铺：3 个店铺、1 个已结束",
    )


def test_what_waited() -> None:
    """Joined into one."""
    trouble = Incident(IncidentKind.FAILS, About.WATCH, "榜").with_details(failures=3, error="503")
    waited = Waited(12, 25 * HOUR, 2, (trouble,), (trouble,), 3, (trouble,))
    message = Message("joined", "", Severity.WARNING, NOW, waited=waited, told=1)
    title, body = _told(message)
    assert title == "【警告】仍然有效：1 个商品、1 个故障"
    assert body.splitlines() == [
        "有 12 条消息最长等待了1天1小时。其中仍然有效的：",
        "期间有 2 条提醒触发后又结束。",
        "watcher：监控“榜”连续 3 次读取失败：503",
        "watcher：已恢复：监控 榜：读取失败",
        "watcher：出现后已恢复：监控 榜：读取失败",
        "watcher 另有 3 个故障出现后已恢复。",
    ]


@pytest.mark.parametrize(
    ("kind", "title", "text"),
    [
        (
            IncidentKind.CREDITS_OF_DAY, "watcher：今日额度即将用完",
            "2026年11月23日的额度已用 80 个，共 99 个",
        ),
        (
            IncidentKind.CREDITS_OF_MONTH, "watcher：本月额度即将用完",
            "2026年11月的额度已用 80 个，共 99 个",
        ),
        (
            IncidentKind.SOURCE_FAILS, "watcher：KeyAPI 读取失败",
            "自2026年11月22日 15:00 UTC起无法从 KeyAPI 读取任何数据；最近一次“榜”：错",
        ),
        (IncidentKind.DEAD_MESSAGE, "watcher：消息未能送达 群",
         "消息“【提示】涨：3 个商品”未能送达 群：错"),
        (
            IncidentKind.SILENCE_ENDS, "watcher：静默 1：一天内到期",
            "对规则 涨*、店铺 小店（749）、类目 6、商品 1的静默将于2026年11月22日 15:00 UTC到期。",
        ),
    ],
)  # fmt: skip
def test_incidents(kind: IncidentKind, title: str, text: str) -> None:
    """Their instants are told as Chinese writes them, and a message by its title in Chinese."""
    message = Message("operator", "", Severity.WARNING, NOW, incident=telling.DETAILS[kind][0])
    with spoken(ZH):
        assert title_of(message) == title
        assert text_of(message).startswith(text)


def test_words_of_earlier_versions_are_told_as_they_are() -> None:
    """Instants, silences and titles that were stored in English."""
    incident = Incident(IncidentKind.SILENCE_ENDS, About.SILENCE, "1").with_details(
        what="rule beauty-*", ends="2026-11-23 15:04 UTC", why=None
    )
    dead = Incident(IncidentKind.DEAD_MESSAGE, About.TARGET, "me/1").with_details(
        title="[info] r: 1 product", error="gone"
    )
    texts = [Message("operator", "", Severity.INFO, 1, incident=each) for each in (incident, dead)]
    ends = "the silence of rule beauty-* ends 2026-11-23 15:04 UTC. "
    assert text_of(texts[0]).startswith(ends)
    said = 'the message "[info] r: 1 product" could not be delivered to me/1: gone'
    assert text_of(texts[1]) == said
    with spoken(ZH):
        assert "对rule beauty-*的静默将于2026-11-23 15:04 UTC到期" in text_of(texts[0])


@pytest.mark.parametrize("style", [Style.PLAIN, Style.EMAIL, Style.TELEGRAM])
def test_no_english_is_left(style: Style) -> None:
    """But names, and errors as they were raised."""
    found: set[str] = set()
    for message in telling.messages():
        shown = render(message, style, language=ZH)
        text = f"{shown.title}\n{visible(shown.body) if shown.format == 'html' else shown.body}"
        found |= {*unmarked(re.sub(r"https://\S+", "", text), *_KNOWN, "z 值")}
    assert found == set()


@pytest.mark.parametrize(
    ("read", "given", "kept"),
    [
        (name_of, "", ()), (name_of, "1" * 99, ()), (name_of, "<1>", ()),
        (name_of, "Owner", ("Owner",)), (Role.of, "1", ROLES),
        (parse_duration, "", ("s", "m", "h", "d", "w")), (parse_duration, "1m2h", ("m", "h")),
        (parse_duration, "99999d", ("d",)), (partial(id_of, thing=PRODUCT), "1", ("ID",)),
    ],
)  # fmt: skip
def test_what_a_form_has_wrong(
    read: Callable[[str], object], given: str, kept: Sequence[str]
) -> None:
    """It is found by what reads files and commands, too, which speak English."""
    with pytest.raises(ValueError, match=r"[a-z]") as raised, spoken(Language.CHINESE):
        read(given)
    with spoken(Language.CHINESE):
        assert set(re.findall(r"[A-Za-z]+", retold(str(raised.value)))) <= {*kept}


def test_mail_says_in_which_language_it_is() -> None:
    """So that a program reads it aloud, and chooses its letters, by that."""
    for language, tag in ((ZH, "zh-Hans"), (Language.ENGLISH, "en")):
        shown = render(_alerts(telling.item()), Style.EMAIL, language=language)
        assert f'<html lang="{tag}">' in shown.body


@pytest.mark.parametrize(
    "code", "USD CNY GBP EUR JPY MYR THB VND IDR PHP SGD MXN BRL SAR PLN".split()
)
@pytest.mark.parametrize("value", [4.99, -3.5, 0.25])
def test_amounts_are_as_cldr_has_them(code: str, value: float) -> None:
    """With the sign that Chinese has for a currency; a code of letters keeps apart."""
    with spoken(ZH):
        told = units.format_value(value, Unit.MONEY, Currencies(code))
    whole = format_currency(value, code, locale="zh_Hans").replace("\u00a0", "")
    assert told.replace("\u00a0", "") == whole
    assert ("\u00a0" in told) is whole.lstrip("-")[: len(code)].isalpha()


def test_numbers_and_times_are_as_cldr_has_them() -> None:
    """Words and order are those of Babel; it is only asked once."""
    with spoken(ZH):
        assert units.format_number(1_234_567.5) == format_decimal(1_234_567.5, locale="zh_Hans")
        assert units.format_percent(3.03) == format_percent(3.03, locale="zh_Hans")
        assert units.format_duration(7 * DAY) == "7天"
        assert units.format_ago(0, 3 * HOUR) == "3小时前"
        assert units.format_ago(5 * 60, 0) == "5分钟后"
        assert units.format_day(date(2026, 11, 16)) == "11月16日"
        assert units.format_instant(NOW) == "2026年11月23日 15:00 UTC"
        assert units.format_value(20_241_219.0, Unit.DAY) == "2024年12月19日"
        assert units.counted("{count} product", "{count} products", 1) == "1 个商品"
    assert units.format_duration(7 * DAY) == "7d"


def _chart(values: float = 1.0) -> Chart:
    points = tuple((NOW - day * DAY, values * (30 - day)) for day in range(29, -1, -1))
    series = (Series(1, "台灯", "1", points, (NOW - 3 * DAY,), telling.item().why[0]),)
    return Chart("7-day GMV", "gmv", NOW, series, "USD", "total_sale_gmv_7d_amt")


@pytest.mark.skipif(not has_cjk_font(), reason="no font with Chinese letters")
def test_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Title, time and legend; large numbers are counted in ten thousands."""
    picture, words = drawn(
        monkeypatch, _chart(2_000.0), Way(ZoneInfo("Asia/Shanghai"), language=ZH)
    )
    lines = words.splitlines()
    assert lines[:3] == [
        "近7天GMV（USD），最近30天", "10月25日至2026年11月23日 23:00 Asia/Shanghai", "触发提醒",
    ]  # fmt: skip
    assert {"0", "2万", "4万", "6万", "11月13日"} <= {*lines}
    assert picture.alt == "走势图"


def test_a_machine_without_chinese_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture's own words are English, never boxes; what a screen reader says is Chinese."""
    monkeypatch.setattr(lettering, "FOLDERS", ())
    monkeypatch.setattr(Fonts.__init__, "__defaults__", (lettering.SHIPPED, (), None))
    assert lettered(ZH, Fonts()) is Language.ENGLISH
    picture, words = drawn(monkeypatch, _chart(), Way(language=ZH))
    assert words.splitlines()[0] == "7-day GMV in USD, last 30 days"
    assert "alert fired" in words
    assert picture.alt == "走势图"
