"""The schema's beginnings: migrations of before refreshes, none of which is ever edited."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import msgspec
from sqlite_utils import Database as Tables
from sqlite_utils import Migrations
from sqlite_utils.db import Table

from watcher.fields import NUMERIC
from watcher.incident import IncidentKind
from watcher.store.columns import sql_type

APPLICATION_ID = 0x77746368  # "wtch"

_TELLING = 10  # products: of fewer commissions up to 1 all may be percentages
_TYPES = {"int": int, "str": str, "bytes": bytes}

migrations = Migrations("watcher")


@migrations()
def m001_history(db: Tables) -> None:
    """Products, their texts and numbers, and the scans that saw them."""
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _create(
        db,
        "products",
        "id int, region str!, product_id str!, seller_id str, product_name str, category_id str, "
        "category_l2_id str, category_l3_id str, discount str, currency str, first_seen int!, "
        "last_changed int!, newest int!, digest int!",
    ).create_index(["region", "product_id"], unique=True)
    texts = "product int, changed int!, read int!, meaning bytes!, packed bytes!"
    _create(db, "product_texts", texts, foreign_keys=[("product", "products", "id")])
    # Not STRICT: an amount without whole hundredths is REAL in an INTEGER column (columns.py).
    numbers = ", ".join(f'"{field.name}" {sql_type(field)}' for field in NUMERIC)
    db.execute(
        "CREATE TABLE observations (id INTEGER PRIMARY KEY, product INTEGER NOT NULL, "
        f"at INTEGER NOT NULL, {numbers})"
    )
    db.table("observations").create_index(["product", "at"], unique=True)
    scans = _create(
        db,
        "scans",
        "id int, watch str!, region str!, at int!, mark int!, started int!, finished int!, "
        "state str!, requests int!, pages int!, size int!, first_row int!, rows int!, error str, "
        "interrupted int, problems str, products bytes",
    )
    scans.create_index(["watch"])
    scans.create_index(["region", "at"])
    scans.create_index(["mark"], unique=True)
    _create(db, "watches", "watch str, region str!, size int!, seen bytes!")


def _create(db: Tables, name: str, columns: str, **options: Any) -> Table:
    """A table of such columns, of which the first is its key; "!" marks those that are NOT NULL."""
    given = dict(column.split() for column in columns.split(", "))
    kinds = {column: _TYPES[kind.rstrip("!")] for column, kind in given.items()}
    filled = {column for column, kind in given.items() if kind.endswith("!")}
    key = next(iter(given))
    return db.table(name).create(kinds, pk=key, not_null=filled, strict=True, **options)


@migrations()
def m002_alerts(db: Tables) -> None:
    """Rules as they were last read, their alerts, and what was told of them."""
    _create(db, "rules", "name str, fingerprint str!, began int!, ended int")
    # AUTOINCREMENT: an id stands in a message, so it must never mean another alert.
    db.execute(
        "CREATE TABLE alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, "
        "product INTEGER NOT NULL REFERENCES products(id), state TEXT NOT NULL, "
        "since INTEGER NOT NULL, last_met INTEGER NOT NULL, fired_at INTEGER, "
        "resolved_at INTEGER, reason TEXT, absent INTEGER NOT NULL, carried INTEGER NOT NULL, "
        "evidence TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE UNIQUE INDEX alerts_live ON alerts(rule, product) WHERE state <> 'inactive'")
    db.table("alerts").create_index(["product"])
    db.table("alerts").create_index(["rule"])
    db.execute(
        "CREATE TABLE transitions (id INTEGER PRIMARY KEY, "
        "alert INTEGER NOT NULL REFERENCES alerts(id) ON DELETE CASCADE, at INTEGER NOT NULL, "
        "before TEXT NOT NULL, after TEXT NOT NULL, reason TEXT) STRICT"
    )
    db.table("transitions").create_index(["alert"])
    db.execute(
        "CREATE TABLE told (rule TEXT NOT NULL, product INTEGER NOT NULL, channel TEXT NOT NULL, "
        "alert INTEGER NOT NULL, told_at INTEGER NOT NULL, resolved_told INTEGER NOT NULL, "
        "PRIMARY KEY (rule, product, channel)) STRICT, WITHOUT ROWID"
    )


@migrations()
def m003_delivery(db: Tables) -> None:
    """Messages (``about`` is the time of their data), a row for each target, and every try."""
    messages = "id int, rule str!, about int!, created int!, body str!"
    _create(db, "messages", messages).create_index(["rule", "about"])
    db.execute(
        "CREATE TABLE notifications (id INTEGER PRIMARY KEY AUTOINCREMENT, "
        "message INTEGER NOT NULL REFERENCES messages(id), channel TEXT NOT NULL, "
        "target TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, "
        "next_try INTEGER NOT NULL, tries INTEGER NOT NULL, first_try INTEGER, error TEXT, "
        "finished INTEGER) STRICT"
    )
    db.execute(
        "CREATE INDEX notifications_waiting ON notifications(target, id) WHERE state = 'waiting'"
    )
    db.table("notifications").create_index(["message"])
    db.table("notifications").create_index(["state"])
    db.execute(
        "CREATE TABLE tries (id INTEGER PRIMARY KEY, "
        "notification INTEGER NOT NULL REFERENCES notifications(id) ON DELETE CASCADE, "
        "at INTEGER NOT NULL, outcome TEXT NOT NULL, detail TEXT) STRICT"
    )
    db.table("tries").create_index(["notification"])


@migrations()
def m004_daemon(db: Tables) -> None:
    """Credits by day and watch, health, and what the operator was told."""
    db.execute(
        "CREATE TABLE credits (day TEXT NOT NULL, watch TEXT NOT NULL, used INTEGER NOT NULL, "
        "PRIMARY KEY (day, watch)) STRICT, WITHOUT ROWID"
    )
    reservations = "id int, day str!, watch str!, amount int!"
    _create(db, "reservations", reservations).create_index(["day"])
    db.execute(
        "CREATE TABLE health (kind TEXT NOT NULL, name TEXT NOT NULL, failing_since INTEGER, "
        "failures INTEGER NOT NULL, last_error TEXT, last_ok INTEGER, "
        "PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE causes (cause TEXT PRIMARY KEY, text TEXT NOT NULL, since INTEGER NOT NULL, "
        "ended INTEGER) STRICT, WITHOUT ROWID"
    )


@migrations()
def m005_silences(db: Tables) -> None:
    """Silences, what is held back, and by which notification a channel was told."""
    # AUTOINCREMENT: an id stands in a message or a terminal, so it must never mean another one.
    db.execute(
        "CREATE TABLE silences (id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT, product TEXT, "
        "seller TEXT, category TEXT, begins INTEGER NOT NULL, ends INTEGER NOT NULL, "
        "comment TEXT NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE held (rule TEXT NOT NULL, product INTEGER NOT NULL, channel TEXT NOT NULL, "
        "alert INTEGER NOT NULL, since INTEGER NOT NULL, silence INTEGER, "
        "PRIMARY KEY (rule, product, channel)) STRICT, WITHOUT ROWID"
    )
    # The first of the message's notifications: a message may tell of several rules.
    db.execute("ALTER TABLE told ADD COLUMN notification INTEGER")
    db.execute(
        "UPDATE told SET notification = (SELECT min(n.id) FROM messages AS m "
        "JOIN notifications AS n ON n.message = m.id AND n.channel = told.channel "
        "WHERE m.rule = told.rule AND m.about = told.told_at)"
    )


@migrations()
def m006_joining(db: Tables) -> None:
    """The notification that tells what another one was to tell, and who has a message already.
    Messages say themselves what they tell of: those that are still to be sent learn it here."""
    db.execute(
        "ALTER TABLE notifications ADD COLUMN joined INTEGER "
        "REFERENCES notifications(id) ON DELETE SET NULL"
    )
    db.execute("CREATE INDEX notifications_joined ON notifications(joined) WHERE joined NOTNULL")
    db.execute("ALTER TABLE notifications ADD COLUMN taken TEXT")
    unsent = "id IN (SELECT message FROM notifications WHERE state IN ('waiting', 'dead'))"
    db.execute(
        "UPDATE messages SET body = json_set(body, '$.alerts', json_object("
        "'firing', json(w.told), 'resolved', json(w.ended))) FROM (SELECT n.message, "
        "json_group_array(t.alert) FILTER (WHERE NOT t.resolved_told) AS told, "
        "json_group_array(t.alert) FILTER (WHERE t.resolved_told) AS ended "
        "FROM told AS t JOIN notifications AS n ON n.id = t.notification GROUP BY n.message) AS w "
        f"WHERE w.message = messages.id AND {unsent}"
    )
    for begin, over in (("watcher: over: ", "true"), ("watcher: ", "false")):
        db.execute(
            "UPDATE messages SET body = json_set(body, '$.cause', "
            "substr(json_extract(body, '$.title'), length(?1) + 1), '$.over', json(?2)) "
            "WHERE json_extract(body, '$.kind') = 'operator' "
            "AND json_extract(body, '$.cause') IS NULL "
            f"AND substr(json_extract(body, '$.title'), 1, length(?1)) = ?1 AND {unsent}",
            (begin, over),
        )


@migrations()
def m007_doubts(db: Tables) -> None:
    """Complete scans that prove no absence: why, and for how long that has gone on. Commissions
    are fractions: the API's percentages were stored as they came."""
    _commissions_to_fractions(db)
    db.execute(
        "CREATE TABLE doubts (scan INTEGER PRIMARY KEY REFERENCES scans(id) ON DELETE CASCADE, "
        "why TEXT NOT NULL, since INTEGER NOT NULL, turn INTEGER NOT NULL, "
        "believed INTEGER NOT NULL) STRICT"
    )


def _commissions_to_fractions(db: Tables) -> None:
    """The scale is a scan's. A scan stored only what changed: where that is too little to tell,
    its scale is that of the region's scan before it."""
    percentages: list[int] = []
    scale: dict[str | None, bool] = {}
    for at, region, above_0, above_1 in db.execute(
        "SELECT o.at, s.region, count(*), sum(o.product_commission_rate > 1) "
        "FROM observations AS o LEFT JOIN scans AS s ON s.mark = o.at "
        "WHERE o.product_commission_rate > 0 GROUP BY o.at ORDER BY o.at"
    ):
        if 2 * above_1 > above_0:
            scale[region] = True
        elif above_0 >= _TELLING:
            scale[region] = False
        if scale.get(region):
            percentages.append(at)
    db.execute(
        "UPDATE observations SET product_commission_rate = product_commission_rate / 100 "
        "WHERE product_commission_rate > 1 OR (product_commission_rate > 0 "
        "AND at IN (SELECT value FROM json_each(?)))",
        (msgspec.json.encode(percentages).decode(),),
    )


@migrations()
def m008_jumps(db: Tables) -> None:
    """Scans that are no baseline, and how far those that were cut off read their lists."""
    # A scan whose counters jumped is no baseline of scans up to ``until``.
    db.execute(
        "CREATE TABLE jumps (scan INTEGER PRIMARY KEY REFERENCES scans(id) ON DELETE CASCADE, "
        "until INTEGER NOT NULL) STRICT"
    )
    # Of a scan that was cut off: how many places from the first on it read without a gap.
    db.execute(
        "CREATE TABLE depths (scan INTEGER PRIMARY KEY REFERENCES scans(id) ON DELETE CASCADE, "
        "places INTEGER NOT NULL) STRICT"
    )


@migrations()
def m009_former_texts(db: Tables) -> None:
    """Texts that products had, each up to which scan; from now on."""
    db.execute(
        "CREATE TABLE former_texts (until INTEGER NOT NULL, product INTEGER NOT NULL, "
        "texts TEXT NOT NULL, PRIMARY KEY (until, product)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "INSERT INTO former_texts (until, product, texts) "
        "SELECT max(mark), 0, '{}' FROM scans HAVING max(mark) NOTNULL"
    )


@migrations()
def m010_list_facts(db: Tables) -> None:
    """Facts of a list about itself, from now on: no value of scans of before."""
    for column in ("list_day REAL", "list_idle REAL", "list_sparse INTEGER"):
        db.execute(f"ALTER TABLE scans ADD COLUMN {column}")


@migrations()
def m011_incidents(db: Tables) -> None:
    """Kind, subject and fields of what the operator was told, once read from the cause's name:
    what is on stays on, under the same name."""
    for column in ("kind", "about", "subject"):
        db.execute(f"ALTER TABLE causes ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE causes ADD COLUMN fields TEXT NOT NULL DEFAULT '[]'")
    for (cause,) in db.execute("SELECT cause FROM causes").fetchall():
        db.execute(
            "UPDATE causes SET kind = ?, about = ?, subject = ?, fields = ? WHERE cause = ?",
            (*_incident(cause), cause),
        )


def _incident(cause: str) -> tuple[str, str, str, str]:
    """Kind, sort of subject, subject and fields (as JSON) that a cause of before m011 names."""
    for prefix, about in (("dead message ", "target"), ("task ", "part")):
        if cause.startswith(prefix):
            return prefix.rstrip(), about, cause.removeprefix(prefix), "[]"
    named, _, kind = cause.rpartition(": ")
    about, _, subject = named.partition(" ")
    if about not in {"watch", "rule", "region"} or not subject:
        return cause, "", "", "[]"
    lost = re.fullmatch(r"fields lost \((.*)\)", kind)
    if lost is None:
        return kind, about, subject, "[]"
    return "fields lost", about, subject, msgspec.json.encode(lost[1].split(", ")).decode()


@migrations()
def m012_incident_details(db: Tables) -> None:
    """An incident keeps the values that its text names; one of before keeps the text itself, in
    them: ``text`` is read no more. What waits to be sent says which incident it is about."""
    back = " (some are back)"
    db.execute("ALTER TABLE causes ADD COLUMN details TEXT NOT NULL DEFAULT '{}'")
    db.execute("UPDATE causes SET details = json_object('text', text)")
    db.execute(
        "UPDATE causes SET details = json_object('some_back', json('true'), 'text', "
        "substr(text, 1, length(text) - length(?1))) "
        "WHERE kind = 'fields lost' AND substr(text, -length(?1)) = ?1",
        (back,),
    )
    kinds = msgspec.json.encode(list(IncidentKind)).decode()
    db.execute("DELETE FROM causes WHERE kind NOT IN (SELECT value FROM json_each(?))", (kinds,))
    db.execute(
        "UPDATE messages SET body = json_set(body, '$.incident', json_object('kind', c.kind, "
        "'about', c.about, 'subject', c.subject, 'fields', json(c.fields))) FROM causes AS c "
        "WHERE c.cause = json_extract(body, '$.cause') "
        "AND json_extract(body, '$.kind') = 'operator' "
        "AND id IN (SELECT message FROM notifications WHERE state IN ('waiting', 'dead'))"
    )


@migrations()
def m013_one_scan_a_time(db: Tables) -> None:
    """A watch has one scan of a time: who does not know whether its scan was stored can't store it
    twice. Of those that share one from before, the later come a second or more after the first."""
    shared = db.execute("SELECT watch, at FROM scans GROUP BY watch, at HAVING count(*) > 1")
    for watch, at in shared.fetchall():
        scans = "SELECT id FROM scans WHERE watch = ? AND at = ? ORDER BY id"
        for (scan,) in db.execute(scans, (watch, at)).fetchall()[1:]:
            db.execute("UPDATE scans SET at = ? WHERE id = ?", (_free(db, watch, at), scan))
    db.table("scans").create_index(["watch", "at"], "scans_once", unique=True)


def _free(db: Tables, watch: str, at: int) -> int:
    """The first second after ``at`` of which the watch has no scan."""
    taken = {
        each
        for (each,) in db.execute("SELECT at FROM scans WHERE watch = ? AND at > ?", (watch, at))
    }
    return next(each for each in count(at + 1) if each not in taken)


@migrations()
def m014_watch_identity(db: Tables) -> None:
    """The watches of the book as they were last read, for a key says little: the digest of what
    each asks for, and its schedule. And the watch that opened an alert; "" is not known: the only
    one of its rule."""
    _create(db, "known_watches", "watch str, query str!, schedule str!, name str!, rule str!")
    db.execute("ALTER TABLE alerts ADD COLUMN watch TEXT NOT NULL DEFAULT ''")


@migrations()
def m015_own_products(db: Tables) -> None:
    """The ids that a lookup asks for: from which of its complete scans on, and up to which; and of
    a scan of a shop or of a lookup, whether it was cut, NULL is one of a market's list."""
    db.execute(
        "CREATE TABLE asked (watch TEXT NOT NULL, product_id TEXT NOT NULL, "
        "since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (watch, product_id)) "
        "STRICT, WITHOUT ROWID"
    )
    db.execute("ALTER TABLE scans ADD COLUMN cut INTEGER")
    # Their products may be of any region, so they are looked for by themselves.
    db.execute("CREATE INDEX scans_of_no_market ON scans(at) WHERE cut NOTNULL")


@migrations()
def m016_followed(db: Tables) -> None:
    """Products that people follow, ids that are read before their list's next scan, and what was
    found out about the source's other endpoints, with what these gave."""
    db.execute(
        "CREATE TABLE followed (product_id TEXT PRIMARY KEY, since INTEGER NOT NULL, "
        "note TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE lookups (watch TEXT NOT NULL, product_id TEXT NOT NULL, "
        "added INTEGER NOT NULL, done INTEGER, tries INTEGER NOT NULL, next_try INTEGER NOT NULL, "
        "PRIMARY KEY (watch, product_id)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE probes (endpoint TEXT PRIMARY KEY, at INTEGER NOT NULL, "
        "works INTEGER NOT NULL, status INTEGER, words TEXT NOT NULL, path TEXT NOT NULL, "
        "credential TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE categories (category_id TEXT PRIMARY KEY, level INTEGER NOT NULL, "
        "name TEXT NOT NULL, read INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE pictures (product INTEGER PRIMARY KEY REFERENCES products(id), "
        "wanted INTEGER NOT NULL, address TEXT, until INTEGER NOT NULL, error TEXT) STRICT"
    )
