"""A real server on loopback that answers for the source's other endpoints as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from watcher.source.endpoints import (
    CATEGORIES,
    COVERS,
    PRODUCT_DETAIL,
    PRODUCT_TRENDS,
    SHOP_PRODUCTS,
)

KEY = "sibling-key-123456"
ID, SELLER = "1729873073559015752", "7495981769829615944"
BARE = "https://collector.example/origin/a.jpg"
SIGNED = "https://cdn.example/a.jpg?sign=1"
GOOD: Mapping[str, object] = {
    SHOP_PRODUCTS.path: [{"product_id": ID, "seller_id": SELLER}],
    PRODUCT_DETAIL.path: [{"product_id": ID, "seller_id": SELLER}],
    PRODUCT_TRENDS.path: [{"dt": "2026-01-01", "total_sale_1d_cnt": 5}],
    CATEGORIES.path: [{"category_id": "601450", "category_name": "Beauty"}],
    COVERS.path: {BARE: SIGNED},
}


@dataclass
class Siblings:
    """Answers by path; what is asked otherwise gets 404. ``asked`` are paths with their queries."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def refuse(self, path: str, status: int, message: str) -> None:
        """Answer so."""
        self.answers[path] = status, {"code": status, "message": message, "data": None}

    def give(self, path: str, data: object, code: int = 0, message: str = "success") -> None:
        """Answer with that."""
        self.answers[path] = 200, {"code": code, "message": message, "data": data}


@contextmanager
def serving() -> Iterator[Siblings]:
    """A server whose every endpoint works."""
    siblings = Siblings()
    for path, data in GOOD.items():
        siblings.give(path, data)

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            siblings.asked.append((parts.path, dict(parse_qsl(parts.query))))
            siblings.keys.add(self.headers.get("Authorization", ""))
            missing = 404, {"code": 404, "message": "no such path"}
            status, answer = siblings.answers.get(parts.path, missing)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is the command's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    siblings.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield siblings
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
