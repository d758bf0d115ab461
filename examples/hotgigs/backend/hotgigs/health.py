"""The health report that deployments, smoke tests and monitoring ask for."""

from flask import Blueprint, current_app, jsonify

from hotgigs.database import database

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health():
    """200 when the application can do its work, 503 when it cannot."""
    settings = current_app.extensions["hotgigs_settings"]
    reachable = database().is_reachable()
    report = {
        "status": "healthy" if reachable else "unhealthy",
        "version": settings.version,
        "environment": settings.environment,
        "database": "reachable" if reachable else "unreachable",
    }
    return jsonify(report), 200 if reachable else 503
