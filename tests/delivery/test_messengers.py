"""DingTalk, WeCom, Feishu, Lark, ServerChan, PushPlus and Bark: each in its own format, within its
limit on the wire, and harmless whatever a seller wrote."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from html.parser import HTMLParser

import msgspec
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.delivery.messages import GMV, HOSTILE, NOW, alerts, item, operator
from tests.delivery.messengers import CASES, LIMITS, SECRET, SERVICES, Messengers, serving
from tests.fakes.sink import Secret
from tools import messengers as sight
from watcher.delivery.apprise import robots
from watcher.delivery.apprise.confirming import found
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.rendered import OutcomeKind, Rendered, Style
from watcher.delivery.services import PROFILES
from watcher.evidence import Member
from watcher.message import Message, RuleCount
from watcher.model import Severity
from watcher.rules.sections.templates import parse_template

PAGE = "https://www.tiktok.com/shop/pdp/"
CJK = "爆款夏季新品连衣裙女装纯棉宽松显瘦中长款👩\u200d👩\u200d👧\u200d👦🔥【包邮】"
# What their markup would make of a name; none of it may come of one.
MARKUP = (
    "<at id=all></at> <at user_id=\"all\">所有人</at>", "<@all> <@zhangsan> @all @13800001111",
    '<font color="warning">red</font>', "&lt;at id=all&gt;&lt;/at&gt; &#60;at id=all&#62;",
    "[点这里](https://evil.example) ![x](https://evil.example/x.png)", "https://evil.example/a",
    "[a]($urlVal) <a href='https://evil.example'>x</a>", "] [x](https://evil.example",
    "# 标题", "- 列表", "1. 列表", "---", "===", "> 引用", "`代码` **粗** ~~删~~ :OK:", "| a | b |",
    "</p></div><script>alert(1)</script>", "[ref]: https://evil.example", "www.evil.example",
    "a@evil.example", "**", "[", "\\<at id=all\\>", "&", "<!--", "<![CDATA[",
)  # fmt: skip


@pytest.fixture
async def here() -> AsyncIterator[Messengers]:
    """All of them, listening."""
    async with serving() as messengers:
        yield messengers


class _Seen(HTMLParser):
    """What a person sees of a drawn message: text, links and tags; a mention among them."""

    def __init__(self, drawn: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(drawn)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add((tag, values.get("class") or values.get("style") or ""))
        if tag == "a":
            self.links.append(values["href"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.tags.add(("comment", data))

    def unknown_decl(self, data: str) -> None:
        self.tags.add(("declaration", data))


def _several(*names: str) -> Message:
    """A message of two rules, of which the second has no product."""
    items = tuple(
        msgspec.structs.replace(item(number, name), rule="rising")
        for number, name in enumerate(names, start=1)
    )
    parts = (RuleCount("rising", len(names), 0, "销量上涨", "爆款", Severity.WARNING),
             RuleCount("climbs", 3, 0, "排名上升", "上榜"))  # fmt: skip
    return msgspec.structs.replace(
        alerts([]), title="", rule="", description="", items=items, parts=parts, rest=3
    )


def _group(*names: str) -> Message:
    members = tuple(Member(str(number), name, 9.0) for number, name in enumerate(names))
    why = msgspec.structs.replace(GMV, compared=(3, 4), members=members)
    group = msgspec.structs.replace(
        item(1, names[0]), grouped_by="seller_id", size=37, why=(why,), facts={}
    )
    return msgspec.structs.replace(alerts([]), items=(group,))


KINDS: dict[str, Callable[[Sequence[str]], Message]] = {
    "alerts": alerts,
    "many": lambda names: alerts(list(names) * 40, list(names) * 40),
    "digest": lambda names: msgspec.structs.replace(_several(*names), kind="digest"),
    "joined": lambda names: msgspec.structs.replace(alerts(names), kind="joined"),
    "several rules": lambda names: _several(*names),
    "group": lambda names: _group(*names),
    "operator": lambda names: operator("\n".join(names)),
    "test": lambda names: Message("test", "test", Severity.INFO, NOW, text=" ".join(names)),
}


async def _sent(target: Target, message: Message, **more: object) -> Rendered:
    rendered = render(message, target.style, limit=target.limit, **more)  # type: ignore[arg-type]
    outcome = await target.send(rendered)
    assert outcome.kind is OutcomeKind.SENT, outcome.detail
    return rendered


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", KINDS)
async def test_takes_every_kind(here: Messengers, service: str, kind: str) -> None:
    """Of usual, of long Chinese and of hostile names; what came is what was written."""
    target = here.target(service)
    for names in (("Lamp",), (CJK * 3, CJK), HOSTILE, MARKUP):
        rendered = await _sent(target, KINDS[kind](names))
        came = here.came[service][-1]
        assert came.size <= LIMITS[service]
        text = came.text.partition("\n\n")[2] if service == "dingtalk" else came.text
        assert _words(text) == _words(rendered.body)
        if target.style.has_title:
            assert came.title == rendered.title


def _words(text: str) -> str:
    return " ".join(re.sub(r"(?m)^---$", "", text).split())


@pytest.mark.parametrize("service", SERVICES)
async def test_its_own_format(here: Messengers, service: str) -> None:
    """The name is a link to the product, and each of the others' parts is there."""
    await _sent(here.target(service), _several("[新品] Lamp"))
    came = here.came[service][-1]
    name, link = ("[新品] Lamp", f'<a href="{PAGE}') if service == "pushplus" else (
        "［新品］ Lamp", f"]({PAGE}"
    )  # fmt: skip
    for part in (name, link, "爆款 (warning)", "销量上涨", "+303%", "4.99 USD", "上榜: 3 products",
                 "and 3 more", "alert A1"):  # fmt: skip
        assert part in came.text, part


FORMS = {
    "dingtalk": ("markdown title", "[warning] 爆款"),
    "wecombot": ("markdown content", '**<font color="warning">'),
    "feishu": ("card header template", "orange"),
    "lark": ("card header template", "orange"),
    "schan": ("title", "[warning] 爆款"),
    "pushplus": ("template", "html"),
    "bark": ("markdown", "Beauty"),
}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_form_of_a_request(here: Messengers, service: str) -> None:
    """As the service's documentation has it; to the rest of the payload nothing is done."""
    title = "[warning] 爆款: 1 product (US)"
    await _sent(here.target(service), alerts(["Lamp"], title=title))
    payload = here.came[service][-1].payload
    path, begins = FORMS[service]
    (value,) = found(payload, path.replace(" ", "."))
    assert value.startswith(begins)
    assert "body" not in payload
    if service == "dingtalk":  # the brackets of a title in Markdown are none
        text = payload["markdown"]["text"]
        assert text.startswith("#### ［warning］ 爆款: 1 product (US)\n\nBeauty")
        assert payload["at"] == {"atMobiles": [], "isAtAll": False}


@pytest.mark.parametrize(
    ("severity", "card", "font"),
    [("info", "blue", "info"), ("warning", "orange", "warning"), ("critical", "red", "warning")],
)
async def test_severity_is_a_colour(here: Messengers, severity: str, card: str, font: str) -> None:
    """The head of a card, and the title where there is no head."""
    message = msgspec.structs.replace(alerts(["Lamp"]), severity=Severity(severity))
    await _sent(here.target("feishu"), message)
    assert here.came["feishu"][-1].payload["card"]["header"]["template"] == card
    await _sent(here.target("wecombot"), message)
    assert here.came["wecombot"][-1].text.startswith(f'**<font color="{font}">')


@pytest.mark.parametrize("service", SERVICES)
async def test_ten_products_more_than_fit(here: Messengers, service: str) -> None:
    """Each is whole or counted; the message takes most of what there is."""
    names = [f"{number}号{CJK * 2}" for number in range(1, 121)]
    await _sent(here.target(service), alerts(names))
    came = here.came[service][-1]
    shown = came.text.count(PAGE)
    assert 0 < shown < 120
    assert came.text.count("commission") == shown
    assert f"and {120 - shown} more" in came.text
    assert LIMITS[service] * 0.65 < came.size <= LIMITS[service]


# What else of a URL takes room in a notification: the address behind it, a group, an icon.
MORE = {
    "bark": "?group=tiktok-shop-us&level=timeSensitive&sound=minuet&icon=https://day.app/assets/i.png"
    f"&click=https%3A//watcher.example.com/watcher/alerts/{'a' * 120}",
    "dingtalk": f"?to={','.join(str(13_800_000_000 + number) for number in range(20))}",
}


@pytest.mark.parametrize("service", SERVICES)
async def test_whatever_is_cut_fits(here: Messengers, service: str) -> None:
    """Names and titles of every length: what is left of the limit is never overdrawn."""
    target = here.target(service, MORE.get(service, ""))
    for length in range(1, 25):
        title = f"[critical] 爆款{'🔥' * length * 8}"
        await _sent(target, alerts([CJK[:length] + "&" * (length % 5)] * 120, title=title))
        assert here.came[service][-1].size <= LIMITS[service]
    assert not here.refused


@pytest.mark.parametrize("more", ["?overflow=split", "?overflow=truncate"])
@pytest.mark.parametrize("service", [each for each in SERVICES if each != "schan"])
async def test_where_apprise_is_to_cut(here: Messengers, service: str, more: str) -> None:
    """What it is handed needs no cutting: one request, in the same form."""
    await _sent(here.target(service, more), alerts([CJK * 3] * 90))
    (came,) = here.came[service]
    assert came.size <= LIMITS[service]
    assert f"{PAGE}1" in came.text


TEXT = {"dingtalk": "msgtype", "wecombot": "msgtype", "feishu": "msg_type", "lark": "msg_type"}


@pytest.mark.parametrize("service", [each for each in SERVICES if each != "schan"])
async def test_a_url_may_want_text(here: Messengers, service: str) -> None:
    """``?format=text``: as before, a plain text within the limit that such has."""
    target = here.target(service, "?format=text")
    assert target.style is Style.PLAIN
    await _sent(target, alerts([CJK * 3] * 90))
    came = here.came[service][-1]
    assert "](" not in came.text
    assert came.size <= LIMITS[service]
    if service in TEXT:
        assert came.payload[TEXT[service]] == "text"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_url_may_want_what_is_usual(here: Messengers, service: str) -> None:
    """``?format=`` of the format that it has in any case."""
    wanted = PROFILES[service].style.body_format
    if service != "schan":  # Apprise reads no parameters of its URL
        target = here.target(service, f"?format={wanted}")
        assert target.style is PROFILES[service].style
        await _sent(target, alerts(["Lamp"]))
        assert f"{PAGE}1" in here.came[service][-1].text


@pytest.mark.parametrize("service", SERVICES)
async def test_a_layout_of_ones_own(here: Messengers, service: str) -> None:
    """``template:`` with marks of its own, which stay; each of its lines is one."""
    own = parse_template("**{{ rule }}**\n{% for product in products %}{{ product.name }}\n"
                         "{% endfor %}")  # fmt: skip
    await _sent(here.target(service), alerts(["Lamp", "<at id=all></at>"]), template=own)
    text = here.came[service][-1].text
    assert "**beauty-rising**" in text
    assert "Lamp" in text
    assert "<at" not in text
    if service in ("dingtalk", "schan", "bark"):
        assert "beauty-rising**\n\nLamp" in text


async def test_a_signature_stays(here: Messengers) -> None:
    """DingTalk's is checked, and one that is wrong is refused."""
    await _sent(here.target("dingtalk"), alerts(["Lamp"]))
    target = here.target("dingtalk")
    vars(target.plugin)["secret"] = f"{SECRET}x"
    outcome = await target.send(Rendered("t", "b", "markdown"))
    assert outcome.kind is OutcomeKind.DEAD
    assert "sign not match" in outcome.detail


REFUSED = {
    "dingtalk": "errcode 460101: message too long", "wecombot": "errcode 40058: markdown.content",
    "feishu": "code 9499: Bad Request", "lark": "code 9499: Bad Request",
    "schan": "code 40001: title or desp", "pushplus": "code 905: 内容过长",
    "bark": "APNS push failed: PayloadTooLarge",
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
async def test_what_they_refuse(here: Messengers, service: str) -> None:
    """A body that nobody cut: the services here are as strict as they say they are."""
    target = here.target(service)
    outcome = await target.send(Rendered("t", "灯" * 25_000, target.style.body_format))
    assert outcome.kind is not OutcomeKind.SENT
    assert REFUSED[service] in outcome.detail
    assert not here.came


@pytest.mark.parametrize("service", ["dingtalk", "wecombot", "feishu", "lark"])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"\xff", b'{"text": 1, "markdown": []}', None]
)
def test_another_payload_goes_out_as_it_is(service: str, body: bytes | None) -> None:
    """Of a release of Apprise that writes its requests otherwise."""
    change = robots.amendment_of(service, Rendered("t", "b", "markdown"))
    assert change is not None
    request = requests.Request("POST", "http://127.0.0.1/", data=body).prepare()
    before = request.body, dict(request.headers)
    change(request)
    assert (request.body, dict(request.headers)) == before


def test_what_stands_beside_a_text_stays_beside_a_card() -> None:
    """As the signature that Feishu asks for, should Apprise come to write one."""
    change = robots.amendment_of("feishu", Rendered("t", "b", "markdown"))
    assert change is not None
    text = b'{"msg_type": "text", "content": {"text": "\\u706f"}, "timestamp": "1", "sign": "s"}'
    request = requests.Request("POST", "http://127.0.0.1/", data=text).prepare()
    change(request)
    body = request.body
    assert isinstance(body, bytes)
    told = json.loads(body)
    assert (told["sign"], told["timestamp"], told["msg_type"]) == ("s", "1", "interactive")
    assert "content" not in told
    assert told["card"]["elements"] == [{"tag": "markdown", "content": "灯"}]
    assert request.headers["Content-Length"] == str(len(body))
    assert robots.amendment_of("slack", Rendered("t", "b", "markdown")) is None


def test_encryption_takes_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bark's ciphertext is in base64: four bytes for three."""
    monkeypatch.setattr("apprise.plugins.bark.BARK_AESGCM_SUPPORT", True)
    monkeypatch.setattr("apprise.plugins.bark.AESGCM", bytes, raising=False)
    usual, sealed = (
        Target("b/1", Secret(f"bark://127.0.0.1/device{more}")).limit
        for more in ("", "?key=0123456789abcdef")
    )
    assert (sealed, type(sealed)) == (usual * 3 // 4, type(usual))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", [*HOSTILE, *MARKUP])
def test_a_hostile_name_is_seen_as_one(service: str, name: str) -> None:
    """In every place: no mention, no link elsewhere, no mark, no tag that a lamp would not have."""
    _is_harmless(service, name)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    service=st.sampled_from(SERVICES),
    name=st.text(st.characters(codec="utf-8"), max_size=60)
    | st.text("<>&@#[]()!*_`~:;/=-+.|\\\"' \n1aatidfont", max_size=60)
    | st.lists(st.sampled_from(MARKUP), max_size=4).map(" ".join),
)
def test_any_name_is_seen_as_one(service: str, name: str) -> None:
    """Of any letters, of their marks alone, and of several hostile ones."""
    _is_harmless(service, name)


def _drawn(service: str, message: Message) -> str:
    return sight.drawn(service, render(message, PROFILES[service].style))


def _is_harmless(service: str, name: str) -> None:
    for make in (_several, _group, lambda one: alerts([one], [one], title=f"rule {one}")):
        hostile, lamp = (_Seen(_drawn(service, make(each))) for each in (name, "Lamp"))
        assert hostile.tags == lamp.tags
        assert hostile.links == lamp.links
        assert not re.search(r"\w://", hostile.text)
    assert not re.search(r"www\.[a-z]{2}", _Seen(_drawn(service, _several(name))).text)


@pytest.mark.parametrize("service", SERVICES)
def test_the_eye_sees_what_is_there(service: str) -> None:
    """The drawing that the tests above look at does draw mentions, links, marks and tags."""
    body = "<at id=all></at> <@all> <script>x</script> [x](https://evil.example)"
    seen = _Seen(sight.drawn(service, Rendered("t", body, "markdown")))
    if service != "pushplus":
        assert seen.links == ["https://evil.example"]
    assert {tag for tag, _ in seen.tags} & {"script", "i"}


def test_all_of_them_are_drawn() -> None:
    """And each has its own style, which another service may share."""
    assert set(sight.SERVICES) == set(SERVICES) == set(CASES)
    assert all(PROFILES[each].style is not Style.PLAIN for each in SERVICES)
