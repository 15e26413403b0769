"""Reflections: versions handed in, grades not released, comments on passages, phrases."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("reflections") as batch:
        batch.add_column(sa.Column("returned_until", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("flagged_by_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("state_before", sa.String(length=20), nullable=True))
        batch.create_foreign_key(
            op.f("fk_reflections_flagged_by_id_memberships"),
            "memberships",
            ["flagged_by_id"],
            ["id"],
        )
    op.add_column(
        "rubric_assessments", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "rubric_assessments", sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(
        "UPDATE rubric_assessments SET released_at = assessed_at, submitted_at ="
        " (SELECT submitted_at FROM reflections WHERE reflections.id = reflection_id)"
    )
    _create_versions()
    _create_drafts_and_comments()
    _keep_what_was_handed_in()


def downgrade() -> None:
    op.drop_index(op.f("ix_phrases_membership_id"), table_name="phrases")
    op.drop_table("phrases")
    op.drop_index(op.f("ix_passage_comments_reflection_id"), table_name="passage_comments")
    op.drop_table("passage_comments")
    op.drop_table("draft_assessments")
    op.drop_table("submitted_versions")
    op.drop_column("rubric_assessments", "submitted_at")
    op.drop_column("rubric_assessments", "released_at")
    with op.batch_alter_table("reflections") as batch:
        batch.drop_constraint(op.f("fk_reflections_flagged_by_id_memberships"), type_="foreignkey")
        batch.drop_column("state_before")
        batch.drop_column("flagged_by_id")
        batch.drop_column("returned_until")


def _create_versions() -> None:
    op.create_table(
        "submitted_versions",
        sa.Column("reflection_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_help", sa.LargeBinary(), nullable=True),
        sa.Column("self_levels", sa.JSON(), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_by_id", sa.Uuid(), nullable=True),
        sa.Column("sealed_feedback", sa.LargeBinary(), nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reflection_id"],
            ["reflections.id"],
            name=op.f("fk_submitted_versions_reflection_id_reflections"),
        ),
        sa.ForeignKeyConstraint(
            ["returned_by_id"],
            ["memberships.id"],
            name=op.f("fk_submitted_versions_returned_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submitted_versions")),
        sa.UniqueConstraint(
            "reflection_id", "number", name=op.f("uq_submitted_versions_reflection_id_number")
        ),
    )


def _create_drafts_and_comments() -> None:
    op.create_table(
        "draft_assessments",
        sa.Column("reflection_id", sa.Uuid(), nullable=False),
        sa.Column("selections", sa.JSON(), nullable=False),
        sa.Column("share", sa.String(length=40), nullable=False),
        sa.Column("sealed_comment", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("marked_by_id", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reflection_id"],
            ["reflections.id"],
            name=op.f("fk_draft_assessments_reflection_id_reflections"),
        ),
        sa.ForeignKeyConstraint(
            ["marked_by_id"],
            ["memberships.id"],
            name=op.f("fk_draft_assessments_marked_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_assessments")),
        sa.UniqueConstraint("reflection_id", name=op.f("uq_draft_assessments_reflection_id")),
    )
    op.create_table(
        "passage_comments",
        sa.Column("reflection_id", sa.Uuid(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("sealed_comment", sa.LargeBinary(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reflection_id"],
            ["reflections.id"],
            name=op.f("fk_passage_comments_reflection_id_reflections"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["memberships.id"],
            name=op.f("fk_passage_comments_author_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage_comments")),
    )
    op.create_index(
        op.f("ix_passage_comments_reflection_id"), "passage_comments", ["reflection_id"]
    )
    op.create_table(
        "phrases",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["memberships.id"], name=op.f("fk_phrases_membership_id_memberships")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrases")),
    )
    op.create_index(op.f("ix_phrases_membership_id"), "phrases", ["membership_id"])


def _keep_what_was_handed_in() -> None:
    """Copy the sealed texts as they are: a version opens with the seal of the submitted text."""
    moment = sa.DateTime(timezone=True)
    old = sa.table(
        "reflections",
        sa.column("id", sa.Uuid()),
        sa.column("submitted_text", sa.LargeBinary()),
        sa.column("word_count", sa.Integer()),
        sa.column("submitted_at", moment),
    )
    new = sa.table(
        "submitted_versions",
        sa.column("id", sa.Uuid()),
        sa.column("reflection_id", sa.Uuid()),
        sa.column("number", sa.Integer()),
        sa.column("sealed_text", sa.LargeBinary()),
        sa.column("word_count", sa.Integer()),
        sa.column("submitted_at", moment),
        sa.column("self_levels", sa.JSON()),
    )
    bind = op.get_bind()
    found = bind.execute(sa.select(old).where(old.c.submitted_text.is_not(None))).all()
    rows = [
        {
            "id": uuid.uuid4(),
            "reflection_id": row.id,
            "number": 1,
            "sealed_text": row.submitted_text,
            "word_count": row.word_count,
            "submitted_at": row.submitted_at,
            "self_levels": {},
        }
        for row in found
    ]
    if rows:
        bind.execute(sa.insert(new), rows)
