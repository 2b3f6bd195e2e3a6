"""The reference pages in ``docs/`` that are made from the code.

python -m tools.reference          # writes them (make docs)
python -m tools.reference --check  # exits with 1 where one is not what the code says
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tools import reference_commands, reference_language, reference_metrics
from tools.marked import fill

DOCS = Path(__file__).parents[1] / "docs"


def parts() -> Mapping[str, Mapping[str, str]]:
    """What the code says: by page, then by the name of the part's marks."""
    return {
        "metrics.md": {
            "derived": reference_metrics.derived(),
            "fields": reference_metrics.fields(),
            "families": reference_metrics.families(),
            "texts": reference_metrics.texts(),
            "units": reference_metrics.units(),
        },
        "rules.md": {
            "operators": reference_language.operators(),
            "text operators": reference_language.text_operators(),
            "filters": reference_language.filters(),
            "sorts": reference_language.sorts(),
        },
        "commands.md": {"commands": reference_commands.commands()},
    }


def stale(folder: Path = DOCS, *, write: bool = False) -> list[Path]:
    """The pages that are not what the code says; written anew with ``write``."""
    found = []
    for name, filled in parts().items():
        path = folder / name
        before = after = path.read_text("utf-8")
        for part, text in filled.items():
            after = fill(after, part, text)
        if after != before:
            found.append(path)
            if write:
                path.write_text(after, "utf-8")
    return found


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    chosen = parser.parse_args()
    found = stale(write=not chosen.check)
    for path in found:
        print(f"{path.name}: {'out of date, run make docs' if chosen.check else 'written'}")
    return 1 if chosen.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
