import pytest

from tests.models import (
    activate,
    assert_fresh,
    default_model,
    other_model,
    register,
)

MODEL = default_model()


@pytest.fixture
def application(session):
    session.run(
        "CREATE ROLE pgchurn_test_application IN ROLE churn_application;"
        "SET LOCAL ROLE pgchurn_test_application"
    )
    return session


def test_an_application_inserts_complaints(application):
    application.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    application.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")
    application.copy(
        "COPY churn.complaints (customer_id, channel) FROM STDIN", ["5\tx\n"]
    )
    application.run("SELECT churn.warm()")

    application.run("RESET ROLE")
    assert application.column(
        "SELECT complaint_count FROM churn.customers WHERE customer_id IN (1, 3)"
        " ORDER BY customer_id"
    ) == [2, 1]
    assert_fresh(application, MODEL)


def test_an_application_learns_of_an_unknown_customer(application):
    assert (
        application.refusal(
            "INSERT INTO churn.complaints (customer_id) VALUES (999999)"
        ).sqlstate
        == "23503"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM churn.customers",
        "SELECT FROM churn.complaints",
        "SELECT FROM churn.models",
        "SELECT FROM churn.deployments",
        "SELECT FROM churn.attachments",
        "SELECT FROM churn.active_deployments",
        "INSERT INTO churn.complaints (customer_id) VALUES (1) RETURNING customer_id",
        "UPDATE churn.complaints SET subject = ''",
        "DELETE FROM churn.complaints",
        "TRUNCATE churn.complaints",
        "UPDATE churn.customers SET age = 1",
        "INSERT INTO churn.customers (customer_id) VALUES (999)",
        "SELECT churn.score_customer(1)",
        "SELECT churn.score(NULL::churn.customers)",
        "SELECT churn_internal.score_features(1, '', '{}', '{}', 0)",
        "SELECT churn.predict(1, '{}')",
        "SELECT churn.activate_model(1)",
        "SELECT churn.rollback_model('churn.customers')",
        "SELECT churn.verify('churn.customers')",
        "CALL churn.rescore('churn.customers')",
        "SELECT churn.server_environment()",
        "SELECT churn_internal.attachment_of('churn.customers')",
        "SELECT churn.set_on_error('churn.customers', 'raise')",
        "SELECT churn.detach('churn.customers')",
        "SELECT churn_internal.write_profiles_1('{1}', '{9}', NULL)",
        "SELECT churn_internal.load_runtime()",
        "SELECT churn_internal.create_from_template('SELECT 1', '{}')",
        "CREATE TABLE churn.mine (id integer)",
        "DO LANGUAGE plpython3u 'pass'",
    ],
)
def test_an_application_can_do_nothing_else(application, statement):
    assert application.refusal(statement).sqlstate in ("42501", "42883")


def test_a_loader_registers_activates_and_goes_back(session):
    with session.role("churn_loader"):
        version = register(session, other_model())
        activate(session, version)
        session.run("SELECT churn.rollback_model('churn.customers')")
        session.run("SELECT churn.set_on_error('churn.customers', 'raise')")
        assert session.run("SELECT version, registered_by FROM churn.models")


@pytest.mark.parametrize("role", ["churn_loader", "churn_scorer"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO churn.complaints (customer_id) VALUES (1)",
        "INSERT INTO churn.deployments"
        " (attachment_id, version, artifact_sha256, action)"
        " VALUES (1, 1, '', 'activate')",
        "INSERT INTO churn.models (attachment_id, artifact, artifact_sha256, signature,"
        " metrics, environment, provenance)"
        " VALUES (1, '', sha256(''), '{}', '{}', '{}', '{}')",
        "UPDATE churn.models SET metrics = '{}'",
        "DELETE FROM churn.deployments",
        "SELECT artifact FROM churn.models",
        "SELECT * FROM churn.models",
        "UPDATE churn.attachments SET on_error = 'keep'",
        "UPDATE churn.customers SET churn_score = 0",
        "SELECT churn_internal.load_runtime()",
        "SELECT churn_internal.score_batch(1, 1, '', NULL, '', '', NULL, NULL)",
        "SELECT churn_internal.read_profiles(a, '{1}') FROM churn.attachments a",
        "SELECT churn_internal.write_profiles_1('{1}', '{9}', NULL)",
        "SELECT churn_internal.lock_deployments(1)",
        "SELECT churn_internal.create_from_template('SELECT 1', '{}')",
        "SELECT churn_internal.refresh_attachment(1)",
    ],
)
def test_neither_loader_nor_analyst_goes_past_the_interface(session, role, statement):
    with session.role(role):
        assert session.refusal(statement).sqlstate == "42501"


def test_an_analyst_reads_and_scores(session):
    version = session.value("SELECT version FROM churn.active_deployments")
    with session.role("churn_scorer"):
        assert (
            session.value("SELECT count(churn.score(c)) FROM churn.customers c") == 40
        )
        assert session.value("SELECT churn.score_customer(1)") > 0
        assert session.value(
            "SELECT churn.predict(%s, to_jsonb(c)) FROM churn.customers c LIMIT 1",
            version,
        )
        assert session.run("SELECT version, signature FROM churn.models")
        assert session.value("SELECT churn.warm()") == 1
        assert session.value("SELECT churn.server_environment()")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT churn.activate_model(1)",
        "SELECT churn.rollback_model('churn.customers')",
        "SELECT churn.set_on_error('churn.customers', 'keep')",
        "CALL churn.rescore('churn.customers')",
        "SELECT churn.register_model('churn.customers', '', '{}', '{}', '{}', '{}',"
        " '{}', '{}')",
    ],
)
def test_an_analyst_moves_nothing(session, statement):
    with session.role("churn_scorer"):
        assert session.refusal(statement).sqlstate == "42501"


def test_a_stranger_has_no_way_in(session):
    session.run("CREATE ROLE pgchurn_test_stranger")
    with session.role("pgchurn_test_stranger"):
        assert session.refusal("SELECT churn.warm()").sqlstate == "42501"


def test_the_deployment_names_who_logged_in_and_not_the_functions_owner(session):
    version = register(session, other_model())
    activate(session, version)

    assert session.value(
        "SELECT deployed_by FROM churn.deployments ORDER BY deployment_id DESC LIMIT 1"
    ) == session.value("SELECT session_user")
