"""Accounts: registration, login, and the bearer tokens that requests carry."""

import functools
import time

import jwt
import sqlalchemy as sa
from flask import Blueprint, abort, current_app, g, jsonify, request
from werkzeug.security import check_password_hash, generate_password_hash

from hotgigs import metrics, throttle
from hotgigs.database import database, users
from hotgigs.forms import text_of

ALGORITHM = "HS256"
SHORTEST_PASSWORD = 10

blueprint = Blueprint("auth", __name__)


@blueprint.post("/auth/register")
def register():
    """Create an account and answer with its first token."""
    email = text_of("email", longest=254).lower()
    password = text_of("password", longest=200)
    if "@" not in email:
        abort(422, "`email` must be an address")
    if len(password) < SHORTEST_PASSWORD:
        abort(422, f"`password` needs at least {SHORTEST_PASSWORD} characters")
    method = current_app.extensions["hotgigs_settings"].password_hash_method
    row = {
        "email": email,
        "password_hash": generate_password_hash(password, method),
    }
    try:
        with database().begin() as connection:
            user_id = connection.execute(
                users.insert().values(row)
            ).inserted_primary_key[0]
    except sa.exc.IntegrityError:
        abort(409, "there is an account with this address already")
    metrics.count("hotgigs_registrations_total")
    return jsonify(token=issue_token(user_id)), 201


@blueprint.post("/auth/login")
def login():
    """A token; 401 whichever of the two was wrong, 429 after many failures."""
    email = text_of("email", longest=254).lower()
    password = text_of("password", longest=200)
    failures = throttle.counters()
    if failures.count(email) >= throttle.MOST_FAILURES:
        metrics.count("hotgigs_refused_logins_total")
        abort(429, "too many failed logins; try again later")
    with database().begin() as connection:
        user = connection.execute(
            sa.select(users).where(users.c.email == email)
        ).first()
    if user is None or not check_password_hash(user.password_hash, password):
        failures.add(email)
        metrics.count("hotgigs_failed_logins_total")
        abort(401, "wrong address or password")
    return jsonify(token=issue_token(user.id))


def issue_token(user_id: int) -> str:
    """A signed token that names the user and ends by itself."""
    settings = current_app.extensions["hotgigs_settings"]
    claims = {
        "sub": str(user_id),
        "exp": int(time.time()) + settings.token_lifetime_seconds,
    }
    return jwt.encode(claims, settings.jwt_secret_key, algorithm=ALGORITHM)


def signed_in(view):
    """Let only requests with a valid token pass; `g.user_id` says whose it is."""

    @functools.wraps(view)
    def checked(*args, **kwargs):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            abort(401, "send `Authorization: Bearer TOKEN`")
        key = current_app.extensions["hotgigs_settings"].jwt_secret_key
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM])
        except jwt.ExpiredSignatureError:
            abort(401, "the token has expired")
        except jwt.InvalidTokenError:
            abort(401, "the token is not valid")
        g.user_id = int(claims["sub"])
        return view(*args, **kwargs)

    return checked
