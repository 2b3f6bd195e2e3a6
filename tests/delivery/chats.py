"""Chat services on loopback that hold messages to their documented rules, and keep what came.

What a service would refuse is answered as it would: the message is dead then, and a test fails.
"""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.fakes.sink import Secret
from watcher.delivery.apprise.target import Target

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
_TELEGRAM_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "blockquote", "tg-spoiler"}


@dataclass
class Chats:
    """What came: ``texts`` as (kind, payload) and ``pictures``, in the order of arrival.

    ``refuse`` has parts of paths that are answered 403, as where a right is missing;
    ``refuse_files`` is the right to send files. With ``trouble`` files are answered 503.
    """

    port: int = 0
    tls_port: int = 0
    refuse: tuple[str, ...] = ()
    refuse_files: bool = False
    trouble: bool = False
    texts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def target(self, name: str) -> Target:
        """A target of this service whose plugin is pointed here."""
        url, attribute, base = _CASES[name]
        port = str(self.tls_port if name == "teams" else self.port)
        target = Target(f"{name}/1", Secret(url.replace("PORT", port)))
        target.plugin.request_rate_per_sec = 0
        if attribute:
            setattr(target.plugin, attribute, f"http://127.0.0.1:{port}{base}")
        return target

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        is_file = request.content_type.startswith("multipart")
        if (is_file and self.refuse_files) or any(part in request.path for part in self.refuse):
            return web.Response(status=403)
        if is_file and self.trouble:
            return web.Response(status=503)
        kind = request.path.split("/")[1]
        answer: web.StreamResponse = await getattr(self, f"answer_{kind}")(request)
        return answer

    async def answer_slack(self, request: web.Request) -> web.Response:
        payload = await request.json()
        self._slack_text(payload)
        return web.Response(text="ok")

    def _slack_text(self, payload: dict[str, Any]) -> None:
        (attachment,) = payload["attachments"]
        assert len(attachment["text"]) <= 40_000
        self.texts.append(("slack", payload))

    async def answer_slackapi(self, request: web.Request) -> web.Response:
        method = request.path.split("/")[2]
        if method == "chat.postMessage":
            self._slack_text(await request.json())
            return web.json_response({"ok": True, "channel": "C1"})
        if method == "files.getUploadURLExternal":
            assert request.query["length"] == str(len(PNG))
            url = f"http://127.0.0.1:{self.port}/slackapi/upload"
            return web.json_response({"ok": True, "file_id": "F1", "upload_url": url})
        if method == "upload":
            await self._parts(request)
            return web.Response(text=f"OK - {len(PNG)}")
        assert method == "files.completeUploadExternal"
        return web.json_response({"ok": True, "files": [{"id": "F1"}]})

    async def answer_discord(self, request: web.Request) -> web.Response:
        if request.content_type.startswith("multipart"):
            await self._parts(request)
            return web.Response(status=204)
        payload = await request.json()
        # JavaScript's length, in UTF-16.
        if not 0 < _units(payload["content"]) <= 2_000:
            return web.json_response({"code": 50035}, status=400)
        self.texts.append(("discord", payload))
        return web.Response(status=204)

    async def answer_telegram(self, request: web.Request) -> web.Response:
        if request.content_type.startswith("multipart"):
            fields = await self._parts(request)
            longest, text = 1_024, fields.get("caption", "")
            if text:
                self.texts.append(("telegram", {"text": text, **fields}))
        else:
            payload = await request.json()
            longest, text = 4_096, payload["text"]
            self.texts.append(("telegram", payload))
        seen = TelegramText(text)
        if seen.wrong or _units(seen.text) > longest:
            return web.json_response({"ok": False, "description": "can't parse"}, status=400)
        return web.json_response({"ok": True, "result": {}})

    async def answer_ntfy(self, request: web.Request) -> web.Response:
        # A proxy before it takes request lines of 8 kB by default.
        if len(str(request.raw_path)) > 8_000:
            return web.Response(status=414)
        content = await request.read()
        if content == PNG:
            self.pictures.append(content)
            payload = dict(request.query)
        else:
            payload = await request.json()
        assert len(payload["message"].encode()) <= 4_096, "it would become a file"
        self.texts.append(("ntfy", payload))
        return web.json_response({"id": "x"})

    async def answer_teams(self, request: web.Request) -> web.Response:
        content = await request.read()
        if len(content) > 28_000:
            return web.Response(status=413)
        self.texts.append(("teams", await request.json()))
        return web.Response(status=202)

    async def answer_mattermost(self, request: web.Request) -> web.Response:
        payload = await request.json()
        assert len(payload["text"]) <= 16_383
        self.texts.append(("mattermost", payload))
        return web.Response(text="ok")

    async def answer_json(self, request: web.Request) -> web.Response:
        self.texts.append(("json", await request.json()))
        return web.Response(text="ok")

    async def _parts(self, request: web.Request) -> dict[str, str]:
        fields: dict[str, str] = {}
        async for part in await request.multipart():
            content = await part.read(decode=False)  # type: ignore[union-attr]
            if getattr(part, "filename", None):
                self.pictures.append(bytes(content))
            else:
                fields[str(part.name)] = content.decode()  # type: ignore[union-attr]
        return fields


_CASES = {
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "webhook_url", "/slack"),
    "slack-bot": (
        "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#general",
        "api_url",
        "/slackapi/{}",
    ),
    "discord": ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "notify_url", "/discord"),
    "telegram": ("tgram://123456789:abcdefg_hijklmnop/12315544", "notify_url", "/telegram/bot"),
    "ntfy": ("ntfy://127.0.0.1:PORT/ntfy", "", ""),
    "mattermost": (
        "mmost://127.0.0.1:PORT/mattermost/3ccdd113474722377935511fc85d3dd4",
        "",
        "",
    ),
    "json": ("json://127.0.0.1:PORT/json", "", ""),
    "teams": (
        "workflows://127.0.0.1:PORT/643e69f83c8944438d68119179a10a64/sig?verify=no",
        "",
        "",
    ),
}
SERVICES = tuple(_CASES)


class TelegramText(HTMLParser):
    """What Telegram shows of HTML; ``wrong`` says why it would refuse it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.wrong, self._open = "", "", list[str]()
        self.feed(html)
        self.close()
        if self._open:
            self.wrong = f"{self._open[-1]} is left open"

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self._open.append(tag)
        if tag not in _TELEGRAM_TAGS:
            self.wrong = f"unsupported start tag {tag}"

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong = f"unexpected end tag {tag}"

    def handle_data(self, data: str) -> None:
        self.text += data


@asynccontextmanager
async def chatting(folder: Path) -> AsyncIterator[Chats]:
    """All of them on two free ports, one with TLS by a certificate made in ``folder``."""
    chats = Chats()
    app = web.Application()
    app.router.add_route("*", "/workflows/{path:.*}", chats.answer_teams)
    app.router.add_route("POST", "/", chats.answer_ntfy)  # it publishes JSON at its root
    app.router.add_route("*", "/{path:.*}", chats.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, max_line_size=64_000)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_certified(folder)).start()
        chats.port, chats.tls_port = (address[1] for address in runner.addresses)
        yield chats
    finally:
        await runner.cleanup()


def _certified(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        [*command.split(), "-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
