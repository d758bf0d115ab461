"""Reading of JSON request bodies."""

from flask import abort, request


def text_of(name: str, longest: int = 200, default: str | None = None) -> str:
    """The text field of this name, trimmed; 422 when missing, empty or too long."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "the body must be a JSON object")
    value = body.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        abort(422, f"`{name}` is required")
    if len(value) > longest:
        abort(422, f"`{name}` may have at most {longest} characters")
    return value.strip()
