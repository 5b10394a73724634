"""Gunicorn's target, the only module that builds an app on import."""

import sys

from webapp.app import create_app, warm_up
from webapp.db.migrate import MigrationError
from webapp.settings import SettingError, Settings

try:
    app = create_app(Settings.read())
    warm_up(app)
except (SettingError, MigrationError) as error:
    sys.exit(f"everycase: {error}")
server = app.server
