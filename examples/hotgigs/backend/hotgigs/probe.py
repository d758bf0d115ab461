"""`python -m hotgigs.probe [URL [VERSION]]` succeeds when the application is healthy.

Used as the image's health check and by the deployment, so it needs no curl.
"""

import json
import os
import sys
import urllib.request

TIMEOUT_SECONDS = 3


def problem_at(url: str, version: str | None = None) -> str | None:
    """What is wrong with the application at this address; None when nothing is."""
    if not url.startswith("http://"):
        return f"{url} is not an http address"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # nosec
            report = json.load(answer)
    except (OSError, ValueError) as error:
        return f"{url} does not answer: {error}"
    if version and report.get("version") != version:
        return f"{url} runs version {report.get('version')}, not {version}"
    return None


def main(arguments: list[str]) -> int:
    """Print the problem, if any, and turn it into an exit code."""
    port = os.environ.get("PORT", "8000")
    url = arguments[0] if arguments else f"http://127.0.0.1:{port}/api/health"
    version = arguments[1] if len(arguments) > 1 else None
    problem = problem_at(url, version)
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
