"""People who may open the page, what each may do there, and the record of what was done."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Any, Self

from msgspec import Struct

from watcher.language import gettext_noop as N_

LONGEST_NAME = 40  # characters
# Who has the page's own token, or that of a book; and who needs none, on the page's own machine.
OWNER, LOCAL = "owner", "local"
_RESERVED = frozenset({OWNER, LOCAL})
# Alphabets of which letters look the same: in one name they make another's.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_NAME = re.compile(r"\w(?:[\w .@'+-]*[\w.])?")  # letters of any language, digits, and a few signs
_TOKEN_BYTES = 20
TOKEN_LENGTH = 2 * _TOKEN_BYTES  # hexadecimal digits: 160 bits


class Role(IntEnum):
    """A person's rights on the page; each may also do all that is below it."""

    FEED = 1  # read the feeds of alerts, and nothing else
    READ = 2  # look
    ACT = 3  # acknowledge, silence, follow, send a message again
    EDIT = 4  # write the rules of the page, say who else may open it

    @property
    def word(self) -> str:
        """The role's name: ``read``."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Self:
        """The role of that name; ``ValueError`` where there is none."""
        if word not in ROLES:
            raise ValueError(f'"{word}" is no role; there are {", ".join(ROLES)}')
        return cls[word.upper()]


ROLES = tuple(role.word for role in Role)
# What each may do, in words: to be looked up where they are told.
MAY = {
    Role.FEED: N_("reads the feeds of alerts, and nothing else"),
    Role.READ: N_("looks at every page"),
    Role.ACT: N_("acknowledges, silences, follows, and sends messages again, too"),
    Role.EDIT: N_("writes the rules of the page, and says who may open it, too"),
}


class Via(StrEnum):
    """The way by which somebody wrote."""

    PAGE = "page"
    LINK = "link"  # of a message
    COMMAND = "command"


class Author(Struct, frozen=True):
    """Whoever writes: a person of the page, the target whose message had the link, or the user of
    the machine who gave a command."""

    name: str
    via: Via


class WriteKind(StrEnum):
    """A kind of write by a person, as it is recorded."""

    SILENCE = "silence"
    END_SILENCE = "end silence"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    RETRY = "retry"
    DROP = "drop"
    ACKNOWLEDGE = "acknowledge"
    TAKE_BACK = "take back"
    REVOKE_LINKS = "revoke links"
    EDIT_RULES = "edit rules"
    ADD_PERSON = "add person"
    REVOKE_PERSON = "revoke person"
    FORGET_PERSON = "forget person"
    PRUNE = "prune"


class AuditRecord(Struct, frozen=True):
    """One write of a person: ``what`` was done with the ``subject``, and the values that it has
    changed, by name, as they were ``before`` and are ``after``; None where there was or is nothing.
    """

    id: int
    at: int  # Unix seconds
    who: str
    via: Via
    what: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def name_of(text: str) -> str:
    """A person's name as it is kept; ``ValueError`` says what is wrong with it."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not name:
        raise ValueError("a person needs a name")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name has {LONGEST_NAME} characters at most, and this one {len(name)}")
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a name is of letters, digits and any of . @ ' + - _ between them; it begins with a "
            "letter or digit"
        )
    if len(_ALIKE & {unicodedata.name(each, "").partition(" ")[0] for each in name}) > 1:
        raise ValueError(f'"{name}" has letters of two alphabets that look alike; write it in one')
    if folded(name) in _RESERVED:
        raise ValueError(f'"{name}" is who has the page\'s own token or machine; take another name')
    return name


def folded(name: str) -> str:
    """A name as it is compared: however it was typed, on whatever keyboard."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_hex(_TOKEN_BYTES)


def digest_of(token: str | bytes) -> str:
    """Return what is kept of a token: nobody finds the token from that."""
    given = token.encode("utf-8", "replace") if isinstance(token, str) else token
    return sha256(given).hexdigest()
