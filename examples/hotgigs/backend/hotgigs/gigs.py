"""The job board: listing, publishing and applying."""

import sqlalchemy as sa
from flask import Blueprint, abort, g, jsonify, request

from hotgigs import metrics
from hotgigs.auth import signed_in
from hotgigs.database import applications, database, gigs
from hotgigs.forms import text_of

LARGEST_PAGE = 100

blueprint = Blueprint("gigs", __name__)


@blueprint.get("/jobs")
def list_gigs():
    """Newest first; `q` searches titles and companies, `location` filters."""
    query = sa.select(gigs).order_by(gigs.c.id.desc())
    if words := request.args.get("q", "").strip():
        query = query.where(
            gigs.c.title.icontains(words, autoescape=True)
            | gigs.c.company.icontains(words, autoescape=True)
        )
    if location := request.args.get("location", "").strip():
        query = query.where(sa.func.lower(gigs.c.location) == location.lower())
    limit = request.args.get("limit", 20, type=int)
    with database().begin() as connection:
        rows = connection.execute(query.limit(max(1, min(limit, LARGEST_PAGE))))
        return jsonify(jobs=[_as_json(row) for row in rows])


@blueprint.get("/jobs/<int:gig_id>")
def show_gig(gig_id: int):
    """One job with the number of its applications."""
    with database().begin() as connection:
        row = _find(connection, gig_id)
        n_applications = connection.scalar(
            sa.select(sa.func.count()).where(applications.c.gig_id == gig_id)
        )
    return jsonify(_as_json(row) | {"applications": n_applications})


@blueprint.post("/jobs")
@signed_in
def publish_gig():
    """Publish a job in the name of the signed-in user."""
    values = {
        "title": text_of("title"),
        "company": text_of("company"),
        "location": text_of("location"),
        "description": text_of("description", longest=10_000, default=""),
        "owner_id": g.user_id,
    }
    with database().begin() as connection:
        key = connection.execute(gigs.insert().values(values)).inserted_primary_key
        row = _find(connection, key[0])
    metrics.count("hotgigs_jobs_published_total")
    return jsonify(_as_json(row)), 201


@blueprint.post("/jobs/<int:gig_id>/applications")
@signed_in
def apply_for_gig(gig_id: int):
    """Apply once for a job of somebody else."""
    message = text_of("message", longest=10_000, default="")
    try:
        with database().begin() as connection:
            if _find(connection, gig_id).owner_id == g.user_id:
                abort(422, "this is your own job")
            key = connection.execute(
                applications.insert().values(
                    gig_id=gig_id, applicant_id=g.user_id, message=message
                )
            ).inserted_primary_key
    except sa.exc.IntegrityError:
        abort(409, "you have applied for this job already")
    metrics.count("hotgigs_applications_total")
    return jsonify(id=key[0], job_id=gig_id), 201


@blueprint.get("/applications")
@signed_in
def my_applications():
    """What the signed-in user has applied for."""
    query = (
        sa.select(gigs.c.title, applications.c.gig_id, applications.c.message)
        .join(gigs)
        .where(applications.c.applicant_id == g.user_id)
        .order_by(applications.c.id)
    )
    with database().begin() as connection:
        return jsonify(
            applications=[
                {"job_id": row.gig_id, "title": row.title, "message": row.message}
                for row in connection.execute(query)
            ]
        )


def _find(connection, gig_id: int):
    row = connection.execute(sa.select(gigs).where(gigs.c.id == gig_id)).first()
    if row is None:
        abort(404, "there is no such job")
    return row


def _as_json(row) -> dict:
    return {
        "id": row.id,
        "title": row.title,
        "company": row.company,
        "location": row.location,
        "description": row.description,
        "created_at": row.created_at.isoformat(),
    }
