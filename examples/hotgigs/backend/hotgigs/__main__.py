"""`python -m hotgigs` serves the application; HOST and PORT say where."""

import os

import waitress

from hotgigs import create_app


def main() -> None:
    """Serve until the process is told to end."""
    host = os.environ.get("HOST", "127.0.0.1")
    port = int(os.environ.get("PORT", "8000"))
    print(f"hotgigs listens on {host}:{port}", flush=True)
    waitress.serve(create_app(), host=host, port=port, threads=8, _quiet=True)


if __name__ == "__main__":
    main()
