"""Messages in each style: complete, harmless, within the limit."""

from __future__ import annotations

import re
from bisect import bisect_left
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.delivery.messages import HOSTILE, alerts, operator
from watcher.delivery.message import render
from watcher.delivery.rendered import LONGEST, Bytes, Style

STYLES = tuple(Style)
BRIEF = [style for style in Style if style is not Style.EMAIL]
MARKDOWN = [Style.MARKDOWN, Style.TITLED, Style.TEAMS, Style.COMMONMARK, Style.WECOM, Style.CARD]
TAGGED = [Style.COMMONMARK, Style.WECOM, Style.CARD]


class _Tags(HTMLParser):
    """Collects the tags and the text of an HTML body."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(body)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("style", STYLES)
def test_tells_everything(style: Style) -> None:
    """Each style has the description, name, link, reason, facts, rest, time and alert."""
    rendered = render(alerts(["Glow Serum"], ["Hat"], 14), style)
    for part in (
        "Beauty products whose sales took off",
        "Glow Serum",
        "https://www.tiktok.com/shop/pdp/1729873073559015001",
        "7-day GMV 1,200 → 4,830 (+303%) since 16 Nov",
        "4.99 USD · 7 days: 1,234 sold, GMV 4,830 · rising · ",
        "312 creators in all, 45 this week · 12% commission",
        "and 14 more: Hat, …",
        "Data of 23 Nov 2026, 15:00 UTC · alert A1",
    ):
        assert part in rendered.body
    title = "[warning] beauty-rising: 1 products (US)"
    if style is Style.WECOM:  # where links are found by their brackets
        title = title.replace("[", "［").replace("]", "］")
    assert title in (rendered.title if style.has_title else rendered.body)
    assert rendered.severity == "warning"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing(style: Style, name: str) -> None:
    """No mention, no control character, no more lines than a harmless name has."""
    message = alerts([name], [name], title=f"rule {name}")
    rendered = render(message, style)
    whole = rendered.title + "\n" + rendered.body.removeprefix("<!DOCTYPE html>")
    assert not re.search(r"@(everyone|here)\b|<[!@#]|<script|<img|http://", whole)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", whole)
    harmless = render(alerts(["Lamp"], ["Lamp"], title="rule Lamp"), style)
    assert rendered.body.count("\n") == harmless.body.count("\n")
    assert "\n" not in rendered.title
    whole.encode()


@pytest.mark.parametrize("style", [Style.TELEGRAM, Style.EMAIL, Style.PAGE])
def test_html_has_only_our_tags(style: Style) -> None:
    """Whatever the names, the markup is that of the template, and closed."""
    harmless = _Tags(render(alerts(["Lamp"], ["Hat"]), style).body)
    hostile = _Tags(render(alerts(HOSTILE, HOSTILE), style).body)
    assert hostile.tags == harmless.tags
    assert hostile.open == []
    assert "script" in hostile.text


def test_telegram_uses_only_what_telegram_knows() -> None:
    """An unknown tag would have Telegram refuse the message."""
    assert _Tags(render(alerts(HOSTILE, HOSTILE), Style.TELEGRAM).body).tags == {"b", "a", "i"}


@pytest.mark.parametrize("style", MARKDOWN)
def test_markdown_has_only_our_links_and_marks(style: Style) -> None:
    """Of names, no link, no emphasis and no code is left; nor a backslash, which would show."""
    body = render(alerts(HOSTILE, HOSTILE), style).body
    assert body.count("](") == len(HOSTILE)
    assert body.count("**") == 2 * (len(HOSTILE) + (not style.has_title))
    assert not re.search(r"[`~_|]", body)
    assert not re.search(r"\\(?![<>])" if style is Style.MARKDOWN else r"\\", body)


@pytest.mark.parametrize("style", TAGGED)
def test_where_tags_are_read_a_name_has_none(style: Style) -> None:
    """Nor an entity or a list: only the template's own colours are left, and its links."""
    names = [*HOSTILE, "<at id=all></at>", "a < b > c", "1. x", "- x", "---", "[x]"]
    body = render(alerts(names, names, title=f"- {names[1]}"), style).body
    ours = re.sub(r"</?font(?: color=[\"'][a-z]+[\"'])?>|(?m:^> |^---$)|\]\(https", "", body)
    assert not re.search(r"[<>\]]|&[#\w]", ours)
    assert not re.search(r"(?m)^\s*(?:[-+]|\d+[.)])\s", ours)


@pytest.mark.parametrize("name", ["[2 PACK] Serum", "a [b", "a ]( b", "[[x]", "] [", "[a [b] c"])
def test_markdown_links_end_where_they_should(name: str) -> None:
    """Brackets come in pairs within a link's text, or would end it early."""
    (line,) = re.findall(r"\[.*\]\(https.*", render(alerts([name]), Style.TITLED).body)
    depth = [0]
    for character in line[: line.index("](https") + 1]:
        depth.append(depth[-1] + {"[": 1, "]": -1}.get(character, 0))
    assert depth[-1] == 0
    assert min(depth[1:-1]) > 0


def test_a_card_has_a_paragraph_for_each_line() -> None:
    """Teams runs the lines of one paragraph together."""
    body = render(alerts(["Lamp"] * 3, ["Hat"]), Style.TEAMS).body
    assert not re.search(r"[^\n]\n[^\n]", body)
    assert "\n\n\n" not in body


@pytest.mark.parametrize("name", ["灯" * 100, "🌟" * 100, "Lamp"])
def test_bytes_are_counted_where_the_service_counts_them(name: str) -> None:
    """ntfy counts UTF-8; a name of 100 Thai or Chinese letters is 300 of them."""
    rendered = render(alerts([name] * 20), Style.PLAIN, limit=Bytes(3_300))
    assert 2_500 < len((rendered.title + rendered.body).encode()) <= 3_300


def test_a_mails_first_words_are_the_first_products() -> None:
    """What a list of mails shows beside the subject, which the page's title would repeat."""
    body = render(alerts(["Glow Serum", "Lamp", "Hat", "Cup"]), Style.EMAIL).body
    text = _Tags(body).text.partition("</style>")[0]
    assert text.index("Glow Serum: 7-day GMV 1,200 → 4,830") < text.index("Beauty products whose")
    assert text.count("Cup") == 1


def test_a_mail_says_the_same_as_text() -> None:
    """The plain part has each fact and each link; a channel's own layout has it as usual."""
    message = alerts(["Glow <Serum>"], ["Hat"], 14)
    rendered = render(message, Style.EMAIL)
    assert rendered.plain == render(message, Style.PLAIN).body
    assert "https://www.tiktok.com/shop/pdp/1729873073559015001" in rendered.plain
    assert render(message, Style.TELEGRAM).plain == ""


@pytest.mark.parametrize("style", BRIEF)
@pytest.mark.parametrize("limit", [4096, 2000, 1000])
def test_is_cut_at_a_product(style: Style, limit: int) -> None:
    """Products are shown whole or counted: all are accounted for, and the limit holds."""
    names = [f"Product {number} 🌟" for number in range(1, 41)]
    rendered = render(alerts(names, ["Hat"], 5), style, limit=limit)
    assert _units(rendered.title + rendered.body) <= limit
    shown = rendered.body.count("/shop/pdp/")
    assert 0 < shown < 40
    assert rendered.body.count("commission") == shown
    assert f"and {45 - shown} more: Product {shown + 1} 🌟" in rendered.body
    assert rendered.body.splitlines()[-1].count("A") == shown


@given(st.integers(1, 30), st.integers(200, 5_000), st.sampled_from(STYLES))
@settings(max_examples=60, deadline=None)
def test_holds_any_limit(count: int, limit: int, style: Style) -> None:
    """From 300 on every limit is kept (e-mail's frame needs some more)."""
    limit = limit + 3_000 if style is Style.EMAIL else limit + 100
    rendered = render(alerts(["n" * 90] * count), style, limit=limit)
    assert _units(rendered.title + rendered.body) <= limit


@pytest.mark.parametrize("style", BRIEF)
def test_the_most_that_fit_are_shown(style: Style) -> None:
    """One more product would not have fitted."""
    names = ["Lamp"] * 20
    whole = render(alerts(names), style)
    size = _units(whole.title + whole.body) + 16
    assert "more" not in render(alerts(names), style, limit=size).body
    less = render(alerts(names), style, limit=size - 60)
    assert less.body.count("/shop/pdp/") >= 18


@pytest.mark.parametrize("shown", range(1, 7))
def test_as_many_as_fit_are_shown(shown: int) -> None:
    """To the unit, for each number of them: all but one, too."""
    seven = ["Glow Serum with a name that is longer than what counts the others"] * 7

    def count(limit: int) -> int:
        return render(alerts(seven), Style.PLAIN, limit=limit).body.count("/shop/pdp/")

    least = 300 + bisect_left(range(300, 3_000), shown, key=count)
    assert (count(least - 1), count(least)) == (shown - 1, shown)


@pytest.mark.parametrize("style", STYLES)
def test_an_operators_text_is_cut_by_its_length(style: Style) -> None:
    """A long text ends with an ellipsis, within the limit."""
    limit = 3_000 if style is Style.EMAIL else 900
    rendered = render(operator("line <!channel> & more\n" * 400), style, limit=limit)
    assert "…" in rendered.body
    assert _units(rendered.title + rendered.body) <= limit
    assert "<!channel>" not in rendered.body


def test_says_its_format() -> None:
    """Apprise needs to be told what a body is."""
    formats = {style: render(operator("x"), style).format for style in STYLES}
    assert set(formats.values()) == {"text", "markdown", "html"}
    told = [formats[style] for style in (Style.PLAIN, Style.TITLED, Style.TELEGRAM, Style.EMAIL)]
    assert told == ["text", "markdown", "html", "html"]


def test_a_long_title_is_short() -> None:
    """A title takes at most half of a small limit."""
    rendered = render(alerts(["Lamp"], title="t" * 900), Style.PLAIN, limit=400)
    assert len(rendered.title) <= 200
    assert len(render(alerts(["Lamp"], title="t" * 900), Style.PLAIN, limit=LONGEST).title) == 200
