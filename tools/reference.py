"""The files in ``docs/`` that are made from the code.

python -m tools.reference          # writes them (make docs)
python -m tools.reference --check  # exits with 1 where one is not what the code says
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

from tools import (
    datasette,
    grafana,
    reference_commands,
    reference_costs,
    reference_delivery,
    reference_language,
    reference_layers,
    reference_metrics,
)
from tools.marked import fill, table
from watcher.cli.channel import sample_message
from watcher.cli.output import json_text
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.delivery.payload.building import document_of
from watcher.delivery.payload.document import json_schema as payload_schema
from watcher.rules.schema.json_schema import json_schema
from watcher.web.accept_errors import Visits
from watcher.web.metrics import reference

_EXAMPLE_AT = 1_795_446_000

DOCS = Path(__file__).parents[1] / "docs"


def parts() -> Mapping[str, Mapping[str, str]]:
    """Pages that are made in part: by page, then by the name of the part's marks."""
    return {
        "metrics.md": {
            "derived": reference_metrics.derived(),
            "calibration": reference_metrics.calibration(),
            "fields": reference_metrics.fields(),
            "families": reference_metrics.families(),
            "texts": reference_metrics.texts(),
            "units": reference_metrics.units(),
        },
        "rules.md": {
            "figures": reference_language.figures(),
            "operators": reference_language.operators(),
            "text operators": reference_language.text_operators(),
            "filters": reference_language.filters(),
            "sorts": reference_language.sorts(),
        },
        "choosing.md": {
            "starters": reference_costs.starters(),
            "watches": reference_costs.watches(),
        },
        "architecture.md": {"contracts": reference_layers.contracts()},
        "commands.md": {"commands": reference_commands.commands()},
        "delivery.md": {
            "by word": reference_delivery.by_word(),
            "by status": reference_delivery.by_status(),
            "by others": reference_delivery.by_others(),
            "severity": reference_delivery.by_severity(),
            "click": reference_delivery.by_click(),
        },
        "monitoring.md": {"instruments": _instruments()},
        "payload.md": {"example": _example()},
    }


def wholes() -> Mapping[str, str]:
    """Files that are made as a whole, by name."""
    return {
        "datasette.yaml": datasette.page(),
        "grafana-dashboard.json": grafana.page(),
        "payload.schema.json": json_text(payload_schema()),
        "rules.schema.json": json_text(json_schema()),
        **reference_commands.schemas(),
    }


def stale(folder: Path = DOCS, *, write: bool = False) -> list[Path]:
    """The files that are not what the code says; written anew with ``write``."""
    made = dict(wholes())
    for name, filled in parts().items():
        made[name] = (folder / name).read_text("utf-8")
        for part, text in filled.items():
            made[name] = fill(made[name], part, text)
    found = []
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            found.append(path)
            if write:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, "utf-8")
    return found


def _instruments() -> str:
    rows = [
        (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels), meaning)
        for name, kind, meaning, labels in reference(
            (*LoopLag().instruments, *Visits().instruments)
        )
    ]
    return table(("metric", "kind", "labels", "meaning"), rows)


def _example() -> str:
    """What ``watcher channel test`` posts to a channel for programs."""
    document = document_of(sample_message(_EXAMPLE_AT), "crm", "", UTC)
    return f"```json\n{json_text(document)}```"


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
