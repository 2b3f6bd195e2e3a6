"""``${NAME}`` in a rule file's texts: from the environment, or from a file of credentials.

No message shows what was put in: it says ``${NAME}`` in its place, or nothing of the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from watcher.redaction import LEAST, is_secret, secret_parts
from watcher.rules.files.document import MAX_BYTES, Path
from watcher.rules.files.slips import around_key, around_secret, around_url
from watcher.words import quoted

_MARK = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WORD = re.compile(r"\w+")
_LARGEST = 64 << 10
# LoadCredential=watcher:FOLDER hands over each file of a folder with this in front of its name.
_PREFIX = "watcher_"


@dataclass(frozen=True, slots=True)
class Fill:
    """The values put into one text: the text as written, as it became, and each value by name."""

    template: str
    whole: str
    values: tuple[tuple[str, str], ...]


class Vault:
    """Looks names up: in the environment first, then the file of that name in the folder that a
    service manager says by ``CREDENTIALS_DIRECTORY``."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        folder = env.get("CREDENTIALS_DIRECTORY")
        self._folder = FilePath(folder) if folder else None
        self._read: dict[str, str | None] = {}

    def get(self, name: str) -> str | None:
        """The value without the line break that it ends with; None where there is none."""
        value = self._env.get(name)
        if value is not None:
            return value.rstrip("\r\n")
        if self._folder is None:
            return None
        if name not in self._read:
            found = (_file_in(self._folder, file) for file in (name, _PREFIX + name))
            self._read[name] = next((value for value in found if value is not None), None)
        return self._read[name]

    def missing(self, name: str) -> str:
        """Say why a name can't be filled in, and what to do."""
        also = ", nor is there a file of that name among the credentials" if self._folder else ""
        if self._env.get(name) == "":
            return f"${{{name}}} is empty: the environment variable {name} has no value"
        return f"${{{name}}} can't be filled in: the environment variable {name} is not set{also}"


def _file_in(folder: FilePath, name: str) -> str | None:
    """The text of a file in ``folder`` itself: no link leads out of it, and nothing hangs."""
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            return None
        with path.open(encoding="utf-8-sig") as file:  # Windows marks the begin of a text
            return file.read(_LARGEST).rstrip("\r\n")
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a link to itself
        return None


class Substitution:
    """Fills in one document's texts, and keeps their values out of its messages."""

    def __init__(self, vault: Vault, complain: Callable[[Path, str], None]) -> None:
        self._vault = vault
        self._complain = complain
        self.fills: dict[Path, Fill] = {}
        self._known: dict[str, str] = {}  # what is long enough to be looked for in every message
        self.missing: set[Path] = set()
        self._filled = 0

    def fill(self, value: object, path: Path = ()) -> object:
        if isinstance(value, str):
            return self._whole(value, path)
        if isinstance(value, dict):
            self._known.update((key, "***") for key in value if "://" in key)
            return {key: self.fill(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner, (*path, index)) for index, inner in enumerate(value)]
        return value

    def _whole(self, template: str, path: Path) -> str:
        whole = self._text(template, path) if "${" in template else template
        if whole and path not in self.fills and _is_secret(path, whole):
            self._fills(path, Fill("***", whole, (("", whole),)))
        return whole

    def _text(self, template: str, path: Path) -> str:
        values: list[tuple[str, str]] = []

        def missing(message: str) -> str:
            self.missing.add(path)
            self._complain(path, message)
            return ""

        def one(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            name, closed = match[1], match[2]
            if not closed or not _NAME.fullmatch(name):
                plain = 'for a plain "${" write "$${"'
                return missing(f'after "${{" comes a name and "}}", as ${{NAME}}; {plain}')
            value = self._vault.get(name)
            if not value:
                return missing(self._vault.missing(name))
            self._filled += len(value)
            if self._filled > MAX_BYTES:
                return missing(f"all that is filled in has over {MAX_BYTES:,} characters")
            if wrong := _slip(path, template, name, value):
                return missing(f"the value of ${{{name}}} {wrong}")
            values.append((name, value))
            return value

        whole = _MARK.sub(one, template)
        if values:
            self._fills(path, Fill(template, whole, tuple(dict.fromkeys(values))))
        return whole

    def _fills(self, path: Path, fill: Fill) -> None:
        self.fills[path] = fill
        for name, value in fill.values:
            if len(value) >= LEAST:
                self._known.setdefault(value, f"${{{name}}}" if name else "***")

    def hides(self, path: Path) -> bool:
        """Whether the value at ``path`` could not be filled in: it is reported already."""
        return any(path[: len(missing)] == missing for missing in self.missing)

    def redact(self, path: Path, message: str) -> str:
        """The message without anything that was filled in, or that is a secret as it stands; so is
        every address, for a channel's URL may have slipped to any other place."""
        for where, fill in self.fills.items():
            if path[: len(where)] == where or where[: len(path)] == path:
                message = _redact(message, fill)
        for value, shown in self._known.items():
            message = message.replace(value, shown)
        return message


def _is_secret(path: Path, text: str) -> bool:
    """Whether a text at ``path`` is a key or a URL, or was perhaps meant to be one."""
    match path:
        case ("api", "url"):
            return False  # its own messages never show it
        case ("api" | "channels" | "heartbeat",) | ("api", "key") | ("channels", _):
            return True
        case ("channels", _, "url", *_):
            return True
        case ("watches" | "rules", *_, "shop") | ("watches" | "rules", *_, "products"):
            return _is_hidden(text)
        case ("watches" | "rules", *_, "products", int()):
            return _is_hidden(text)
    return "://" in text


def _is_hidden(text: str) -> bool:
    """Whether a product's or a seller's address may be no page of the web, but a channel's URL. Of
    a page its messages show no more than the site, unless it is TikTok's."""
    return "://" in text and not text.lstrip().lower().startswith(("https://", "http://"))


def _slip(path: Path, template: str, name: str, value: str) -> str:
    """Say what a value has that its secret has not, where one belongs; or ""."""
    match path:
        case ("api", "key"):
            return around_key(value, name)
        case ("heartbeat",) | ("channels", _, "url", *_):
            whole = template.strip() == f"${{{name}}}"
            return around_url(value) if whole else around_secret(value, name)
    return ""


def _redact(message: str, fill: Fill) -> str:
    """A message about a filled-in value: the value's own words must not be in it."""
    for text in (fill.whole, fill.whole.strip()):
        for said in (f'"{text}"', quoted(text)):
            message = message.replace(said, f'"{fill.template}"')
    rest = message.replace(fill.template, "").casefold()
    if any(part.casefold() in rest for _, value in fill.values for part in _secrets_in(value)):
        return f'the value of "{fill.template}" does not fit here (it is not shown)'
    return message


def _secrets_in(value: str) -> set[str]:
    """The parts of a value that no message may show; its short and common words it may."""
    if "://" in value:
        return secret_parts(value)
    words = {word for word in _WORD.findall(value) if is_secret(word)}
    return words | ({value} if len(value) >= LEAST else set())
