"""The head of a mail, as programs read it: who wrote it, and what it belongs to.

As much of it as the service's plugin takes; what the URL says itself (``+Importance=high``) stays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from email.header import Header, decode_header, make_header
from email.utils import quote
from typing import Any

from apprise import NotifyBase

from watcher.delivery.rendered import Rendered, Thread
from watcher.model import Severity
from watcher.text.sanitize import neutralise

# Whose plugin puts its ``headers`` into the mail.
WITH_HEADERS = frozenset({"mailto", "mailgun", "smtp2go", "sparkpost"})
# Whose plugin takes a name of the sender beside its address.
WITH_NAMES = WITH_HEADERS | {"groundmail", "postmark", "resend", "ses"}
_NAME = "watcher"
_IMPORTANCE = {
    Severity.INFO: ("5", "low"),
    Severity.WARNING: ("3", "normal"),
    Severity.CRITICAL: ("1", "high"),
}
_LONGEST_PART = 40  # of a List-Id; a part of a domain has 63 at most
_LONGEST_NAME = 60
_LONGEST_WORD = 70  # that is encoded: Python's own limit is of lines, and loose


def headers_of(
    rendered: Rendered, channel: str, domain: str, own: Mapping[str, str]
) -> dict[str, str]:
    """The headers of a mail to ``channel`` from an address of ``domain``: those of its URL, which
    are its ``own``, and beside them ours. Headers that say the same are one: of a pair the URL has
    the whole."""
    given = {name.strip().lower() for name in own}
    # Else each mail would have the one id, and servers would keep the first of them alone.
    headers = {name: text for name, text in own.items() if name.strip().lower() != "message-id"}
    for group in _ours(rendered, channel, domain):
        if not {name.lower() for name in group} & given:
            headers.update(group)
    return headers


def _ours(rendered: Rendered, channel: str, domain: str) -> Iterator[dict[str, str]]:
    priority, importance = _IMPORTANCE[Severity(rendered.severity)]
    yield {"Auto-Submitted": "auto-generated"}
    yield {"X-Priority": priority, "Importance": importance}
    if rendered.thread is not None:
        root = _thread_id(rendered.thread, domain)
        yield {"References": root, "In-Reply-To": root}
        yield {"List-Id": _list_id(rendered.thread, channel)}


def _thread_id(thread: Thread, domain: str) -> str:
    """The id of a mail that there never was: what refers to it stands in one thread."""
    named = f"{thread.kind}\n{thread.name}"
    return f"<watcher.{_digest(named)}@{domain}>"


def message_id(rendered: Rendered, domain: str) -> str:
    """The id of a mail, the same at each try: a server that has it takes no second one. Empty where
    the message has no key."""
    return f"<watcher.{rendered.key}@{domain}>" if rendered.key else ""


def _list_id(thread: Thread, channel: str) -> str:
    """``"watcher: rising" <rising.rule.me.watcher.localhost>``, to sort mail by (RFC 2919)."""
    named = neutralise(f"watcher: {thread.name or channel}", _LONGEST_NAME)
    is_plain = named.isascii() and "=?" not in named
    words = Header(named, "utf-8", _LONGEST_WORD).encode().replace("\n", "")
    phrase = f'"{quote(named)}"' if is_plain else words
    parts = (*filter(None, (thread.name,)), thread.kind, channel)
    return f"{phrase} <{'.'.join(map(_part, parts))}.watcher.localhost>"


def _part(text: str) -> str:
    """A part of a domain: what is more than ASCII letters, digits and dashes has a mark of it."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_PART].strip("-")
    return plain if plain == text else f"{plain}-{_digest(text)[:8]}".strip("-")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def domain_of(plugin: NotifyBase) -> str:
    """The domain of the address that a plugin sends mail from."""
    sender: Any = getattr(plugin, "from_addr", None)
    address = sender[1] if isinstance(sender, list | tuple) and len(sender) > 1 else sender
    domain = str(address or "").rpartition("@")[2].strip(" >")
    return domain if re.fullmatch(r"[A-Za-z0-9.-]+", domain) else "localhost"


def folded(mail: str) -> str:
    """A mail whose subject is of lines and words that every server takes (RFC 5322 and 2047):
    Apprise writes a long one of other letters than ASCII in one, and what looks like such a word as
    it is."""
    head, parted, rest = mail.partition("\n\n")
    head = re.sub(r"^Subject: (.*=\?.*)$", _folded_subject, head, count=1, flags=re.MULTILINE)
    return head + parted + rest


def _folded_subject(line: re.Match[str]) -> str:
    encoded = line[1].startswith("=?utf-8?")
    text = str(make_header(decode_header(line[1]))) if encoded else line[1]
    return f"Subject: {Header(text, 'utf-8', _LONGEST_WORD, 'Subject').encode()}"


def name_sender(plugin: NotifyBase) -> None:
    """Call the sender ``watcher`` where the URL has an address alone."""
    sender: Any = getattr(plugin, "from_addr", None)
    if isinstance(sender, list | tuple) and len(sender) > 1:
        vars(plugin)["from_addr"] = [sender[0] or _NAME, *sender[1:]]
    elif hasattr(plugin, "from_name"):
        vars(plugin)["from_name"] = plugin.from_name or _NAME
