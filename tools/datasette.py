"""``docs/datasette.yaml``, which tells Datasette what the database's tables hold.

Made from the table of fields, so that every number has its meaning and its unit.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

from watcher.fields import NUMERIC, Field
from watcher.units import Unit

PAGE = Path(__file__).parents[1] / "docs" / "datasette.yaml"

_HEAD = """\
# What the tables of watcher's database hold, for Datasette. Read beside the running daemon:
#
#     datasette watcher.db --metadata docs/datasette.yaml --setting suggest_facets off
#
# Suggested facets would try each of the 95 columns: a quarter of a minute on a large history. Not
# with -i (--immutable): it overlooks what the daemon has not yet written back into the file.
# Made by `make docs`; the tables belong to a database called watcher.db.

"""
_INSTANT = "Unix seconds, UTC"
_PRODUCT = "id in the table products"
_HIDDEN = (
    "observations", "product_texts", "former_texts", "made_texts", "lacking_texts",
    "watches", "told", "held", "messages",
    "reservations", "rules", "jumps", "depths", "own_files", "figures", "day_lists",
    "_sqlite_migrations",
)  # fmt: skip

_TABLES: dict[str, dict[str, Any]] = {
    "observations_view": {
        "title": "Observations",
        "description": "Every number of a product, one row for each time that some number was new: "
        "it holds until the product's next row. Prices in units of the currency, GMV in the API's "
        "own (it does not say which), times in UTC.",
        "columns": {
            "at": "when the scan was due, ISO 8601 in UTC",
            "product_name": "the name today",
            "currency": "of the prices",
        },
    },
    "products": {
        "title": "Products",
        "description": "Every product that any scan saw, with its texts of today; beside them a "
        "row for each group of products that rules judged as a whole, which has no numbers.",
        "label_column": "product_name",
        "columns": {
            "first_seen": _INSTANT,
            "last_changed": f"when some number was last new; {_INSTANT}",
            "newest": "id of its newest row in the table observations",
            "grouped_by": "empty of a product; of a group what its products share, of which its "
            "product_id says the value, as seller_id=7495981769829615944",
        },
    },
    "doubts": {
        "title": "Doubts",
        "description": "Complete scans that prove no absence: who is missing from one of them may "
        "be on the list all the same.",
        "columns": {
            "scan": "the scan's id",
            "why": "what was wrong with it",
            "since": f"when the first of such scans in a row was made; {_INSTANT}",
            "turn": "which of them it is, from 1",
            "believed": "1: so for a week, and absence is proven again",
        },
    },
    "scans": {
        "title": "Scans",
        "description": "Every reading of a list. The column products is the packed list, which "
        "only watcher reads: `watcher export --every-scan` gives it with ranks.",
        "columns": {
            "watch": "the watch's key: `watcher export --what scans` has its name",
            "at": f"when it was due; {_INSTANT}",
            "mark": "its place among all scans; the time that its observations carry",
            "started": _INSTANT,
            "finished": _INSTANT,
            "state": "complete, partial or failed",
            "requests": "requests, of which each is a credit",
            "size": "products that it listed",
            "rows": "products of which some number was new",
            "list_day": "how many times their pace the list's products sold on the day before, in "
            "the median",
            "list_idle": "the share without a sale on the day before of those that sell 7 a week; "
            "empty where these are under 20",
            "list_sparse": "1: sales are booked on the day of collection, and surges are counted "
            "by weeks",
            "products": "packed; not readable here",
            "cut": "of a shop or of products of one's own: 1 where the shop has more products than "
            "were read; empty of a market's list",
        },
    },
    "alerts": {
        "title": "Alerts",
        "description": "One rule's claim about one product. A12 in a message is the id 12.",
        "columns": {
            "product": f"{_PRODUCT}; a group's, of a rule over groups",
            "state": "pending, firing, or inactive: over",
            "since": f"when the state began; {_INSTANT}",
            "fired_at": _INSTANT,
            "resolved_at": _INSTANT,
            "reason": "why it ended",
            "evidence": "each condition with its value and baseline, as JSON",
            "watch": "the key of the watch that opened it; empty where the rule had only one",
            "acknowledged": f"since when somebody wants no reminder of it; {_INSTANT}",
        },
    },
    "transitions": {
        "title": "Transitions",
        "description": "Every change of an alert's state.",
        "columns": {"at": _INSTANT, "before": "the state before", "after": "the state after"},
    },
    "notifications": {
        "title": "Notifications",
        "description": "One message for one target; targets are masked, no address is stored here.",
        "columns": {
            "state": "waiting, sent, dead, dropped or joined",
            "created": _INSTANT,
            "next_try": _INSTANT,
            "finished": _INSTANT,
        },
    },
    "tries": {
        "title": "Tries",
        "description": "Every attempt to send a notification.",
        "columns": {"at": _INSTANT, "outcome": "sent, failed or dead"},
    },
    "credits": {
        "title": "Credits",
        "description": "Requests that reached KeyAPI, by UTC day and watch.",
        "columns": {"day": "a UTC day", "watch": "the watch's key", "used": "requests"},
    },
    "health": {
        "title": "Health",
        "description": "How watches, rules and the daemon's parts fare.",
        "columns": {"failing_since": f"empty where all is well; {_INSTANT}", "last_ok": _INSTANT},
    },
    "causes": {
        "title": "Troubles",
        "description": "What the operator was told.",
        "columns": {"since": _INSTANT, "ended": f"empty while it goes on; {_INSTANT}"},
    },
    "silences": {
        "title": "Silences",
        "description": "What is held back, by patterns.",
        "columns": {
            "begins": _INSTANT,
            "ends": f"{_INSTANT}; 253370764800: never, it is an exclusion",
            "announced": "when the end was announced; 0: it is not",
        },
    },
    "links": {
        "title": "Links",
        "description": "Links of messages, by which who has one may act. The tokens in them are "
        "not stored, only their digests.",
        "columns": {
            "digest": "the SHA-256 of the token",
            "notification": "the message's id in the table notifications",
            "made": _INSTANT,
            "expires": _INSTANT,
            "revoked": f"when it was revoked; {_INSTANT}",
        },
    },
    "deeds": {
        "title": "Deeds",
        "description": "What was done by links of messages.",
        "columns": {
            "link": "id in the table links",
            "form": "which form of its page was sent: each does its thing once",
            "at": _INSTANT,
            "number": "the product's number in the message",
            "what": "snooze, never, follow or acknowledge",
            "rule": "the rule that it is about, of never",
            "silence": "id in the table silences of the one that it made",
            "undone": f"when it was undone; {_INSTANT}",
        },
    },
    "people": {
        "title": "People",
        "description": "Who may open the page, and as what. Their tokens are not stored, only the "
        "digests of them.",
        "columns": {
            "role": "feed, read, act or edit: each may do all that is before it",
            "digest": "the SHA-256 of the token",
            "made": _INSTANT,
            "revoked": f"empty while the token holds; {_INSTANT}",
        },
    },
    "audit": {
        "title": "Audit",
        "description": "What people wrote, by the page, the links of messages and commands.",
        "columns": {
            "at": _INSTANT,
            "who": "a person of the page, a target whose message had the link, or user@host",
            "via": "page, link or command",
            "what": "what was done",
            "subject": "with what",
            "before": "the values that were changed, as JSON; empty where there was nothing",
            "after": "the values as they are now, as JSON; empty where there is nothing any more",
        },
    },
    "known_watches": {
        "title": "Watches",
        "description": "The watches of the rule files as they were last read, and those whose "
        "scans are kept.",
        "columns": {
            "watch": "the watch's key",
            "query": "a digest of what it asks for",
            "schedule": "when it is read",
            "name": "its name",
            "rule": "the rule by whose name a list of one's own goes",
        },
    },
    "followed": {
        "title": "Followed",
        "description": "Products that people follow.",
        "columns": {"product_id": "the product's id", "since": _INSTANT, "note": "why"},
    },
    "asked": {
        "title": "Asked for",
        "description": "Ids of the products that lists of one's own ask for.",
        "columns": {
            "watch": "the watch's key",
            "product_id": "the product's id",
            "since": "the first complete scan that asked for it",
            "until": "the first that asked for it no more",
        },
    },
    "lookups": {
        "title": "Added products",
        "description": "Ids that were added to lists of one's own, and are read before the next "
        "scan.",
        "columns": {
            "watch": "the watch's key",
            "added": _INSTANT,
            "done": f"when the source answered; {_INSTANT}",
            "next_try": _INSTANT,
        },
    },
    "data_days": {
        "title": "Data days",
        "description": "When the source refreshed a region's data, as watches with every: refresh "
        "saw it.",
        "columns": {
            "day": "days since 1970",
            "quiet": f"when the old data was last seen; {_INSTANT}",
            "began": f"when some of the new data was first seen; {_INSTANT}",
            "fresh": f"when there was enough of it to be read; {_INSTANT}",
        },
    },
    "looks": {
        "title": "Looks",
        "description": "Probes of page 1 of a list, to learn when the data is fresh.",
        "columns": {
            "at": _INSTANT,
            "watch": "the watch's key",
            "result": "fresh, partly, quiet or failed",
            "known": "products of the page that were known",
            "moved": "those of them with other numbers than before",
            "requests": "requests, of which each is a credit",
        },
    },
    "scan_days": {
        "title": "Data days of scans",
        "description": "The data day of each scan that was made with the refresh.",
        "columns": {
            "scan": "the scan's id",
            "watch": "the watch's key",
            "day": "days since 1970",
            "since": "the data day of the scan that it is held against",
            "known": "products that the earlier scan had, too",
            "moved": "those of them with other numbers than before",
            "first_known": "the same, of page 1",
            "first_moved": "the same, of page 1",
            "half": "1: less than half of the usual moved",
        },
    },
    "probes": {
        "title": "Probes",
        "description": "What the source's other endpoints answered when they were asked once.",
        "columns": {
            "at": _INSTANT,
            "status": "HTTP's; empty where no answer came",
            "words": "the server's own",
            "credential": "stands for the key, and does not tell it",
        },
    },
    "categories": {
        "title": "Categories",
        "description": "Names of categories, as the source gave them.",
        "columns": {
            "level": "1, 2 or 3",
            "read": _INSTANT,
            "parent": "the category above it; empty where that is not known, or there is none",
        },
    },
    "category_names": {
        "title": "Former names of categories",
        "description": "Each name that a category has or had: rule files may have it.",
        "columns": {"since": _INSTANT},
    },
    "reports": {
        "title": "Reports",
        "description": "Which time of each report of the rule file was dealt with last.",
        "columns": {
            "schedule": "the digest of its times",
            "since": _INSTANT,
            "due": _INSTANT,
            "told": _INSTANT,
            "skipped": "its last time for which it was too late, Unix seconds",
        },
    },
    "page_rules": {
        "title": "Rules of the page",
        "description": "Each version of the rules that were written in the page; the newest is in "
        "force.",
        "columns": {
            "at": _INSTANT,
            "who": "by whom",
            "restores": "the older version whose text it has again; empty where it has a new one",
            "size": "bytes of the text",
            "packed": "the text, zlib",
        },
    },
    "pictures": {
        "title": "Pictures",
        "description": "Addresses of products' pictures that can be shown for a while.",
        "columns": {"wanted": _INSTANT, "until": _INSTANT},
    },
}  # fmt: skip

_QUERIES: dict[str, tuple[str, str]] = {
    "product_history": (
        "One product's sales, GMV and price as they changed",
        """
        SELECT at, total_sale_7d_cnt, total_sale_gmv_7d_amt, spu_avg_price, currency,
          sales_trend_flag
        FROM observations_view WHERE product_id = :product_id ORDER BY at DESC
        """,
    ),
    "trend_turned": (
        "Products whose trend turned to rising in the last so many days",
        """
        WITH steps AS (
          SELECT o.product, o.at, o.sales_trend_flag AS now, lag(o.sales_trend_flag)
            OVER (PARTITION BY o.product ORDER BY o.at) AS before
          FROM observations AS o
          WHERE o.at >= unixepoch() - (cast(:days AS integer) + 1) * 86400)
        SELECT datetime(s.at, 'unixepoch') AS turned, p.region, p.product_id, p.product_name
        FROM steps AS s JOIN products AS p ON p.id = s.product
        WHERE s.now = 1 AND s.before <> 1
          AND s.at >= unixepoch() - cast(:days AS integer) * 86400
        ORDER BY s.at DESC LIMIT 200
        """,
    ),
    "best_now": (
        "The products with the highest GMV of 7 days now, of a market",
        """
        SELECT p.product_id, p.product_name, o.total_sale_7d_cnt,
          o.total_sale_gmv_7d_amt / CASE typeof(o.total_sale_gmv_7d_amt)
            WHEN 'integer' THEN 100.0 ELSE 1 END AS gmv_7d, p.currency
        FROM products AS p JOIN observations AS o ON o.id = p.newest
        WHERE p.region = :region ORDER BY gmv_7d DESC LIMIT 100
        """,
    ),
    "firing": (
        "What fires now",
        """
        SELECT 'A' || a.id AS alert, a.rule, p.region, p.product_id, p.product_name,
          datetime(a.fired_at, 'unixepoch') AS fired
        FROM alerts AS a JOIN products AS p ON p.id = a.product
        WHERE a.state = 'firing' ORDER BY a.fired_at DESC
        """,
    ),
    "alerts_by_week": (
        "How often each rule fired, by week",
        """
        SELECT strftime('%Y-%W', fired_at, 'unixepoch') AS week, rule, count(*) AS fired
        FROM alerts WHERE fired_at NOTNULL GROUP BY week, rule ORDER BY week DESC, fired DESC
        """,
    ),
    "delivery": (
        "Notifications by target and state",
        """
        SELECT target, state, count(*) AS notifications,
          datetime(max(created), 'unixepoch') AS newest
        FROM notifications GROUP BY target, state ORDER BY target, state
        """,
    ),
    "credits_by_day": (
        "Credits by day",
        "SELECT day, sum(used) AS credits FROM credits GROUP BY day ORDER BY day DESC",
    ),
}  # fmt: skip


def page() -> str:
    """The file's text."""
    tables: dict[str, Any] = {name: dict(table) for name, table in _TABLES.items()}
    view = tables["observations_view"]
    view["columns"] = view["columns"] | {field.name: _meaning(field) for field in NUMERIC}
    tables |= {name: {"hidden": True} for name in _HIDDEN}
    queries = {
        name: {"title": title, "sql": dedent(sql).strip()}
        for name, (title, sql) in _QUERIES.items()
    }
    about = {"tables": tables, "queries": queries}
    text = yaml.dump(
        {"title": "watcher", "databases": {"watcher": about}},
        Dumper=_Dumper,
        sort_keys=False,
        width=100,
    )
    return _HEAD + str(text)


def _meaning(field: Field) -> str:
    return f"{field.meaning}, in the currency" if field.unit is Unit.MONEY else field.meaning


class _Dumper(yaml.SafeDumper):
    """Statements of several lines stand as they are."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
