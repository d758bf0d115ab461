"""Failed logins, counted so that passwords cannot be guessed in quantity.

All copies of the application count together in Redis; without REDIS_URL each counts
for itself.
"""

import threading
import time

import redis
from flask import current_app

MOST_FAILURES = 10
WINDOW_SECONDS = 900


class InMemoryCounters:
    """Counters of this process that end by themselves."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counters: dict[str, tuple[int, float]] = {}

    def add(self, name: str) -> None:
        """Count one more; the window begins with the first."""
        with self._lock:
            count, ends_at = self._current(name)
            self._counters[name] = (count + 1, ends_at)

    def count(self, name: str) -> int:
        """How many there were in the window."""
        with self._lock:
            return self._current(name)[0]

    def is_reachable(self) -> bool:
        """Always."""
        return True

    def _current(self, name: str) -> tuple[int, float]:
        now = time.monotonic()
        count, ends_at = self._counters.get(name, (0, 0.0))
        return (count, ends_at) if ends_at > now else (0, now + WINDOW_SECONDS)


class RedisCounters:
    """Counters that every copy of the application shares."""

    def __init__(self, url: str):
        self._redis = redis.Redis.from_url(url, socket_timeout=2)

    def add(self, name: str) -> None:
        """Count one more; the window begins with the first."""
        pipeline = self._redis.pipeline()
        pipeline.set(_key(name), 0, ex=WINDOW_SECONDS, nx=True)
        pipeline.incr(_key(name))
        pipeline.execute()

    def count(self, name: str) -> int:
        """How many there were in the window."""
        return int(self._redis.get(_key(name)) or 0)

    def is_reachable(self) -> bool:
        """Whether Redis answers right now."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False


def counters_at(url: str | None) -> InMemoryCounters | RedisCounters:
    """The counters that REDIS_URL names."""
    return RedisCounters(url) if url else InMemoryCounters()


def counters() -> InMemoryCounters | RedisCounters:
    """The counters of the application that handles the current request."""
    return current_app.extensions["hotgigs_counters"]


def _key(name: str) -> str:
    return f"hotgigs:failed-logins:{name}"
