"""``watcher completion``: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from watcher.errors import WatcherError

VARIABLE = "_WATCHER_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that teaches the shell to complete commands, options and your names.

    The names of rules, channels and metrics are those of --rules, WATCHER_RULES or rules.yaml.

    \b
      bash:  echo 'eval "$(watcher completion bash)"' >> ~/.bashrc
      zsh:   echo 'eval "$(watcher completion zsh)"' >> ~/.zshrc      (after compinit)
      fish:  watcher completion fish > ~/.config/fish/completions/watcher.fish
    """
    complete = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if complete is None:
        raise WatcherError(f"there is no completion for {shell} here")
    click.echo(complete(root, {}, "watcher", VARIABLE).source())
