"""Options that name the page; in a file of their own, for ``watcher health`` loads little else."""

from __future__ import annotations

from pathlib import Path

import click

listen_option = click.option(
    "--listen",
    envvar="WATCHER_LISTEN",
    default="127.0.0.1:8787",
    show_envvar=True,
    help="Address of the web page, or off.",
)
token_option = click.option(
    "--web-token-file",
    type=click.Path(path_type=Path),
    envvar="WATCHER_WEB_TOKEN_FILE",
    show_envvar=True,
    help="A file with the token that the page asks for; an address other than loopback needs one.",
)
page_url_option = click.option(
    "--page-url",
    metavar="URL",
    envvar="WATCHER_PAGE_URL",
    show_envvar=True,
    help="Where visitors find the page, if a proxy stands before it: its name and path.",
)
