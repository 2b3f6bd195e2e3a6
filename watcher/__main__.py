"""The ``watcher`` command, and ``python -m watcher``."""

from watcher.importing import end_on_interrupt


def main() -> None:
    """Run a command. Ctrl-C while all that it needs is imported ends it without a traceback."""
    end_on_interrupt()
    from watcher.cli.main import main as run  # noqa: PLC0415 - a third of a second, guarded

    run()


if __name__ == "__main__":
    main()
