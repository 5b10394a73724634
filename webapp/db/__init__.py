"""The database, SQLite or PostgreSQL: connections, schema, migrations, locks and plain tables.

The event log (``webapp.events``) is built on it. Nothing else in the app imports SQLAlchemy.

- ``database``: connections and transactions; driver errors become ``LogUnavailableError``
- ``schema``: every table, with its columns and indexes
- ``migrate``, ``migrations/``: bring a database to that schema, or go back
- ``lock``: run something once at a time, over processes and machines
- ``sql``, ``ids``: INSERT statements, event ids
- ``tables/``: one class per table beside the event log
"""
