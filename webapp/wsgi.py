"""Gunicorn's target; the only module that builds an app at import."""

import sys

from webapp.app import create_app, warm_up
from webapp.events.migrate import MigrationError
from webapp.settings import Settings

app = create_app(Settings.read())
try:
    warm_up(app)
except MigrationError as error:
    sys.exit(f"everycase: {error}")
server = app.server
