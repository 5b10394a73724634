"""One module a table: jobs, checks, promotions, alerts, uploads, sessions."""
