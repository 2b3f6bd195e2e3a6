"""The rules that were written in the page: a text that is kept in the database, and read as one
more rule file."""

from __future__ import annotations

from dataclasses import dataclass

PAGE_FILE = "page.yaml"
LARGEST = 64 << 10  # bytes, as UTF-8


@dataclass(frozen=True, slots=True)
class PageText:
    """A version of the text; 0 is that of before anybody wrote any."""

    text: str = ""
    number: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it but comments."""
        lines = (line.strip() for line in self.text.removeprefix("\ufeff").splitlines())
        return not any(line and not line.startswith("#") for line in lines)


def as_kept(text: str) -> str:
    """A text as it is kept, however a browser or an editor sent it: lines that end with \\n, the
    last one, too, no mark of its encoding, and no blanks after its end."""
    text = text.encode("utf-8", "replace").decode()
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    kept = plain.rstrip(" \t\n")
    return f"{kept}\n" if kept else ""
