"""Smoke tests of a deployed HotGigs: what a visitor would notice first.

    python scripts/smoke_test.py http://HOST:PORT [VERSION]

It only reads, needs nothing but Python, and says for every check how long the answer took.
"""

import json
import sys
import time
import urllib.error
import urllib.request

LONGEST_ANSWER_SECONDS = 0.5
TIMEOUT_SECONDS = 10


class Failure(Exception):
    """A check that did not hold."""


def ask(address: str, path: str, expected_status: int = 200) -> str:
    """The answer's body, once its status and its time are as they must be."""
    start = time.perf_counter()
    request = urllib.request.Request(address + path)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            status, body = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read().decode()
    except OSError as error:
        raise Failure(f"{path}: no answer: {error}") from error
    elapsed = time.perf_counter() - start
    if status != expected_status:
        raise Failure(f"{path}: status {status}, not {expected_status}")
    if elapsed > LONGEST_ANSWER_SECONDS:
        raise Failure(f"{path}: {elapsed * 1000:.0f} ms, more than 500 ms")
    print(f"ok  {path} ({elapsed * 1000:.0f} ms)")
    return body


def check(address: str, version: str | None) -> None:
    """All checks, in the order in which a failure is most telling."""
    report = json.loads(ask(address, "/api/health"))
    if report["status"] != "healthy":
        raise Failure(f"/api/health: {report}")
    if version and report["version"] != version:
        raise Failure(f"version {report['version']} serves, not {version}")
    if not isinstance(json.loads(ask(address, "/api/jobs"))["jobs"], list):
        raise Failure("/api/jobs: no list of jobs")
    ask(address, "/api/applications", expected_status=401)
    ask(address, "/api/jobs/999999999", expected_status=404)
    if "hotgigs_requests_total" not in ask(address, "/api/metrics"):
        raise Failure("/api/metrics: no counters")
    page = ask(address, "/")
    if "<title>HotGigs</title>" not in page:
        raise Failure("/: not the page of HotGigs")
    if version and f"Version {version}" not in page:
        raise Failure(f"/: the page is not of version {version}")
    ask(address, "/main.js")


def main(arguments: list[str]) -> int:
    """Run the checks and turn the first failure into an exit code."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        check(arguments[0].rstrip("/"), arguments[1] if len(arguments) > 1 else None)
    except Failure as failure:
        print(f"failed  {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
