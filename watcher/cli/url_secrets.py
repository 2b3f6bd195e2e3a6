"""``${NAME}`` in a server's URL: a password that stands in the environment, or in a file of the
service's credentials, as the rule files' secrets do; so no command line and no list of processes
has it."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

_MARK = re.compile(r"\$\{([^}]*)\}")


def filled_in(url: str) -> str:
    """The URL with the values in the places of the names; a file's path as it is. Raises
    ``ValueError`` where a name has no value."""
    if "${" not in url or "://" not in url:
        return url
    from watcher.rules.files.substitution import Vault  # noqa: PLC0415 - for these URLs only

    vault = Vault(os.environ)

    def value(match: re.Match[str]) -> str:
        found = vault.get(match[1])
        if not found:
            raise ValueError(vault.missing(match[1]))
        return quote(found, safe="")

    return _MARK.sub(value, url)
