"""One module a page: layout(**query) and register(app, services)."""
