"""A small client of the language server protocol, over stdio: what an editor asks and is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER = Path(__file__).parent / "node_modules/yaml-language-server/bin/yaml-language-server"
CURSOR = "§"
NEEDED = 30.0  # seconds at most for an answer
_SETTINGS = {
    "yaml": {
        "validate": True,
        "completion": True,
        "hover": True,
        "schemaStore": {"enable": False},  # nothing is fetched
    }
}


def why_not() -> str:
    """Why the server can't be started here; empty where it can."""
    if shutil.which("node") is None:
        return "needs node (Debian: nodejs)"
    if not SERVER.exists():
        return "needs the YAML language server: npm ci --prefix tests/editor"
    return ""


@dataclass(frozen=True)
class Offer:
    """One completion: what the list shows, what is put in, and what is said about it."""

    label: str
    inserted: str
    documentation: str


@dataclass
class Editor:
    """An editor with one server. Files need not be on the disk; their folder is that of schemas."""

    folder: Path
    process: asyncio.subprocess.Process
    _number: int = 0
    _opened: int = 0
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _troubles: dict[str, asyncio.Future[list[dict[str, Any]]]] = field(default_factory=dict)

    async def troubles(self, text: str) -> list[str]:
        """What the server finds wrong with a file: ``LINE: message``, lines from 1."""
        async with asyncio.timeout(NEEDED):
            found = await self._troubles[await self._open(text)]
        return [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in found]

    async def offers(self, text: str) -> dict[str, Offer]:
        """What is offered where ``§`` stands in the text, by label."""
        answer = await self._ask_at("textDocument/completion", text)
        items = answer["items"] if isinstance(answer, dict) else answer or []
        offers = [
            Offer(
                item["label"],
                item.get("textEdit", {}).get("newText", item.get("insertText", "")),
                _plain(item.get("documentation")),
            )
            for item in items
        ]
        return {offer.label: offer for offer in offers}

    async def hover(self, text: str) -> str:
        """What is said about the word before which ``§`` stands in the text; Markdown."""
        answer = await self._ask_at("textDocument/hover", text)
        return _plain(answer["contents"]) if answer else ""

    async def _ask_at(self, method: str, text: str) -> Any:
        before, after = text.split(CURSOR)
        uri = await self._open(before + after)
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return await self._ask(method, {"textDocument": {"uri": uri}, "position": place})

    async def _open(self, text: str) -> str:
        self._opened += 1
        uri = (self.folder / f"rules-{self._opened}.yaml").as_uri()
        self._troubles[uri] = asyncio.get_running_loop().create_future()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        await self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    async def _ask(self, method: str, params: object) -> Any:
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._send({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(NEEDED):
            return await answer

    async def _tell(self, method: str, params: object) -> None:
        await self._send({"method": method, "params": params})

    async def _send(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        await self.process.stdin.drain()

    async def begin(self) -> None:
        """The greeting; returns once the server knows the settings."""
        root = self.folder.as_uri()
        client = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
        }
        folders = [{"uri": root, "name": "rules"}]
        await self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root,
                "workspaceFolders": folders,
                "capabilities": client,
            },
        )
        await self._tell("initialized", {})
        await self._tell("workspace/didChangeConfiguration", {"settings": _SETTINGS})

    async def listen(self) -> None:
        """Take what the server says, until it ends."""
        assert self.process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                header = await self.process.stdout.readuntil(b"\r\n\r\n")
                length = int(header.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await self._take(json.loads(await self.process.stdout.readexactly(length)))

    async def _take(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None and number is not None:
            self._answers.pop(int(number)).set_result(message.get("result"))
        elif method == "workspace/configuration":
            asked = message["params"]["items"]
            known = [_SETTINGS.get(one.get("section", "")) for one in asked]
            await self._send({"id": number, "result": known})
        elif number is not None:
            await self._send({"id": number, "result": None})
        elif method == "textDocument/publishDiagnostics":
            told = self._troubles.get(message["params"]["uri"])
            if told is not None and not told.done():
                told.set_result(message["params"]["diagnostics"])


@contextlib.asynccontextmanager
async def editing(folder: Path) -> AsyncIterator[Editor]:
    """An editor whose files lie in ``folder``; its server ends with the block."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(SERVER),
        "--stdio",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    editor = Editor(folder, process)
    listening = asyncio.create_task(editor.listen())
    try:
        await editor.begin()
        yield editor
    finally:
        process.kill()
        await process.wait()
        await listening


def _plain(said: Any) -> str:
    return said.get("value", "") if isinstance(said, dict) else str(said or "")
