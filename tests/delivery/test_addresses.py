"""URLs that people paste and mistype: taken for what they mean, or told what to write."""

from __future__ import annotations

import pytest

from tests.delivery.plugins import URLS
from tests.fakes.sink import Secret
from watcher.delivery.apprise.addresses import _schemes, is_cut_short, read
from watcher.delivery.apprise.pasted import meant
from watcher.delivery.apprise.target import Target, warm_up
from watcher.errors import TargetError

warm_up()
TOKEN = "0123456789abcdef0123456789abcdef"
HOOK = "4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
FLOW = "workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/invoke"
BOT = "bot123456789:AAFab_c-d"
INCOMING = "webapi/entry.cgi?api=SYNO.Chat.External&method=incoming"
DIRECT = "powerautomate/automations/direct"
SIGNED = "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abcdefSig"


@pytest.mark.parametrize(
    ("address", "same"),
    [
        (f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}", f"dingtalk://{TOKEN}"),
        (
            f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}&secret=SEC0123",
            f"dingtalk://SEC0123@{TOKEN}",
        ),
        (f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}", f"feishu://{TOKEN}"),
        (f"https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}/", f"lark://{TOKEN}"),
        (
            "https://api.telegram.org/bot123456789:AAFab_c-d/sendMessage?chat_id=-100123&text=hi",
            "tgram://123456789:AAFab_c-d/-100123",
        ),
        (
            f"https://api.telegram.org/{BOT}/sendMessage?chat_id=@news&message_thread_id=7",
            "tgram://123456789:AAFab_c-d/@news?topic=7",
        ),
        (f"https://discord.com/api/webhooks/{HOOK}", f"discord://{HOOK}"),
        (f"https://ptb.discord.com/api/v10/webhooks/{HOOK}?wait=true", f"discord://{HOOK}"),
        (
            f"https://discordapp.com/api/webhooks/{HOOK}?thread_id=123",
            f"discord://{HOOK}?thread=123",
        ),
        ("https://ntfy.sh/mytopic", "ntfys://ntfy.sh/mytopic"),
        ("http://ntfy.example.com:81/mytopic", "ntfy://ntfy.example.com:81/mytopic"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=01-23", "wecombot://01-23"),
        ("https://sctapi.ftqq.com/SCT12345Tabcdef.send", "schan://SCT12345Tabcdef"),
        (
            "https://chat.example.com:8065/hooks/3ccdd113474722377935511fc8",
            "mmosts://chat.example.com:8065/3ccdd113474722377935511fc8",
        ),
        (f"http://www.pushplus.plus/send?token={TOKEN}", f"pushplus://{TOKEN}"),
        ("https://api2.pushdeer.com/message/push?pushkey=PDU01&text=x", "pushdeer://PDU01"),
        ("https://api.day.app/ABCDEFabcdef01/title/body", "barks://api.day.app/ABCDEFabcdef01"),
        (
            "https://push.example.com/message?token=AbCdEf012345678",
            "gotifys://push.example.com/AbCdEf012345678",
        ),
        (
            f"https://nas.example.com:5001/{INCOMING}&version=2&token=%22abcDEF012%22",
            "synologys://nas.example.com:5001/abcDEF012",
        ),
    ],
)
def test_a_pasted_address_means_a_url(address: str, same: str) -> None:
    """The same target, to the last part, as the Apprise URL would make; and no doubt about it."""
    _, pasted, written, _ = read("me/1", address)
    _, meant_, *_ = read("me/1", same)
    assert written == same
    assert pasted.url(privacy=False) == meant_.url(privacy=False)  # type: ignore[no-untyped-call]
    assert Target("me/1", Secret(address)).doubts() == []


def test_an_addresss_parameters_count() -> None:
    """Those that Apprise knows hold, and those that it doesn't are told, as of a URL."""
    assert read("me/1", "https://ntfy.sh/mytopic?priority=high").url.endswith("?priority=high")
    for address, said in (
        ("https://ntfy.sh/mytopic?prority=high", 'did you mean "priority"'),
        ("https://ntfy.sh/mytopic?priority=banana", "priority=banana is not what it takes"),
        (f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}&secrt=x", '"secret"'),
        (f"https://discord.com/api/webhooks/{HOOK}?thred=5", '"thread"'),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=01-23&debug=1", "passed over"),
    ):
        (doubt,) = Target("me/1", Secret(address)).doubts()
        assert said in doubt
    with pytest.raises(TargetError, match="its parameter flags can't be what it is"):
        read("me/1", f"https://discord.com/api/webhooks/{HOOK}?flags=banana")


def test_a_service_that_is_not_installed_is_said() -> None:
    """With what it needs: nothing is missing in the URL."""
    lacking = {name: kind for name, kind in _schemes().items() if not kind.enabled}
    assert "gnome" in lacking
    for name, kind in lacking.items():
        needs = kind.requirements.get("packages_required") or ["this system"]
        with pytest.raises(TargetError) as caught:
            read("me/1", f"{name}://user:pass@host.example.com/part")
        assert f"Apprise can't do {name}:// here" in str(caught.value)
        assert (needs if isinstance(needs, str) else needs[0]) in str(caught.value)


@pytest.mark.parametrize(
    ("address", "service"),
    [
        (f"https://prod-12.westus.logic.azure.com:443/{FLOW}{SIGNED}", "workflow"),
        (
            f"https://default01.4b.environment.api.powerplatform.com:443/{DIRECT}/{FLOW}{SIGNED}",
            "workflow",
        ),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "slack",
        ),
        ("https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t", "gchat"),
        ("https://mattermost.example.com/hooks/3ccdd113474722377935511fc8", "mmost"),
        ("https://chat.example.com/hooks/64f1c2d3e4b5a6978/abcDEF0123456789abcDEF012", "rocket"),
    ],
)
def test_addresses_that_apprise_reads(address: str, service: str) -> None:
    """They are as good."""
    target = Target("me/1", Secret(address))
    assert target.service == service


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://oapi.dingtalk.com/robot/send", "write dingtalk://ACCESS_TOKEN"),
        (f"https://api.telegram.org/bot{TOKEN}:a/getUpdates", "write tgram://BOT_TOKEN/CHAT_ID"),
        (f"https://t.me/{TOKEN}", "write tgram://BOT_TOKEN/CHAT_ID"),
        (f"https://acme.webhook.office.com/webhookb2/{TOKEN}/x", "make a webhook with Workflows"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "write wecombot://KEY"),
        ("https://push.example.com/message", "write gotifys://HOST/TOKEN"),
        (f"https://example.com/{TOKEN}", "or jsons:// for a program of yours"),
        (f"http://[bad/{TOKEN}", "no service by this http:// URL"),
    ],
)
def test_what_an_address_lacks_is_told(address: str, said: str) -> None:
    """With the URL to write, and nothing of the one that was written."""
    with pytest.raises(TargetError) as caught:
        Target("me/1", Secret(address))
    assert said in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "slack://x", "https://", "https://[", "ftp://x/y", "https://x"]
)
def test_what_is_no_services_address(text: str) -> None:
    """It is left to Apprise."""
    assert meant(text) is None


def test_a_password_with_colons() -> None:
    """Apprise takes what stands behind the last one for the password."""
    url = "mailto://ann:S3cr:et@mail.example.com"
    assert is_cut_short(url, read("me/1", url)[1])
    assert is_cut_short(url, None)


def test_a_url_that_breaks_off_has_no_password() -> None:
    """A host is missing, not a character encoded."""
    assert not is_cut_short("mailto://ann:S3cret", None)
    with pytest.raises(TargetError, match="is a part missing"):
        read("me/1", "mailto://ann:S3cret")


@pytest.mark.parametrize("character", ["@", "/", "#", "?"])
@pytest.mark.parametrize("scheme", ["mailto", "mailtos", "json", "matrix", "rocket", "emby"])
def test_a_password_that_ends_early(scheme: str, character: str) -> None:
    """The word on how to write it, whether Apprise still reads something or not."""
    url = f"{scheme}://ann:S3cr{character}et@mail.example.com/room"
    try:
        target = Target("me/1", Secret(url))
    except TargetError as error:
        told = str(error)
    else:
        (told,) = target.doubts()
    assert "%40 for @, %2F for /, %23 for #, %3F for ?" in told
    assert "S3cr" not in told
    encoded = url.replace(f"cr{character}et", f"cr%{ord(character):02X}et")
    _, plugin, *_ = read("me/1", encoded)
    assert not is_cut_short(encoded, plugin)


def test_no_password_is_missed_where_there_is_none() -> None:
    """Of every plugin: tokens, chats and recipients have characters of their own."""
    for service, url in URLS.items():
        assert not is_cut_short(url, read("me/1", url)[1]), service


@pytest.mark.parametrize(
    "url",
    [
        "mailtos://ann:pass@smtp.example.com:465?to=bob@example.com",
        "json://127.0.0.1:8080/@x",
        "tgram://123456789:abcdefg_hijklmnop/@news",
        "matrix://ann:pass@example.com/#room/@bob",
        "rocket://ann:pass@example.com/#news/@bob",
    ],
)
def test_what_looks_like_one(url: str) -> None:
    """And is none."""
    assert not is_cut_short(url, read("me/1", url)[1])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://h:99999/x", "the port of its json:// URL is not 1 to 65535"),
        ("json://h/x?method=banana", "its parameter method can't be what it is: it takes POST"),
        ("json://a, json://b", "more than one URL"),
    ],
)
def test_other_reasons(url: str, said: str) -> None:
    """What can't be used, and why."""
    with pytest.raises(TargetError, match=said):
        read("me/1", url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("whapi://0123456789abcdef", "this whapi:// URL tells nobody: it needs a recipient"),
        ("kook://" + TOKEN, "this kook:// URL tells nobody: it needs a recipient"),
        (
            "whapi://0123456789abcdef/@",
            "this whapi:// URL tells nobody: those that it has can't be used",
        ),
        (
            "infobip://0123456789abcdef@abc.api.infobip.com/Sender/15557654321",
            "1 recipient of this infobip:// URL can't be used, and is not told",
        ),
        ("opsgenie://0123456789abcdef?action=map", "sends nothing of severity info"),
    ],
)
def test_who_is_not_told(url: str, said: str) -> None:
    """A URL without a recipient, or with some that are none, is taken by Apprise."""
    told = "; ".join(Target("me/1", Secret(url)).doubts())
    assert said in told
    assert "0123456789" not in told


def test_every_service_is_told() -> None:
    """No doubt about a URL that is right, of every plugin."""
    for service, url in URLS.items():
        assert Target("me/1", Secret(url)).doubts() == [], service
