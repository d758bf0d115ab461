"""The health report that deployments, smoke tests and monitoring ask for."""

from flask import Blueprint, current_app, jsonify

from hotgigs.database import database
from hotgigs.throttle import counters

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health():
    """200 when the application can do its work, 503 when it cannot."""
    settings = current_app.extensions["hotgigs_settings"]
    parts = {
        "database": database().is_reachable(),
        "counters": counters().is_reachable(),
    }
    healthy = all(parts.values())
    report = {
        "status": "healthy" if healthy else "unhealthy",
        "version": settings.version,
        "environment": settings.environment,
    }
    report |= {
        name: "reachable" if reachable else "unreachable"
        for name, reachable in parts.items()
    }
    return jsonify(report), 200 if healthy else 503
