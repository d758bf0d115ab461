"""Counters in Prometheus' text format under /api/metrics.

They belong to the process: every copy of the application is scraped for itself.
"""

import threading
import time
from collections import defaultdict

from flask import Flask, Response, g, request

_lock = threading.Lock()
_counters: dict[str, float] = defaultdict(float)


def count(name: str, amount: float = 1) -> None:
    """Add to a counter."""
    with _lock:
        _counters[name] += amount


def install(app: Flask) -> None:
    """Measure every request of the application and publish the counters."""

    @app.before_request
    def start_clock():
        g.started_at = time.perf_counter()

    @app.after_request
    def measure(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        labels = f'route="{route}",status="{response.status_code}"'
        count(f"hotgigs_requests_total{{{labels}}}")
        elapsed = time.perf_counter() - g.started_at
        count(f'hotgigs_request_seconds_total{{route="{route}"}}', elapsed)
        return response

    @app.get("/api/metrics")
    def publish() -> Response:
        with _lock:
            lines = [f"{name} {value:g}" for name, value in sorted(_counters.items())]
        return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")
