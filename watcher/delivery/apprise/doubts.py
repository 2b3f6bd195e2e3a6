"""What to say of a target's URL: what of it has no effect, and who is not told by it.

For ``watcher check``: the daemon sends by such a URL as Apprise does.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher.delivery.apprise import private
from watcher.delivery.apprise.addresses import (
    LoadedUrl,
    is_cut_short,
    password_words,
    read,
    service_of,
)
from watcher.delivery.apprise.parameters import doubts_of
from watcher.delivery.apprise.target import Concealed, Target
from watcher.model import Severity

_MAIL = " (of mail they have ASCII letters alone; a domain with others is xn--...)"


def doubts(target: Target, url: Concealed) -> list[str]:
    """All of them, without anything of the ``url`` that ``target`` was made of and is secret."""
    read_as = read("", url.reveal())
    if is_cut_short(url.reveal(), read_as.plugin):
        return [f"its password seems to be cut short: {password_words()}"]
    return [*_of_recipients(target, read_as), *doubts_of(read_as.url)]


def _of_recipients(target: Target, read_as: LoadedUrl) -> list[str]:
    """Each message would count as sent all the same."""
    plugin = read_as.plugin
    scheme = f"{service_of(plugin)}:// URL"
    dropped = getattr(plugin, "invalid_targets", None) or private.attribute(
        plugin, private.UNUSABLE_RECIPIENTS
    )
    count = max(len(dropped) if isinstance(dropped, Sequence | set) else 0, len(read_as.left_out))
    untold = [each.value for each in Severity if not target.tells(each.value)]
    if len(untold) == len(Severity):
        why = "those that it has can't be used" if count else "it needs a recipient"
        return [f"this {scheme} tells nobody: {why}"]
    found = [f"this {scheme} sends nothing of severity {each}" for each in untold]
    if count:
        are = "recipients" if count > 1 else "recipient"
        hint = _MAIL if any("mail" in each for each in read_as.left_out) else ""
        found.append(f"{count} {are} of this {scheme} can't be used, and is not told{hint}")
    return found
