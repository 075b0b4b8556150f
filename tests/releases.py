"""A release under way: two versions that score, and which of them scores whom."""

import pytest

from tests.models import divergences, expected_scores

CUSTOMERS = "churn.customers"
RELEASE_ID = 7
SALT = 4711
# Of 65,536ths.
HALF = 32768
RELEASE = (
    "SELECT churn.release('churn.customers', %s, steps => %s, hold => '0 s',"
    " min_customers => 1, limits => %s)"
)
# So that a busy machine fails nothing.
LENIENT = (
    '{"time_ratio": 1000, "row_microseconds": 1e9, "flip_rate": 1, "mean_shift": 1,'
    ' "unseen_rate": 1}'
)
ADVANCE = "SELECT share, result, detail FROM churn.advance_releases()"
STATE = (
    "SELECT state, share, reason FROM churn.releases ORDER BY release_id DESC LIMIT 1"
)
EVERYBODY = (
    "INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM churn.customers"
)


def step(session, challenger, share=HALF, profile=CUSTOMERS, salt=SALT):
    """Have a version score a share of the customers beside the active one."""
    session.run(
        "INSERT INTO churn.deployments (attachment_id, version, artifact_sha256,"
        " action, previous_deployment_id, release_id, challenger, challenger_sha256,"
        " salt, share)"
        " SELECT d.attachment_id, d.version, d.artifact_sha256, 'release',"
        " d.previous_deployment_id, %s, m.version, m.artifact_sha256, %s, %s"
        " FROM churn.active_deployments v"
        " JOIN churn.deployments d USING (deployment_id)"
        " JOIN churn.models m ON m.version = %s WHERE v.profile = %s::regclass",
        *(RELEASE_ID, salt, share, challenger, profile),
    )


def end(session, profile=CUSTOMERS):
    """Have the version in force score all customers again."""
    session.run(
        "INSERT INTO churn.deployments (attachment_id, version, artifact_sha256,"
        " action, previous_deployment_id, release_id)"
        " SELECT d.attachment_id, d.version, d.artifact_sha256, 'cancel',"
        " d.previous_deployment_id, d.release_id"
        " FROM churn.active_deployments v"
        " JOIN churn.deployments d USING (deployment_id)"
        " WHERE v.profile = %s::regclass",
        profile,
    )


def challenged(session, share=HALF, salt=SALT, profile=CUSTOMERS, key="customer_id"):
    """Return the keys that the challenger scores."""
    return set(
        session.column(
            f"SELECT {key}::text FROM {profile}"
            f" WHERE churn_internal.in_arm({key}::text, %s, %s)",
            *(salt, share),
        )
    )


def expected(session, champion, challenger, **options):
    """Return what scikit-learn says of each customer, by the model of its arm."""
    there = {name: options[name] for name in ("profile", "key") if name in options}
    ours = challenged(session, **options)
    other = expected_scores(session, challenger, **there)
    return {
        key: other[key] if key in ours else score
        for key, score in expected_scores(session, champion, **there).items()
    }


def stored_versions(session, profile=CUSTOMERS, key="customer_id"):
    """Return the version that each row names, by key."""
    return dict(session.run(f"SELECT {key}::text, churn_model_version FROM {profile}"))


def assert_of_arms(session, versions, models, **options):
    """Every row has the score of its arm, and names the version that gave it."""
    there = {name: options[name] for name in ("profile", "key") if name in options}
    profile, key = there.get("profile", CUSTOMERS), there.get("key", "customer_id")
    stored = dict(session.run(f"SELECT {key}::text, churn_score FROM {profile}"))
    assert stored == pytest.approx(
        expected(session, *models, **options), rel=0, abs=1e-9
    )
    ours = challenged(session, **options)
    assert stored_versions(session, **there) == {
        row: versions[row in ours] for row in stored
    }
    assert divergences(session, profile) == []
