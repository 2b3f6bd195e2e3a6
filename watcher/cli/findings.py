"""Findings of the probe, as they are told: whether an endpoint answered, and what."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.cli.output import Printed, console
from watcher.cli.pictures import pictures_found
from watcher.rules.rulebook import Rulebook
from watcher.source.probing import Finding
from watcher.text.sanitize import plain


class PrintedFinding(Printed, frozen=True, kw_only=True):
    """An endpoint's answer: ``asked`` are the parameters, null where it was not."""

    endpoint: str
    path: str
    asked: dict[str, str | int] | None
    works: bool
    status: int | None
    words: str
    found: str


def show(book: Rulebook, findings: Sequence[Finding]) -> None:
    """Print them in a table, then what follows for pictures."""
    out = console()
    rows = [
        (
            each.question.endpoint.name,
            each.state,
            "-" if each.status is None else str(each.status),
            plain(each.words) or "-",
            plain(each.shown) or "-",
        )
        for each in findings
    ]
    out.table(
        ("Endpoint", "State", "HTTP", "The server's words", "Found"), rows, apart=True,
        texts=("The server's words", "Found"),
    )  # fmt: skip
    for line in filter(None, (pictures_found(book, each) for each in findings)):
        out.say(f"\n{line}")


def printed(finding: Finding) -> PrintedFinding:
    """For programs."""
    question = finding.question
    return PrintedFinding.of(
        finding,
        endpoint=question.endpoint.name,
        path=question.path,
        asked=dict(question.params) if finding.asked else None,
        found=finding.shown,
    )
