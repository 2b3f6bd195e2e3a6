"""What people were told, as a look back asks for it."""

from __future__ import annotations

from tests.store.making import START
from watcher.message import Message
from watcher.model import Severity
from watcher.store.sqlite.database import Database


def test_each_message_is_looked_up_by_itself(store: Database) -> None:
    """Not in all that was ever sent: of ten thousand messages that took seconds."""
    body = Message("alerts", "t", Severity.INFO, START, "r", data_at=START, alerts={"firing": (1,)})
    for target in ("me/1", "me/2"):
        for row in store.outbox.add("me", [target], body, START):
            if target == "me/1":
                store.outbox.sent(row, START)
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    assert len(store.tellings.delivered(["r"], START, START)) == 1
    store.conn.set_trace_callback(None)
    plans = [row[3] for sql in statements for row in store.rows(f"EXPLAIN QUERY PLAN {sql}")]
    assert "notifications_state" not in " ".join(plans)
    assert sum("idx_notifications_message" in plan for plan in plans) == 2
