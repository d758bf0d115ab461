"""HotGigs: a job board. `create_app` builds the web application."""

from flask import Flask, jsonify
from werkzeug.exceptions import HTTPException

from hotgigs import auth, gigs, health, metrics, throttle
from hotgigs.database import Database
from hotgigs.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from its settings, by default the environment's."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.extensions["hotgigs_settings"] = settings
    app.extensions["hotgigs_database"] = Database(settings.database_url)
    app.extensions["hotgigs_counters"] = throttle.counters_at(settings.redis_url)
    app.json.sort_keys = False
    for blueprint in (health.blueprint, auth.blueprint, gigs.blueprint):
        app.register_blueprint(blueprint, url_prefix="/api")
    metrics.install(app)
    app.register_error_handler(HTTPException, _as_json)
    return app


def _as_json(error: HTTPException):
    return jsonify(message=error.description), error.code
