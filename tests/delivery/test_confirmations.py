"""What services answer decides: every service of Apprise's, by its real plugin on a real server."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
import pytest_asyncio
from aiohttp import web

from tests.delivery.answers import cases
from tests.delivery.plugins import ABSENT, URLS, lead_here, plugins, target
from tests.delivery.sending import PLAIN
from tests.fakes.sink import Secret, on_loopback
from watcher.delivery.apprise.confirming import Word, read
from watcher.delivery.apprise.target import Target
from watcher.delivery.rendered import OutcomeKind, Rendered, SendOutcome
from watcher.delivery.services import PROFILES, ROWS

_KINDS = {"+": OutcomeKind.SENT, "-": OutcomeKind.DEAD, "~": OutcomeKind.RETRY}
_CASES = [case for case in cases() if case.service in URLS]


class Answering:
    """A server that gives every request one answer."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, "", dict[str, str]()
        self.requests = list[str]()
        self.port = 0
        self.next_body: Callable[[], str] | None = None
        self.next_status: Callable[[], int] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request.headers.get("X-For", str(request.url)))
        body = self.body if self.next_body is None else self.next_body()
        status = self.status if self.next_status is None else self.next_status()
        return web.Response(status=status, text=body, headers=self.headers)


def target_of(url: str) -> Target:
    """A target that keeps no pause between its requests."""
    made = Target("chat/1", Secret(url))
    made.plugin.request_rate_per_sec = 0
    return made


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Answering]:
    """Where every request of Apprise ends."""
    server = Answering()
    async with on_loopback(server.answer) as server.port:
        lead_here(monkeypatch, server.port)
        yield server


def test_every_plugin_is_in_the_table() -> None:
    """Each in one part of it, those that can't run here too; and none that Apprise has not."""
    assert Counter(row.name for row in ROWS) == Counter(plugins(disabled=True).keys())


def test_every_plugin_has_a_url_to_test_with() -> None:
    """Of those that can run here."""
    assert set(URLS) | ABSENT == set(plugins())


def test_every_row_has_answers() -> None:
    """One that it takes and one that it refuses, and one for each row that names passing codes."""
    by_service: dict[str, set[str]] = {}
    for case in cases():
        by_service.setdefault(case.service, set()).add(case.sign)
    for name, row in PROFILES.items():
        if name in URLS and row.fields:
            assert by_service.get(name, set()) >= {"+", "-"}, name
            if row.passing and name not in ("msgbird", "telnyx"):
                assert "~" in by_service[name], name


async def test_the_services_word_decides(server: Answering) -> None:
    """Taken, refused for good or for now; with its reason, and nothing that says so kept."""
    for case in _CASES:
        server.body = case.body
        server.requests.clear()
        outcome = await target(case.service).send(PLAIN)
        assert outcome.kind is _KINDS[case.sign], (case, outcome.detail)
        assert case.told in outcome.detail.replace("\u200b", ""), case
        assert server.requests, case
        if case.sign != "+":
            assert not outcome.taken, case


# Not over HTTP, or with others in front: their own tests, or none.
_BY_HTTP = sorted({each for each in URLS if PROFILES[each].over_http} - {"blink1", "jellyfin"})


async def test_who_is_asked_to_wait_is_not_asked_again(server: Answering) -> None:
    """Of all plugins: what was answered 429 the courier's queue repeats, none of them itself."""
    server.status, server.headers = 429, {"Retry-After": "77"}
    server.body = '{"error": {}, "retry_after_ms": 5}'
    for service in _BY_HTTP:
        server.requests.clear()
        outcome = await target(service).send(PLAIN)
        assert (outcome.kind, outcome.retry_after) == (OutcomeKind.RETRY, 77.0), (
            service,
            outcome.detail,
        )
        assert len(server.requests) == 1, service


async def test_a_429_of_one_recipient_leaves_the_others_to_the_next_try(server: Answering) -> None:
    """The bot is asked to wait, not the chat; who has the message does not get it again."""
    server.status, server.body = 429, '{"ok": false, "parameters": {"retry_after": 7}}'
    telegram = target_of("tgram://123456789:abcdefg_hijklmnop/111111/222222")
    outcome = await telegram.send(PLAIN)
    assert (outcome.kind, outcome.retry_after, len(server.requests)) == (OutcomeKind.RETRY, 7.0, 1)
    server.status, server.body = 200, '{"ok": true}'
    assert (await telegram.send(PLAIN, taken=outcome.taken)).kind is OutcomeKind.SENT
    assert len(server.requests) == 3


async def test_a_long_wait_is_the_couriers(server: Answering) -> None:
    """Where the service says that its quota is used up, the try ends, and sleeps no thread."""
    server.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    discord = target("discord")
    assert (await discord.send(PLAIN)).kind is OutcomeKind.SENT
    outcome = await discord.send(PLAIN)
    assert (outcome.kind, outcome.retry_after) == (OutcomeKind.RETRY, 900.0)
    assert outcome.detail == "discord asks to wait"
    assert len(server.requests) == 1


async def test_telegrams_reasons(server: Answering) -> None:
    """That a chat is not there, and the new number of a group that was made larger."""
    server.status = 400
    server.body = '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
    assert await target("tgram").send(PLAIN) == SendOutcome(
        OutcomeKind.DEAD, "tgram: HTTP 400 Bad Request: chat not found"
    )
    server.body = (
        '{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a'
        ' supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890}}'
    )
    outcome = await target("tgram").send(PLAIN)
    assert outcome.kind is OutcomeKind.DEAD
    assert outcome.detail.endswith(
        "upgraded to a supergroup chat; the chat has a new id, write it into the URL:"
        " -1001234567890"
    )


@pytest.mark.parametrize(
    ("service", "status", "body", "said", "kind"),
    [
        (
            "discord",
            404,
            '{"message": "Unknown Webhook", "code": 10015}',
            "Unknown Webhook",
            "dead",
        ),
        ("whatsapp", 400, '{"error": {"code": 130429, "message": "hit"}}', "hit", "retry"),
        ("rocket", 400, '{"success":false,"error":"error-too-many-requests"}', "too-many", "retry"),
        ("json", 500, '{"detail": "no disk"}', "no disk", "retry"),
        ("json", 500, "<html>SECRET</html>", "HTTP 500 Internal Server Error", "retry"),
        ("slack", 404, "no_service", "no_service", "dead"),
    ],
)
async def test_the_reason_of_a_status(
    server: Answering, service: str, status: int, body: str, said: str, kind: str
) -> None:
    """Told beside it, where a service gives one; a code that passes outweighs the status."""
    server.status, server.body = status, body
    outcome = await target(service).send(PLAIN)
    assert outcome.kind.value == kind
    assert said in outcome.detail
    assert "SECRET" not in outcome.detail


async def test_a_reason_repeats_no_secret(server: Answering) -> None:
    """Nor does it format, ring or go on without end."""
    token = URLS["dingtalk"].partition("://")[2]
    words = (
        f"no robot {token}, https://oapi.dingtalk.com/robot/send?access_token={token} \\u001b[1m"
    )
    server.body = f'{{"errcode": 300001, "errmsg": "{words} {"x" * 999}"}}'
    detail = (await target("dingtalk").send(PLAIN)).detail
    assert detail.startswith("dingtalk: errcode 300001: no robot ***, https")
    assert token not in detail
    assert "\x1b" not in detail
    assert len(detail) < 400


_ALWAYS = sorted(name for name, row in PROFILES.items() if row.always and not row.checked)


@pytest.mark.parametrize("service", _ALWAYS)
@pytest.mark.parametrize("body", ["", "<html>Please log in to the hotel's network</html>", "[]"])
async def test_what_is_no_answer_of_the_service_took_nothing(
    server: Answering, service: str, body: str
) -> None:
    """A proxy that answers HTTP 200 with a page of its own: it is tried again."""
    server.body = body
    outcome = await target(service).send(PLAIN)
    assert outcome.kind is OutcomeKind.RETRY
    assert "no verdict" in outcome.detail


async def test_one_of_two_recipients_is_refused(server: Answering) -> None:
    """Each is asked, and the one that has the message does not get it again."""
    answers = iter(
        ['{"messages":[{"status":"0"}]}', '{"messages":[{"status":"4","error-text":"no"}]}']
    )
    server.next_body = lambda: next(answers)
    two = target_of("vonage://AC012345:0123456789abcdef@15551231234/15557654321/15557654322")
    outcome = await two.send(PLAIN)
    assert outcome == SendOutcome(
        OutcomeKind.DEAD,
        "vonage: status 4: no; some of its recipients have it",
        taken=outcome.taken,
    )
    server.next_body = lambda: '{"messages":[{"status":"0"}]}'
    assert (await two.send(PLAIN, taken=outcome.taken)).kind is OutcomeKind.SENT
    assert len(server.requests) == 3


@pytest.mark.parametrize("order", [("4", "1"), ("1", "4")])
async def test_one_passes_and_one_is_refused(server: Answering, order: tuple[str, str]) -> None:
    """Only where all are refused for good another try can't help; whichever comes last."""
    codes = iter(order)
    server.next_body = lambda: f'{{"messages":[{{"status":"{next(codes)}"}}]}}'
    two = target_of("vonage://AC012345:0123456789abcdef@15551231234/15557654321/15557654322")
    assert (await two.send(PLAIN)).kind is OutcomeKind.RETRY
    # After an answer that asks to wait nobody else is asked.
    assert len(server.requests) == (1 if order[0] == "1" else 2)


async def test_what_a_plugin_reads_itself_is_left_to_it(server: Answering) -> None:
    """WeCom's application forgets a token that is called expired, and asks for a new one."""
    wecom = target("wechat")
    server.body = '{"errcode": 0, "access_token": "t", "expires_in": 7200}'
    assert (await wecom.send(PLAIN)).kind is OutcomeKind.SENT
    server.body = '{"errcode": 42001, "errmsg": "access_token expired"}'
    assert (await wecom.send(PLAIN)).kind is OutcomeKind.RETRY
    server.body = '{"errcode": 0, "access_token": "new", "expires_in": 7200}'
    assert (await wecom.send(PLAIN)).kind is OutcomeKind.SENT
    asked = [each.partition("?")[0].rpartition("/")[2] for each in server.requests]
    assert asked == ["gettoken", "send", "send", "gettoken", "send"]


async def test_a_success_without_a_request_is_none(server: Answering) -> None:
    """Opsgenie's plugin makes nothing of an info where the URL has it mapped to a note."""
    mapped = target_of("opsgenie://0123456789abcdef?action=map")
    outcome = await mapped.send(Rendered("title", "body", "text", "info"))
    assert outcome == SendOutcome(
        OutcomeKind.DEAD, "opsgenie: nothing was sent: its URL names nobody"
    )
    assert server.requests == []
    server.body = '{"requestId": "x"}'
    again = await mapped.send(Rendered("title", "body", "text", "critical"), taken=outcome.taken)
    assert (again.kind, len(server.requests)) == (OutcomeKind.SENT, 1)


async def test_whoever_has_it_already_needs_no_request(server: Answering) -> None:
    """All of the recipients took it at earlier tries: it is sent."""
    answers = iter(["0", "4"])
    server.next_body = lambda: f'{{"messages":[{{"status":"{next(answers)}"}}]}}'
    two = target_of("vonage://AC012345:0123456789abcdef@15551231234/15557654321/15557654322")
    outcome = await two.send(PLAIN)
    vars(two.plugin)["targets"] = two.plugin.targets[:1]  # type: ignore[attr-defined]
    assert (await two.send(PLAIN, taken=outcome.taken)).kind is OutcomeKind.SENT
    assert len(server.requests) == 2


async def test_one_answers_500_and_one_404(server: Answering) -> None:
    """By their statuses, in the same way."""
    for statuses in ((404, 500), (500, 404), (404, 404)):
        found = iter(statuses)
        server.next_status = partial(next, found)
        two = target_of("vonage://AC012345:0123456789abcdef@15551231234/15557654321/15557654322")
        outcome = await two.send(PLAIN)
        assert outcome.kind is (OutcomeKind.DEAD if statuses == (404, 404) else OutcomeKind.RETRY)


@pytest.mark.parametrize("content", [b"{" * 100_000, b"\xff\xfe", b'{"errcode": {}}', b"null"])
def test_a_hostile_answer_is_read(content: bytes) -> None:
    """Whatever it is: it took nothing."""
    assert read(PROFILES["dingtalk"], 200, content).word in (Word.PASSING, Word.REFUSED)
