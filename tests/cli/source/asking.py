"""Rules of who asks the source's other endpoints."""

from __future__ import annotations

from pathlib import Path

from tests.cli.siblings import ID, KEY, SELLER, Siblings

RULES = """
api: {{key: "{key}", url: "{url}"{caps}}}
watches: {{mine: {{products: ["{id}"]}}, rival: {{shop: "{seller}"}}}}
rules:
  - {{name: cheap, watch: mine, when: {{spu_avg_price: {{below: 9}}}}}}
  - {{name: new, watch: rival, when: {{appears: true}}}}
"""


def write(folder: Path, server: Siblings, caps: str = "", key: str = KEY) -> None:
    """Rules that read a product and a shop."""
    text = RULES.format(key=key, url=server.url, id=ID, seller=SELLER, caps=caps)
    (folder / "rules.yaml").write_text(text)
