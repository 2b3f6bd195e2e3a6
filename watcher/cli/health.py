"""``watcher health``: asks a running daemon whether it is well; for containers and cron."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from watcher.cli import options
from watcher.errors import WatcherError
from watcher.text.sanitize import plain_lines
from watcher.web.address import parse_address, read_token

_SECONDS = 10  # the daemon itself gives its parts five
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked for, not bound
_LONGEST = 4_000


@click.command()
@options.listen
@options.web_token_file
@options.quiet
def command(*, listen: str, web_token_file: Path | None, quiet: bool) -> None:
    """Ask the daemon at --listen whether every part of it works; exit code 1 where not."""
    if listen == "off":
        raise WatcherError("with --listen off nobody can be asked; `systemctl status` knows")
    token = read_token(web_token_file) if web_token_file is not None else ""
    host, port = parse_address(listen, guarded=True)
    status, text = _ask(_EVERYWHERE.get(host, host), port, token)
    if status != 200:
        raise WatcherError(f"{listen} answers {status}: {text}")
    if not quiet:
        click.echo(plain_lines(text))


def _ask(host: str, port: int, token: str) -> tuple[int, str]:
    """Status and text of ``/healthz``; ``WatcherError`` where there is no answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection = HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/healthz", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST).decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or "it broke off"
        raise WatcherError(f"{host}:{port} gives no answer: {why}; does the daemon run?") from None
    finally:
        connection.close()
