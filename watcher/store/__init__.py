"""History, alerts, outbox and ledger in one SQLite file."""
