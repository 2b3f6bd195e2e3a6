"""A program of somebody else's: takes what is posted if it is what the schema file says.

python -S -I tests/delivery/receiver.py SCHEMA   # prints its port

It knows nothing of watcher: JSON Schema's library for Python and an HTTP server. Without a path
that ends in /lax it wants a JSON body alone, valid, with its content type.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

SCHEMA = json.loads(Path(sys.argv[1]).read_text("utf-8"))
Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


class Receiver(BaseHTTPRequestHandler):
    """Answers 200 to a valid document, else 400 with the place and the fault."""

    def do_POST(self) -> None:
        """Take a document."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.verdict(body)
        self.send_response(400 if answer else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"error": answer}).encode() if answer else b"")

    def verdict(self, body: bytes) -> str:
        """What is wrong with it; nothing of what is valid."""
        if self.headers["Content-Type"] != "application/json":
            return "not application/json"
        found = json.loads(body, parse_constant=sys.exit)
        errors = sorted(VALIDATOR.iter_errors(found), key=lambda each: len(each.path))
        return "; ".join(f"{each.json_path}: {each.message[:200]}" for each in errors[:3])

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()
