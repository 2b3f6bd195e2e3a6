"""The schema, and the only place that changes it.

A change is a new function at the end (``early_migrations`` has the first); none is ever edited once
released. Columns of the API's fields are the exception: ``prepare`` adds those that ``fields.py``
has and the table has not.

Times are Unix seconds. ``observations`` has a row only where some number changed; ``scans`` keeps
who was seen, in the list's order, as one packed blob. ``scans.mark`` rises strictly over all scans
in the order in which they were recorded (``at`` need not: two watches may share a minute, a slow
scan may be recorded after a later one), and an observation's ``at`` is its scan's mark: the values
in force at a scan are the product's newest row at or before its mark."""

from __future__ import annotations

from contextlib import closing

from sqlite_utils import Database as Tables

from watcher.fields import BY_NAME, IDS, NUMERIC
from watcher.store.columns import expression, sql_type
from watcher.store.sqlite import early_migrations

VIEW = "observations_view"

_LEVELS = ((2, "category_l2_id", "category_id"), (3, "category_l3_id", "category_l2_id"))

migrations = early_migrations.migrations


@migrations()
def m017_refresh(db: Tables) -> None:
    """The data days of each region, the looks by which they were found, and of each scan its data
    day, and how many of its products moved."""
    db.execute(
        "CREATE TABLE data_days (region TEXT NOT NULL, day INTEGER NOT NULL, "
        "began INTEGER NOT NULL, quiet INTEGER NOT NULL, fresh INTEGER NOT NULL, "
        "PRIMARY KEY (region, day)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE looks (id INTEGER PRIMARY KEY, region TEXT NOT NULL, at INTEGER NOT NULL, "
        "watch TEXT NOT NULL, result TEXT NOT NULL, known INTEGER NOT NULL, "
        "moved INTEGER NOT NULL, requests INTEGER NOT NULL, error TEXT) STRICT"
    )
    db.table("looks").create_index(["region", "at"])
    db.execute(
        "CREATE TABLE scan_days (scan INTEGER PRIMARY KEY REFERENCES scans(id) ON DELETE CASCADE, "
        "watch TEXT NOT NULL, region TEXT NOT NULL, day INTEGER NOT NULL, since INTEGER, "
        "known INTEGER NOT NULL, moved INTEGER NOT NULL, first_known INTEGER NOT NULL, "
        "first_moved INTEGER NOT NULL, half INTEGER NOT NULL) STRICT"
    )
    db.table("scan_days").create_index(["watch", "scan"])
    db.table("scan_days").create_index(["region", "day"])


@migrations()
def m018_text_history(db: Tables) -> None:
    """Texts made of long ones, each from the scan on that read it first; and by scan the products
    that lack a text which rules follow (none: only that it was read)."""
    db.execute(
        "CREATE TABLE made_texts (product INTEGER NOT NULL REFERENCES products(id), "
        "name TEXT NOT NULL, at INTEGER NOT NULL, digest BLOB NOT NULL, packed BLOB NOT NULL, "
        "PRIMARY KEY (product, name, at)) STRICT"
    )
    db.table("made_texts").create_index(["at"])
    db.execute(
        "CREATE TABLE lacking_texts (scan INTEGER NOT NULL "
        "REFERENCES scans(id) ON DELETE CASCADE, name TEXT NOT NULL, size INTEGER NOT NULL, "
        "products BLOB NOT NULL, PRIMARY KEY (scan, name)) STRICT, WITHOUT ROWID"
    )


@migrations()
def m019_told_with(db: Tables) -> None:
    """The values that a channel was last told with, of rules that tell again: from now on."""
    db.execute("ALTER TABLE told ADD COLUMN told_with TEXT")


@migrations()
def m020_own_files(db: Tables) -> None:
    """The last good copies of files that rules name: they stand in once one can't be used."""
    db.execute(
        "CREATE TABLE own_files (path TEXT PRIMARY KEY, at INTEGER NOT NULL, digest TEXT NOT NULL, "
        "packed BLOB NOT NULL)"
    )


@migrations()
def m021_groups(db: Tables) -> None:
    """Groups of products, which stand beside these by an id that says what each is of; and what was
    said of all groups of a list at a scan, from now on."""
    db.execute("ALTER TABLE products ADD COLUMN grouped_by TEXT")
    db.execute(
        "CREATE TABLE figures (scan INTEGER NOT NULL REFERENCES scans(id) ON DELETE CASCADE, "
        "grouped_by TEXT NOT NULL, packed BLOB NOT NULL, PRIMARY KEY (scan, grouped_by)) STRICT"
    )


@migrations()
def m022_severity(db: Tables) -> None:
    """The severity that the data give an alert, the highest that a channel was told of it, and the
    rule by which its begin was dropped there: from now on."""
    db.execute("ALTER TABLE alerts ADD COLUMN severity TEXT")
    db.execute("ALTER TABLE told ADD COLUMN severity TEXT")
    db.execute("ALTER TABLE told ADD COLUMN muted TEXT")


@migrations()
def m023_silences(db: Tables) -> None:
    """Keep when the end of a silence was announced; those of before are not (0)."""
    db.execute("ALTER TABLE silences ADD COLUMN announced INTEGER")
    db.execute("UPDATE silences SET announced = 0")


@migrations()
def m024_category_names(db: Tables) -> None:
    """The category above each, and each name that one ever had: rule files may have it."""
    db.execute("ALTER TABLE categories ADD COLUMN parent TEXT NOT NULL DEFAULT ''")
    # The level was stored as 1 where the answer did not say it: products know better.
    for level, own, above in _LEVELS:
        db.execute(
            f"UPDATE categories SET level = {level}, parent = p.above FROM "
            f"(SELECT {own} AS own, min({above}) AS above FROM products "
            f"WHERE {above} <> '0' GROUP BY {own}) AS p WHERE p.own = categories.category_id"
        )
    db.execute(
        "CREATE TABLE category_names (category_id TEXT NOT NULL, name TEXT NOT NULL, "
        "since INTEGER NOT NULL, PRIMARY KEY (category_id, name)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "INSERT INTO category_names (category_id, name, since) "
        "SELECT category_id, name, read FROM categories"
    )


@migrations()
def m025_links(db: Tables) -> None:
    """Links of messages, by the digests of their tokens; what was done by them; and of each alert
    when somebody acknowledged it."""
    db.execute("ALTER TABLE alerts ADD COLUMN acknowledged INTEGER")
    db.execute(
        "CREATE TABLE links (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, "
        "notification INTEGER NOT NULL REFERENCES notifications(id) ON DELETE CASCADE, "
        "made INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER) STRICT"
    )
    db.table("links").create_index(["notification"])
    db.execute(
        "CREATE TABLE deeds (id INTEGER PRIMARY KEY, "
        "link INTEGER NOT NULL REFERENCES links(id) ON DELETE CASCADE, form TEXT NOT NULL, "
        "at INTEGER NOT NULL, number INTEGER NOT NULL, what TEXT NOT NULL, rule TEXT NOT NULL, "
        "silence INTEGER, undone INTEGER, UNIQUE (link, form)) STRICT"
    )


@migrations()
def m026_reports(db: Tables) -> None:
    """Keep which of a report's times was dealt with last."""
    db.execute(
        "CREATE TABLE reports (name TEXT PRIMARY KEY, schedule TEXT NOT NULL, "
        "since INTEGER NOT NULL, due INTEGER, told INTEGER, skipped INTEGER) STRICT, WITHOUT ROWID"
    )


@migrations()
def m027_people(db: Tables) -> None:
    """People who may open the page, by the digests of their tokens; and what people wrote."""
    db.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, "
        "digest TEXT NOT NULL UNIQUE, made INTEGER NOT NULL, revoked INTEGER) STRICT"
    )
    db.execute(
        "CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, "
        "who TEXT NOT NULL, via TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL, "
        "before TEXT, after TEXT) STRICT"
    )
    for columns in (["at"], ["who", "id"], ["what", "id"]):
        db.table("audit").create_index(columns)


@migrations()
def m028_page_rules(db: Tables) -> None:
    """The versions of the rules that were written in the page."""
    db.execute(
        "CREATE TABLE page_rules (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, "
        "who TEXT NOT NULL, restores INTEGER, size INTEGER NOT NULL, digest TEXT NOT NULL, "
        "packed BLOB NOT NULL) STRICT"
    )


@migrations()
def m030_sellers(db: Tables) -> None:
    """The last list of each watch and day, for sums over many products: from now on. Products by
    their sellers and categories."""
    db.execute(
        "CREATE TABLE day_lists (scan INTEGER PRIMARY KEY "
        "REFERENCES scans(id) ON DELETE CASCADE, packed BLOB NOT NULL) STRICT"
    )
    for name in IDS:
        db.execute(f"CREATE INDEX products_of_{name} ON products(region, {name}, grouped_by)")


@migrations()
def m031_alert_search(db: Tables) -> None:
    """Have what is over found by when it began, with all that is asked of it in the index: of what
    lives nothing is in it, so that a scan which changes that writes nothing here."""
    # The state, too: SQLite reads the row for it, though it is the same for all that are here.
    asked = "product, severity, acknowledged, state) WHERE state = 'inactive'"
    db.execute(f"CREATE INDEX alerts_past ON alerts(fired_at, id, rule, {asked}")
    db.execute(f"CREATE INDEX alerts_past_of_rule ON alerts(rule, fired_at, id, {asked}")


def pending(db: Tables) -> list[str]:
    """Return what ``prepare`` would change: migrations, and columns of fields not stored so far."""
    names = [migration.name for migration in migrations.pending(db)]
    if db.table("observations").exists():
        names += [f"field {name}" for name in _missing(db)]
    return names


def applied(db: Tables) -> list[str]:
    """Names of the migrations that the database has had, the oldest first."""
    return [migration.name for migration in migrations.applied(db)]


def unknown(db: Tables) -> list[str]:
    """Migrations of the database that this version has never heard of."""
    with closing(Tables(memory=True, execute_plugins=False)) as empty:
        known = {migration.name for migration in migrations.pending(empty)}
    return [name for name in applied(db) if name not in known]


def prepare(db: Tables) -> None:
    """Bring the schema up to date; inside the caller's transaction."""
    migrations.apply(db)
    for name in _missing(db):
        kind = sql_type(BY_NAME[name])
        db.execute(f'ALTER TABLE observations ADD COLUMN "{name}" {kind}')
    # For people and Datasette: amounts in units, times as ISO texts.
    numbers = ", ".join(f'{expression(field.name)} AS "{field.name}"' for field in NUMERIC)
    observations = (
        "SELECT o.id, p.region, p.product_id, p.product_name, p.currency, "
        "strftime('%Y-%m-%dT%H:%M:%SZ', o.at, 'unixepoch') AS at, "
        f"{numbers} FROM observations AS o JOIN products AS p ON p.id = o.product"
    )
    db.create_view(VIEW, observations, replace=True)


def _missing(db: Tables) -> list[str]:
    present = set(db.table("observations").columns_dict)
    return [field.name for field in NUMERIC if field.name not in present]
