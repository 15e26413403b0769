"""Every column that is about a person, and what becomes of it when the person is erased.

The lists are what erasing and retention go by, so that they are true. A test holds them, and what
an export has, against all tables: a new column about a person cannot be forgotten.
"""

OF_MEMBER = (
    "score_deliveries.membership_id",
    "attempts.membership_id",
    "lms_dates.membership_id",
    "phrases.membership_id",
    "practice_sets.membership_id",
    "reflections.membership_id",
    "score_adjustments.membership_id",
)
"""Rows of one person in one course, which go with all that hangs on them."""

OF_USER_IN_COURSE = (
    "accommodations.user_id",
    "launch_sessions.user_id",
    "roster_entries.user_id",
)
"""Rows of one person in one course that go as well; their tables name the course themselves."""

SAME_ROWS = {"launch_sessions.membership_id": "launch_sessions.user_id"}
"""Columns of rows that another column leads to already."""

OF_USER = (
    "presets.owner_id",
    "profiles.user_id",
)
"""Rows of one person beside all courses; they go with the last of the person's courses."""

PSEUDONYMOUS = (
    "grades.membership_id",
    "memberships.user_id",
)
"""Rows that stay as scores of nobody: of a new member of the course, whom nothing names."""

BY_SOMEBODY = (
    "accepted_wordings.accepted_by_id",
    "accommodations.changed_by_id",
    "adopted_keys.adopted_by_id",
    "authored_modules.created_by_id",
    "authored_modules.updated_by_id",
    "authored_versions.published_by_id",
    "content_items.placed_by_id",
    "draft_assessments.marked_by_id",
    "item_questions.answered_by_id",
    "item_regrades.decided_by_id",
    "key_votes.voter_id",
    "markings.marker_id",
    "passage_comments.author_id",
    "reflections.flagged_by_id",
    "rubric_assessments.assessed_by_id",
    "score_adjustments.made_by_id",
    "submitted_versions.returned_by_id",
)
"""Who did something to the course or to another's work: it stays, done by nobody who is named."""

BESIDE_KEYS = {
    "audit_events.actor_id": "the id of a user row that is gone; the trail is never changed",
    "erasures.person_digest": "a digest, kept so that a restored backup is erased again",
    "gradebook_checks.findings": "the membership is taken out of what was found",
    "launch_sessions.for_user": "the pseudonym stands in its place",
    "launch_sessions.mentored": "the person is taken out of the list",
    "marker_plans.marker_ids": "the marker is taken out of the plan",
    "users.sub": "the row goes; the pseudonym that takes its place is drawn at random",
}
"""Columns about a person that are no foreign keys, and what erasing does to each."""

EXPORTED = (
    "accommodations",
    "attempts",
    "drafts",
    "grades",
    "item_questions",
    "launch_sessions",
    "lms_dates",
    "memberships",
    "passage_comments",
    "phrases",
    "practice_sets",
    "presets",
    "profiles",
    "reflections",
    "responses",
    "roster_entries",
    "rubric_assessments",
    "score_adjustments",
    "score_deliveries",
    "submitted_versions",
    "users",
)
"""Tables whose rows about a person are in that person's export."""

NOT_EXPORTED = {
    "deep_linkings": "what a platform's dialog may be answered with; it names nobody",
    "delivery_tries": "each try of the tool at a gradebook; where the score stands is exported",
    "draft_assessments": "drafts of those who teach, until they are released",
    "markings": "drafts of those who teach, until a grade is agreed on",
}
"""Tables that hang on a person's rows and are not in the export, with the reason."""
