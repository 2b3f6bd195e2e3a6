"""A lint of docstrings and names: ``python -m tools.docstrings`` (``make check``).

A docstring begins with what the thing is or does, and uses the field's terms; a public class name
stands in one module only, so that a word means one thing in the whole program.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "watcher"

# Words that begin a question or hang on a sentence before: such a docstring is read twice.
FIRST = frozenset("As By How Of That Those What When Where Which Who Whom Whose Why".split())
BEGINNINGS = ("The same",)
# A word of our own -> the field's.
TERMS: Mapping[str, str] = {
    "monotone clock": "monotonic clock",
    "file handle": "file descriptor",
    "unwell": "unhealthy",
    "pace limit": "rate limit",
    "pulses?": "liveness",
    "vitals": "health",
    "veil": "redaction",
}

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def faults(package: Path) -> Iterator[str]:
    """Faults of the package's docstrings and class names, a line each: ``file:line: why``."""
    public: dict[str, list[str]] = defaultdict(list)
    for path in sorted(package.rglob("*.py")):
        where = path.relative_to(package.parent).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, _Documented) and (text := ast.get_docstring(node)):
                line = node.body[0].lineno
                yield from (f"{where}:{line}: {why}" for why in faults_of(text))
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                public[node.name].append(f"{where}:{node.lineno}")
    for name, places in sorted(public.items()):
        if len(places) > 1:
            yield f"{places[0]}: the class name {name} stands in {', '.join(places[1:])}, too"


def faults_of(docstring: str) -> list[str]:
    """Why a docstring is not as it should be; empty where it is."""
    found = []
    first = re.match(r"\w*", docstring.lstrip())
    if first and first[0] in FIRST:
        found.append(f'the docstring begins with "{first[0]}": say what the thing is or does')
    found += [
        f'the docstring begins with "{words}": say what the thing is or does'
        for words in BEGINNINGS
        if docstring.startswith(words)
    ]
    found += [
        f'"{term[0]}" in a docstring: the field says {better}'
        for word, better in TERMS.items()
        if (term := re.search(rf"\b{word}\b", docstring, re.IGNORECASE))
    ]
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the faults of the package, or of the folder named; 1 where there are any."""
    lines = list(faults(Path(arguments[0]) if arguments else PACKAGE))
    print("\n".join(lines) or "All docstrings begin well.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
