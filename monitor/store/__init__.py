"""The store: the one door to SQL. SQLite by default, PostgreSQL by URL; see `monitor.store.database`."""
