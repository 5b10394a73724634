"""Gunicorn's target; the only module that builds an app at import."""

from webapp.app import create_app, warm_up
from webapp.settings import Settings

app = create_app(Settings.read())
warm_up(app)
server = app.server
