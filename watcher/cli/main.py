"""The ``watcher`` command. Commands are imported when they run, so that ``--help`` is quick."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from watcher import __version__
from watcher.cli.streams import ended, forgiving_streams, settle
from watcher.errors import WatcherError
from watcher.importing import (
    end_on_interrupt,
    import_without,
    interrupt_as_usual,
    interrupts_end,
    without_garbage,
)
from watcher.text.sanitize import plain_lines

# In the order of the help page: name, and what it does. A command NAME is the click command
# ``command`` of the module ``watcher.cli.NAME``, with "_" for the import's sake after keywords.
COMMANDS = (
    ("run", "Run the daemon."),
    ("demo", "Run the whole daemon on a simulated market: no key, no network."),
    ("init", "Write a commented rules.yaml to begin with."),
    ("check", "Check the rule files, and say what they will read and cost."),
    ("once", "Scan what is due (or named) now, and print what fires."),
    ("status", "Show watches, rules, credits and the queue."),
    ("page", "Serve the page of the books on a server, without a daemon."),
    ("health", "Ask the running daemon whether it is well."),
    ("alerts", "Show alerts and what became of them."),
    ("product", "Show a product's past, with a plot."),
    ("report", "Print a report as it is now, or when each is told."),
    ("export", "Write the history as CSV, JSON Lines or Parquet, for other programs."),
    ("explain", "Show why a rule fired on a product, did not fire, or was not told."),
    ("backtest", "Show what a rule would have told over the stored history."),
    ("score", "Show what became of what was told: went on, or fell back."),
    ("tune", "Find the threshold of a rule that would have told so many a week."),
    ("test", "Run rule tests: series of values, and the alerts they must lead to."),
    ("follow", "Follow products: ids, or addresses of their pages."),
    ("unfollow", "Follow products no more."),
    ("followed", "List the products that are followed, with their newest values."),
    ("source", "Ask the source's other endpoints whether they are there; read names."),
    ("silence", "Hold back what is told of some rules or products, for a while."),
    ("links", "List or revoke the links of messages, by which who has one may act."),
    ("people", "Say who may open the page, and what each may do there."),
    ("audit", "Show who wrote what, and when."),
    ("channel", "List channels, or send a sample message."),
    ("outbox", "Show messages that wait or are dead; try them again, or give them up."),
    ("rules", "Push rules to a book on a server; show, compare or roll back what was pushed."),
    ("books", "List the books on a server, add or drop one."),
    ("db", "Back up, prune or measure the database."),
    ("metrics", "List all metrics with their meaning."),
    ("schema", "Print the rule file's JSON Schema, for editors."),
    ("completion", "Print a script that completes commands and names in bash, zsh or fish."),
)


# Faults of the machine: no traceback, only the system's word for it.
_OF_THE_MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class Commands(click.Group):
    """The commands by name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in dict(COMMANDS):
            return None
        # Nothing here multiplies matrices: the threads that numpy would start for it cost 30 ms.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with without_garbage():
            if (
                cmd_name == "run"
            ):  # 4 MB of a daemon, for tracebacks in colours that it never prints
                import_without("structlog", "rich", "greenlet")
            module = importlib.import_module(f"watcher.cli.{cmd_name}")
        interrupt_as_usual()
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in dict(COMMANDS) and not args[0].startswith("-"):
            from watcher.words import nearest  # noqa: PLC0415 - not for each start

            ctx.fail(f'No such command "{args[0]}"{nearest(args[0], [*dict(COMMANDS)])}')
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands by name, without importing any."""
        found = [CompletionItem(name, help=what) for name, what in COMMANDS]
        found = [each for each in found if each.value.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS))


_SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True}


@click.group(cls=Commands, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="watcher")
def cli() -> None:
    """Alerts about TikTok Shop products that take off, from rules that you write."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 good, 1 the input or the work failed, 2 wrong usage."""
    settle()
    forgiving_streams()
    if "_WATCHER_COMPLETE" in os.environ:  # what is said would stand in what is being typed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    guarded = interrupts_end()
    code = _run(arguments)
    if guarded:  # Python's own end is as long as an import
        end_on_interrupt()
    sys.exit(ended(code))


def _run(arguments: Sequence[str] | None) -> int:
    """The exit code; what went wrong was said."""
    try:
        code = cli.main(args=arguments, prog_name="watcher", standalone_mode=False)
    except SystemExit as end:
        code = end.code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except WatcherError as error:
        _complain(error)
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it is, no secret is shown
        from watcher.cli import journal  # noqa: PLC0415 - not for each --help

        said = _said_of(error)
        print(journal.as_error(said) if journal.is_read() else said, file=sys.stderr)  # noqa: T201
        return 1
    return code if isinstance(code, int) else 0


def _complain(error: WatcherError) -> None:
    """Say what the user can mend: a journal is told that it is an error, a terminal has it wrapped
    where it is narrower."""
    from watcher.cli import journal  # noqa: PLC0415 - not for each --help
    from watcher.cli.output import console  # noqa: PLC0415
    from watcher.redaction import log_redaction  # noqa: PLC0415

    said = log_redaction(str(error))
    if journal.is_read():
        print(journal.as_error(plain_lines(said)), file=sys.stderr)  # noqa: T201
    else:
        console(stderr=True).say(said)


def _said_of(error: Exception) -> str:
    """A line on what the machine lacks; the traceback of a programming error."""
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return ": ".join(map(str, filter(None, (error.filename, error.strerror))))
    from watcher.redaction import log_redaction  # noqa: PLC0415 - not for each --help

    return plain_lines(log_redaction(traceback.format_exc()))
