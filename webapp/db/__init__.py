"""The database: connections, schema, migrations, and the tables beside the event log."""
