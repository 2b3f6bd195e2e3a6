"""China's messengers on loopback: each holds a request to its documented rules, and keeps it.

What a service would refuse is answered as it would: in an answer of HTTP 200, with its own code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.fakes.sink import Secret
from watcher.delivery.apprise.target import Target

TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "SEC0123456789abcdef"
_COLOURS = {"blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet",
            "purple", "indigo", "grey", "default"}  # fmt: skip


@dataclass(frozen=True)
class Came:
    """One request that was taken: its size in bytes, what it says, and that as a title and a text;
    ``size`` is of what the service limits."""

    request: int
    payload: dict[str, Any]
    title: str
    text: str
    size: int


@dataclass
class Messengers:
    """What came, by service, and the words of refusals."""

    port: int = 0
    came: dict[str, list[Came]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def target(self, service: str, more: str = "") -> Target:
        """A target of a service whose plugin is pointed here."""
        url, attribute, path = CASES[service]
        target = Target(f"{service}/1", Secret(url.replace("PORT", str(self.port)) + more))
        target.plugin.request_rate_per_sec = 0
        if attribute:
            setattr(target.plugin, attribute, f"http://127.0.0.1:{self.port}{path}")
        return target

    async def answer(self, request: web.Request) -> web.Response:
        """One that is taken or refused, by the rules of the service in its path."""
        service, content = request.path.split("/")[1], await request.read()
        try:
            came = await getattr(self, f"_{service}")(request, content)
        except Refused as refusal:
            self.refused.append(str(refusal.answer))
            return web.json_response(refusal.answer, status=refusal.status)
        self.came.setdefault(service, []).append(came)
        return web.json_response(_TAKEN[service])

    async def _dingtalk(self, request: web.Request, content: bytes) -> Came:
        if len(content) > 20_000:
            _refuse(errcode=460101, errmsg="message too long, exceed 20000 bytes")
        if "sign" in request.query:
            stamp = request.query["timestamp"]
            signed = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256)
            if unquote(request.query["sign"]) != base64.b64encode(signed.digest()).decode():
                _refuse(errcode=310000, errmsg="sign not match")
        payload = _read(content, {"errcode": 40035, "errmsg": "不合法的参数"})
        assert payload["at"]["isAtAll"] is False
        if payload["msgtype"] == "text":
            return _came(content, payload, "", payload["text"]["content"], len(content))
        told = payload["markdown"]
        if payload["msgtype"] != "markdown" or not told["title"].strip() or not told["text"]:
            _refuse(errcode=40035, errmsg="缺少参数 markdown")
        return _came(content, payload, told["title"], told["text"], len(content))

    async def _wecombot(self, request: web.Request, content: bytes) -> Came:
        assert request.query["key"] == "0123-45"
        payload = _read(content, {"errcode": 40008, "errmsg": "invalid message type"})
        kind = payload["msgtype"]
        most = {"text": 2_048, "markdown": 4_096}.get(kind)
        if most is None or set(payload) != {"msgtype", kind}:
            _refuse(errcode=40008, errmsg="invalid message type")
        text = payload[kind]["content"]
        if not 0 < len(text.encode()) <= (most or 0):
            _refuse(errcode=40058, errmsg=f"{kind}.content exceed max length {most}")
        return _came(content, payload, "", text, len(text.encode()))

    async def _feishu(self, _request: web.Request, content: bytes) -> Came:
        bad = {"code": 9499, "msg": "Bad Request", "data": {}}
        payload = _read(content, bad)
        if len(content) > 20_000:
            _refuse(**bad)
        if payload["msg_type"] == "text":
            return _came(content, payload, "", payload["content"]["text"], len(content))
        if set(payload) != {"msg_type", "card"} or payload["msg_type"] != "interactive":
            _refuse(**bad)
        card = payload["card"]
        head, parts = card["header"], card["elements"]
        if head["template"] not in _COLOURS or head["title"]["tag"] != "plain_text":
            _refuse(code=11246, msg="invalid header")
        for part in parts:
            if part != {"tag": "hr"} and (part["tag"] != "markdown" or not part["content"]):
                _refuse(code=11246, msg=f"invalid element {part}")
            if "---" in part.get("content", "").splitlines():
                _refuse(code=11246, msg="a rule within an element")
            if "<at " in part.get("content", ""):
                _refuse(code=11247, msg="no permission to mention everyone")
        text = "\n---\n".join(part.get("content", "") for part in parts if part["tag"] != "hr")
        return _came(content, payload, head["title"]["content"], text, len(content))

    _lark = _feishu

    async def _schan(self, request: web.Request, content: bytes) -> Came:
        form = {name: str(value) for name, value in (await request.post()).items()}
        size = len(form["desp"].encode())
        if not 0 < len(form["title"]) <= 32 or size > 32 * 1024:
            _refuse(code=40001, message="title or desp is too long", data={})
        return _came(content, form, form["title"], form["desp"], size)

    async def _pushplus(self, _request: web.Request, content: bytes) -> Came:
        payload = _read(content, {"code": 905, "msg": "请求参数异常"})
        text, title = payload["content"], payload["title"]
        if payload["template"] not in ("html", "txt", "markdown") or len(title) > 100:
            _refuse(code=905, msg="请求参数异常", data="")
        if not text or len(text) > 20_000:
            _refuse(code=905, msg="内容过长", data="")
        return _came(content, payload, title, text, len(text))

    async def _bark(self, _request: web.Request, content: bytes) -> Came:
        """Its server makes a notification of Apple's of it, as Go writes JSON."""
        payload = _read(content, {"code": 400, "message": "request bind failed"})
        more = {name: value for name, value in payload.items()
                if name not in ("device_key", "title", "body")}  # fmt: skip
        alert = {"title": payload["title"], "body": payload.get("body", "NoContent")}
        aps = {"alert": alert, "category": "myNotificationCategory", "mutable-content": 1,
               "sound": "1107"}  # fmt: skip
        pushed = json.dumps({"aps": aps, **more}, ensure_ascii=False, separators=(",", ":"))
        size = len(pushed.encode()) + 5 * sum(map(pushed.count, "<>&"))
        if size > 4_096:
            answer = {"code": 500, "message": "push failed: APNS push failed: PayloadTooLarge"}
            raise Refused(answer, 500)
        text = payload.get("markdown") or payload["body"]
        return _came(content, payload, payload["title"], text, size)


class Refused(Exception):
    """A service's answer of a message that it does not take."""

    def __init__(self, answer: dict[str, Any], status: int = 200) -> None:
        super().__init__(answer)
        self.answer, self.status = answer, status


def _refuse(**answer: Any) -> None:
    raise Refused(answer)


def _read(content: bytes, bad: dict[str, Any]) -> dict[str, Any]:
    """A request's JSON, which is UTF-8; each service refuses what is not."""
    try:
        payload = json.loads(content.decode("utf-8"))
    except ValueError:
        raise Refused(bad) from None
    assert isinstance(payload, dict)
    return payload


def _came(content: bytes, payload: dict[str, Any], title: str, text: str, size: int) -> Came:
    return Came(len(content), payload, title, text, size)


_TAKEN = {
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "wecombot": {"errcode": 0, "errmsg": "ok"},
    "feishu": {"code": 0, "data": {}, "msg": "success"},
    "lark": {"code": 0, "data": {}, "msg": "success"},
    "schan": {"code": 0, "message": "", "data": {"errno": 0, "error": "SUCCESS"}},
    "pushplus": {"code": 200, "msg": "请求成功", "data": "x"},
    "bark": {"code": 200, "message": "success"},
}
# The most of each, in what ``Came.size`` counts.
LIMITS = {
    "dingtalk": 20_000, "wecombot": 4_096, "feishu": 20_000, "lark": 20_000, "schan": 32_768,
    "pushplus": 20_000, "bark": 4_096,
}  # fmt: skip
# URL, the attribute that has the service's address, and the path here.
CASES = {
    "dingtalk": (f"dingtalk://{SECRET}@{TOKEN}/", "notify_url", "/dingtalk?access_token={token}"),
    "wecombot": ("wecombot://0123-45/", "api_url", "/wecombot?key=0123-45"),
    "feishu": (f"feishu://{TOKEN}/", "notify_url", "/feishu/{token}"),
    "lark": (f"lark://{TOKEN}/", "webhook_url", "/lark/x"),
    "schan": ("schan://SCT012345t0123456789abcdef", "notify_url", "/schan/{token}.send"),
    "pushplus": (f"pushplus://{TOKEN}/", "notify_url", "/pushplus"),
    "bark": ("bark://127.0.0.1:PORT/devicekey1234/", "notify_url", "/bark/push"),
}
SERVICES = tuple(CASES)


@asynccontextmanager
async def serving() -> AsyncIterator[Messengers]:
    """All of them on one free port."""
    messengers = Messengers()
    app = web.Application(client_max_size=1 << 22)
    app.router.add_route("POST", "/{path:.*}", messengers.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        messengers.port = runner.addresses[0][1]
        yield messengers
    finally:
        await runner.cleanup()
