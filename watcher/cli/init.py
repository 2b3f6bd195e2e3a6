"""``watcher init``: a commented rule file to begin with."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from watcher.cli.options import rules_option
from watcher.errors import WatcherError


@click.command()
@rules_option
def command(rules: Path) -> None:
    """Write a commented rule file to begin with; never over one that is there."""
    text = resources.files("watcher.cli").joinpath("rules.init.yaml").read_text("utf-8")
    try:
        with rules.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WatcherError(f"{rules} is there already; name another file with --rules") from None
    except OSError as error:
        raise WatcherError(f"{rules}: can't be written: {error.strerror}") from None
    click.echo(f"Wrote {rules}. Next:")
    click.echo("  1. put your key into the environment: export KEYAPI_KEY=...")
    click.echo("  2. write where alerts go into its channels: section")
    click.echo(f"  3. watcher check --rules {rules}     what it will read, and what that costs")
    click.echo(f"  4. watcher once --dry-run --rules {rules}     what would fire now")
    click.echo(f"  5. watcher run --rules {rules}")
