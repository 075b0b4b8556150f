"""Who may say which models are trusted, and what that does."""

import contextlib
import hashlib
import json
import math

import psycopg2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pgchurn.loader.models.registration import attestation_parameters

from tests.models import (
    activate,
    default_model,
    fit,
    other_model,
    register,
    rescore_in_place,
)
from tests.schemas import OURS
from tests.signers import (
    KEY,
    LONG_AGO,
    OTHER_KEY,
    compiled,
    public_pem,
    register_signed,
    signed,
    signed_with_form,
    trust,
)

MODEL = default_model()
OTHER = other_model()
SCORE = "SELECT churn.score_customer(1)"
BEGIN_REPEATABLE_READ = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM churn.models"
)
COMPLAIN = "INSERT INTO churn.complaints (customer_id) VALUES "
# Each way to a score.
STATEMENTS = {
    "a score": SCORE,
    "scores": "SELECT churn.score(c) FROM churn.customers c",
    "many scores": "SELECT churn.score_many(array_agg(c)) FROM churn.customers c",
    "a prediction": """
        SELECT churn.predict(d.version, to_jsonb(c))
        FROM churn.customers c, churn.active_deployments d WHERE c.customer_id = 1
    """,
    "a complaint": COMPLAIN + "(1)",
    "complaints": COMPLAIN + "(1), (2)",
    "a feature": "UPDATE churn.customers SET age = age + 1",
}
# A row of a version that never went through churn.register_model.
BEHIND = """
    INSERT INTO churn.models (
        attachment_id, artifact, artifact_sha256, compiled, compiled_sha256, parity,
        compilation, signature, metrics, environment, provenance, attestation,
        attestation_signature, attestation_key
    )
    SELECT m.attachment_id, a.artifact, sha256(a.artifact), a.compiled,
           sha256(a.compiled), CASE WHEN a.compiled IS NOT NULL THEN 0.0 END,
           'behind', %(signature)s, '{}', m.environment, '{}', %(attestation)s,
           %(attestation_signature)s, %(attestation_key)s
    FROM churn.models m,
         (SELECT %(artifact)s::bytea, %(compiled)s::bytea) a (artifact, compiled)
    WHERE m.version = 1
    RETURNING version
"""
DEPLOY_BEHIND = """
    INSERT INTO churn.deployments (attachment_id, version, artifact_sha256, action)
    SELECT m.attachment_id, m.version, m.artifact_sha256, 'activate'
    FROM churn.models m WHERE m.version = %s
"""


@pytest.fixture
def session(first):
    return first


@pytest.fixture
def trusting(session):
    """A session of a superuser, who trusts a key; the active model is signed by it."""
    session.fingerprint = trust(session)
    activate(session, register_signed(session, MODEL, signed(MODEL, 2)))
    return session


def refused_registration(session, model, attestation=None, **changed):
    return refusal(
        session, lambda: register_signed(session, model, attestation, **changed)
    )


def refusal(session, attempt):
    with pytest.raises(psycopg2.Error) as raised, session.savepoint():
        attempt()
    return raised.value


def insert_behind(session, model, attestation=None, **changed):
    """Write a version and its activation as a table's row; return the version."""
    given = {
        "artifact": model.artifact,
        "compiled": None,
        "signature": json.dumps(model.signature),
        **attestation_parameters(attestation),
        **changed,
    }
    with session.connection.cursor() as cursor:
        cursor.execute(BEHIND, given)
        (version,) = cursor.fetchone()
        cursor.execute(DEPLOY_BEHIND, (version,))
    return version


@contextlib.contextmanager
def acting_as(session, role):
    """Act as a role of pgchurn, or as one made to attack."""
    if role in ATTACKERS:
        session.run("CREATE ROLE attacker CREATEROLE CREATEDB BYPASSRLS")
        for statement in ATTACKERS[role]:
            session.run(statement)
        role = "attacker"
    with session.role(role):
        yield


OWN_DATABASE = """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I OWNER TO attacker', current_database());
    END $$
"""
CREATE_ANYWHERE = """
    DO $$ BEGIN
        EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO attacker',
                       current_database());
    END $$;
    GRANT CREATE, USAGE ON SCHEMA churn, public TO attacker
"""
ANY_DATA = "GRANT pg_read_all_data, pg_write_all_data TO attacker"
AS_REPLICA = "GRANT SET ON PARAMETER session_replication_role TO attacker"
AS_OWNER = "GRANT churn_owner, churn_loader TO attacker"
ATTACKERS = {
    "a role with CREATEROLE": [],
    "the owner of the database": [OWN_DATABASE],
    "who may read and write all data": [ANY_DATA],
    "who may create anywhere": [CREATE_ANYWHERE],
    "all of that": [OWN_DATABASE, ANY_DATA, CREATE_ANYWHERE, AS_REPLICA, AS_OWNER],
}
ROLES = [
    "churn_owner",
    "churn_loader",
    "churn_scorer",
    "churn_application",
    *ATTACKERS,
]
CHANGES = [
    "INSERT INTO churn_trust.trusted_keys (fingerprint, public_key, comment)"
    " VALUES ('mine', sha256(''), '')",
    "UPDATE churn_trust.trusted_keys SET public_key = sha256('')",
    "UPDATE churn_trust.trusted_keys SET revoked_at = now()",
    "DELETE FROM churn_trust.trusted_keys",
    "MERGE INTO churn_trust.trusted_keys k USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
    "TRUNCATE churn_trust.trusted_keys",
    "SELECT churn_trust.trust_key('', '')",
    "SELECT churn_trust.revoke_key('')",
    "ALTER TABLE churn_trust.trusted_keys DISABLE TRIGGER ALL",
    "ALTER TABLE churn_trust.trusted_keys ENABLE REPLICA TRIGGER refuse_key_change",
    "ALTER TABLE churn_trust.trusted_keys RENAME TO old_keys",
    "ALTER TABLE churn_trust.trusted_keys OWNER TO churn_owner",
    "ALTER TABLE churn_trust.trusted_keys SET SCHEMA churn",
    "ALTER TABLE churn_trust.trusted_keys ENABLE ROW LEVEL SECURITY",
    "DROP TRIGGER refuse_key_change ON churn_trust.trusted_keys",
    "DROP TABLE churn_trust.trusted_keys CASCADE",
    "DROP SCHEMA churn_trust CASCADE",
    "ALTER SCHEMA churn_trust RENAME TO old_trust",
    "ALTER SCHEMA churn_trust OWNER TO churn_owner",
    "CREATE TABLE churn_trust.mine (id integer)",
    "CREATE FUNCTION churn_trust.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION churn_trust.keys_in_force()"
    " RETURNS TABLE (fingerprint text, public_key bytea) LANGUAGE sql"
    " AS $$ SELECT '', ''::bytea WHERE false $$",
    "ALTER FUNCTION churn_trust.keys_in_force() SET search_path = public",
    "ALTER FUNCTION churn_trust.keys_in_force() RENAME TO old_keys",
    "DROP FUNCTION churn_trust.keys_in_force() CASCADE",
    "CREATE OR REPLACE FUNCTION churn_trust.refuse_key_change() RETURNS trigger"
    " LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TRIGGER mine BEFORE INSERT ON churn_trust.trusted_keys"
    " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON INSERT TO churn_trust.trusted_keys DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION churn_internal.load_runtime() RETURNS void"
    " LANGUAGE plpython3u AS 'pass'",
    "UPDATE pg_catalog.pg_authid SET rolsuper = true",
    "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD NULL', session_user); END $$",
]
# From who may do something, but not grant it, these take a warning and change nothing.
GRANTS = [
    "GRANT ALL ON churn_trust.trusted_keys TO PUBLIC",
    "GRANT ALL ON SCHEMA churn_trust TO PUBLIC",
    "GRANT ALL ON ALL FUNCTIONS IN SCHEMA churn_trust TO PUBLIC",
]
RIGHTS = """
    SELECT c.relacl::text FROM pg_class c
    WHERE c.relnamespace = 'churn_trust'::regnamespace
    UNION ALL SELECT p.proacl::text FROM pg_proc p
    WHERE p.pronamespace = 'churn_trust'::regnamespace
    UNION ALL SELECT n.nspacl::text FROM pg_namespace n WHERE n.nspname = 'churn_trust'
"""


@pytest.mark.parametrize("role", ROLES)
def test_only_a_superuser_changes_which_keys_are_trusted(trusting, role):
    before = trusting.run("TABLE churn_trust.trusted_keys")
    rights = sorted(map(str, trusting.column(RIGHTS)))
    with acting_as(trusting, role):
        if role == "all of that":
            trusting.run("SET LOCAL session_replication_role = replica")
        for statement in CHANGES:
            assert trusting.refusal(statement).sqlstate == "42501", statement
        for statement in GRANTS:
            with contextlib.suppress(psycopg2.Error), trusting.savepoint():
                trusting.run(statement)

    assert trusting.run("TABLE churn_trust.trusted_keys") == before
    assert sorted(map(str, trusting.column(RIGHTS))) == rights
    assert trusting.run("SELECT * FROM churn_trust.keys_in_force()")


@pytest.mark.parametrize(
    "role", ["churn_loader", "churn_scorer", "churn_application", "a stranger"]
)
def test_the_keys_are_read_for_scoring_only(trusting, role):
    if role == "a stranger":
        trusting.run("CREATE ROLE attacker")
        role = "attacker"
    with trusting.role(role):
        for statement in (
            "SELECT * FROM churn_trust.keys_in_force()",
            "TABLE churn_trust.trusted_keys",
        ):
            assert trusting.refusal(statement).sqlstate == "42501"


def test_the_keys_are_out_of_the_owners_reach(session):
    assert session.row(
        "SELECT r.rolsuper, n.nspowner = c.relowner"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_roles r ON r.oid = c.relowner"
        " WHERE c.oid = 'churn_trust.trusted_keys'::regclass"
    ) == (True, True)
    assert (
        session.column(
            "SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
            " JOIN pg_language l ON l.oid = p.prolang"
            " WHERE p.pronamespace = 'churn_trust'::regnamespace AND (NOT r.rolsuper"
            " OR has_function_privilege('public', p.oid, 'EXECUTE')"
            " OR NOT coalesce(p.proconfig, '{}')"
            "        @> ARRAY['search_path=pg_catalog, pg_temp']"
            # Of these no name is looked up when they are called.
            " AND (p.prosecdef OR l.lanname <> 'internal' AND p.prosqlbody IS NULL)"
            " OR obj_description(p.oid, 'pg_proc') IS NULL)"
        )
        == []
    )


SHADOWS = """
    CREATE TEMPORARY TABLE trusted_keys (fingerprint text, public_key bytea);
    CREATE FUNCTION pg_temp.keys_in_force() RETURNS SETOF trusted_keys
        LANGUAGE sql AS 'SELECT * FROM pg_temp.trusted_keys';
    CREATE SCHEMA shadow;
    CREATE TABLE shadow.trusted_keys (fingerprint text, public_key bytea);
    CREATE FUNCTION shadow.keys_in_force() RETURNS SETOF shadow.trusted_keys
        LANGUAGE sql AS 'SELECT * FROM shadow.trusted_keys';
    CREATE FUNCTION shadow.no(timestamptz) RETURNS boolean
        LANGUAGE sql AS 'SELECT false';
    CREATE FUNCTION shadow.eq(bigint, bigint) RETURNS boolean
        LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION shadow.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1';
    CREATE OPERATOR shadow.= (
        LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = shadow.eq
    );
    CREATE FUNCTION churn.keys_in_force() RETURNS SETOF shadow.trusted_keys
        LANGUAGE sql AS 'SELECT * FROM shadow.trusted_keys';
    SET LOCAL search_path = shadow, churn, pg_temp, pg_catalog;
    SET LOCAL churn.trusted_keys = '';
    SET LOCAL churn_trust.trusted_keys = '';
    SET LOCAL churn_trust.keys_in_force = ''
"""


@pytest.mark.parametrize("role", ["churn_loader", *ATTACKERS])
def test_no_shadow_makes_an_unsigned_model_register(trusting, role):
    with acting_as(trusting, role):
        if role in ("who may create anywhere", "all of that"):
            trusting.run(SHADOWS)
        if role in ("churn_loader", "all of that"):
            refused = refused_registration(trusting, OTHER)
            assert "model is not signed" in str(refused)
        else:
            refused = trusting.refusal(
                "SELECT churn.register_model('churn.customers', '', '{}', '{}', '{}',"
                " '{}', '{}', '{}')"
            )
            assert refused.sqlstate == "42501"


OWNERS_TRICKS = """
    CREATE OR REPLACE FUNCTION churn_internal.check_attestation(
        artifact_sha256 bytea, signature jsonb, environment jsonb,
        attestation text, attestation_signature bytea, attestation_key text,
        active_attestation text, allow_older boolean
    ) RETURNS churn_internal.required_text LANGUAGE sql AS 'SELECT $q$none$q$';
    CREATE OR REPLACE FUNCTION churn_internal.check_activation(
        attestation text, active_attestation text, allow_older boolean,
        allow_expired boolean
    ) RETURNS churn_internal.required_boolean LANGUAGE sql AS 'SELECT true';
    CREATE OR REPLACE FUNCTION churn_internal.check_model(version bigint)
        RETURNS churn_internal.required_boolean LANGUAGE sql AS 'SELECT true'
"""
OWNERS_SILENCE = """
    ALTER DOMAIN churn_internal.probability DROP CONSTRAINT not_failed
"""
OWNERS_PATHS = f"""
    DO $$
    DECLARE
        function regprocedure;
    BEGIN
        FOR function IN
            SELECT oid FROM pg_proc WHERE pronamespace = ANY ({OURS})
            AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpython3u')
        LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = shadow, churn,'
                           ' churn_internal, pg_temp, pg_catalog', function);
        END LOOP;
    END
    $$
"""


@pytest.mark.parametrize("paths", [False, True])
def test_the_owner_can_register_an_unsigned_model_and_it_does_not_score(
    trusting, paths
):
    with acting_as(trusting, "all of that"):
        trusting.run("SET LOCAL ROLE churn_owner")
        trusting.run(OWNERS_TRICKS)
    with trusting.role("attacker"):
        version = register_signed(trusting, OTHER)
        activate(trusting, version)
        if paths:
            trusting.run(SHADOWS)
            trusting.run("SET LOCAL ROLE churn_owner")
            trusting.run(OWNERS_PATHS)
    trusting.run("RESET search_path")

    refused = trusting.refusal(SCORE)

    assert refused.message == (
        f"model version {version} is not trusted: model is not signed"
    )
    assert refused.sqlstate == "42501"


def test_the_owner_can_silence_the_error_and_there_is_no_score_all_the_same(trusting):
    with acting_as(trusting, "all of that"):
        trusting.run("SET LOCAL ROLE churn_owner")
        trusting.run(OWNERS_TRICKS)
        trusting.run(OWNERS_SILENCE)
    with trusting.role("attacker"):
        activate(trusting, register_signed(trusting, OTHER))

    assert math.isnan(trusting.value(SCORE))


@pytest.mark.parametrize("trusted", [False, True])
def test_a_pickle_written_behind_the_registry_does_not_score(session, trusted):
    if trusted:
        trust(session)
    with acting_as(session, "all of that"):
        session.run("SET LOCAL session_replication_role = replica")
        version = insert_behind(session, OTHER)

    if trusted:
        assert session.refusal(SCORE).message == (
            f"model version {version} is not trusted: model is not signed"
        )
    else:
        assert session.refusal(SCORE).message == (
            f"model version {version} has no compiled form, and its pickle is not "
            "allowed to score"
        )


def behind(session, model, attestation, **changed):
    """Return how a version written behind the registry is refused."""
    with acting_as(session, "who may read and write all data"):
        insert_behind(session, model, attestation, **changed)
    return session.refusal(SCORE)


def test_a_row_with_another_models_signature_does_not_score(trusting):
    refused = behind(trusting, OTHER, signed(MODEL, 3))

    assert "not the one that was signed" in refused.message


def test_a_row_signed_with_another_key_does_not_score(trusting):
    refused = behind(trusting, OTHER, signed(OTHER, 3, OTHER_KEY))

    assert "with a key that is not trusted" in refused.message


def test_a_row_whose_compiled_form_was_not_signed_does_not_score(trusting):
    refused = behind(trusting, OTHER, signed(OTHER, 3), compiled=compiled(fit(seed=5)))

    assert "its compiled form is not signed" in refused.message


def test_a_row_whose_features_were_swapped_does_not_score(trusting):
    signature = {**OTHER.signature, "positive_class": 0}

    refused = behind(trusting, OTHER, signed(OTHER, 3), signature=json.dumps(signature))

    assert "described otherwise than it was signed" in refused.message


def test_a_row_that_says_what_was_signed_scores_with_either_form(trusting):
    for form in (None, compiled(OTHER)):
        with acting_as(trusting, "who may read and write all data"):
            insert_behind(trusting, OTHER, signed(OTHER, 3), compiled=form)
        assert 0 < trusting.value(SCORE) < 1
        trusting.run("DROP OWNED BY attacker; DROP ROLE attacker")


@pytest.mark.parametrize("is_compiled", [False, True], ids=["pickled", "compiled"])
def test_a_signed_model_registers_and_scores(trusting, is_compiled):
    version = register_signed(trusting, OTHER, signed(OTHER, 3), compile=is_compiled)
    activate(trusting, version)

    assert trusting.value("SELECT count(churn.score(c)) FROM churn.customers c") == 40
    stored = trusting.row(
        "SELECT attestation::jsonb ->> 'name', attestation_key, compiled IS NOT NULL"
        " FROM churn.models WHERE version = %s",
        version,
    )
    assert stored == ("churn", trusting.fingerprint, is_compiled)


def test_a_compiled_form_that_is_not_signed_is_left_out(trusting):
    other_form = hashlib.sha256(compiled(fit(seed=5))).hexdigest()
    attestation = signed_with_form(OTHER, 3, other_form)

    version = register_signed(trusting, OTHER, attestation)

    assert trusting.row(
        "SELECT compiled IS NULL, compilation FROM churn.models WHERE version = %s",
        version,
    ) == (
        True,
        "no compiled form: the signature does not cover the one that the server made",
    )


REFUSALS = {
    "unsigned": (lambda: None, "42501", "model is not signed"),
    "wrong key": (
        lambda: signed(OTHER, 3, OTHER_KEY),
        "42501",
        "model is signed with a key that is not trusted",
    ),
    "of another pickle": (
        lambda: signed(MODEL, 3),
        "42501",
        "model is not the one that was signed",
    ),
    "older": (
        lambda: signed(OTHER, 1),
        "55000",
        '"churn" 1 is older than what is active',
    ),
    "expired": (
        lambda: signed(OTHER, 3, expires=LONG_AGO),
        "55000",
        'signature of "churn" 3 has expired',
    ),
}


@pytest.mark.parametrize("make, state, message", REFUSALS.values(), ids=REFUSALS)
def test_a_signature_that_does_not_hold_is_refused_clearly(
    trusting, make, state, message
):
    error = refused_registration(trusting, OTHER, make())

    assert error.pgcode == state
    assert error.diag.message_primary == message
    assert error.diag.message_detail
    assert error.diag.message_hint


def test_an_older_version_registers_and_is_activated_when_asked_by_name(trusting):
    version = register_signed(trusting, OTHER, signed(OTHER, 1), allow_older=True)

    refused = trusting.refusal("SELECT churn.activate_model(%s)", version)
    assert refused.message == '"churn" 1 is older than what is active'
    trusting.run("SELECT churn.activate_model(%s, allow_older => true)", version)
    assert 0 < trusting.value(SCORE) < 1


def test_an_expired_version_goes_on_scoring_and_is_activated_only_by_name(trusting):
    expired = signed(OTHER, 3, expires=LONG_AGO)
    version = insert_behind(trusting, OTHER, expired)
    assert 0 < trusting.value(SCORE) < 1
    newest = register_signed(trusting, MODEL, signed(MODEL, 4))
    activate(trusting, newest)

    by_age = "SELECT churn.activate_model(%s, allow_older => true)"
    assert "has expired" in trusting.refusal(by_age, version).message
    trusting.run(
        "SELECT churn.activate_model(%s, allow_older => true, allow_expired => true)",
        version,
    )
    assert 0 < trusting.value(SCORE) < 1


def test_going_back_is_by_name_already(trusting):
    activate(trusting, register_signed(trusting, OTHER, signed(OTHER, 3)))

    trusting.run("SELECT churn.rollback_model('churn.customers')")

    assert 0 < trusting.value(SCORE) < 1


def test_going_back_to_an_unsigned_version_is_refused(trusting):
    refused = trusting.refusal("SELECT churn.rollback_model('churn.customers')")

    assert refused.message == "model version 1 is not trusted: model is not signed"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT churn.predict(1, '{}')",
        "SELECT churn.activate_model(1)",
        "SELECT churn.warm()",
        SCORE,
    ],
)
def test_an_unsigned_version_is_no_more_of_use_once_a_key_is_trusted(
    session, statement
):
    trust(session)

    refused = session.refusal(statement)

    assert refused.message == "model version 1 is not trusted: model is not signed"
    assert "pgchurn sign" in refused.hint


def test_a_complaint_outlives_the_trust_in_its_model(session):
    trust(session)
    session.take_notices()

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert "is not trusted" in session.take_notices()
    assert session.value(
        "SELECT complaint_count FROM churn.customers WHERE customer_id = 1"
    )


def test_without_a_trusted_key_nothing_needs_a_signature(session):
    activate(session, register(session, OTHER))
    assert 0 < session.value(SCORE) < 1

    refused = refused_registration(session, OTHER, signed(OTHER))

    assert "model is signed with a key that is not trusted" in str(refused)
    assert "churn_trust.trust_key" in refused.diag.message_hint


def test_what_a_revoked_key_signed_scores_no_more(trusting):
    trusting.run("SELECT churn_trust.revoke_key(%s)", trusting.fingerprint)
    assert "no key is trusted any more" in trusting.take_notices()
    trust(trusting, OTHER_KEY)

    refused = trusting.refusal(SCORE)

    assert "is signed with a key that is not trusted" in refused.message
    trust(trusting)
    assert 0 < trusting.value(SCORE) < 1


def test_a_key_revoked_twice_is_not_trusted_in_the_first_place(trusting):
    revoke = "SELECT churn_trust.revoke_key(%s)"
    trusting.run(revoke, trusting.fingerprint)

    refused = trusting.refusal(revoke, trusting.fingerprint)

    assert refused.message == (
        f"no key with fingerprint {trusting.fingerprint} is trusted"
    )


@pytest.fixture(scope="module")
def sharing(module_database):
    """Two sessions, of a superuser who commits, and of another."""
    admin = module_database.session(autocommit=True)
    return admin, module_database.session()


@pytest.fixture
def shared(sharing):
    """The two, with the key that signed the active model; another is trusted, too."""
    admin, analyst = sharing
    for key in (KEY, OTHER_KEY):
        fingerprint = trust(admin, key)
    activate(admin, register_signed(admin, OTHER, signed(OTHER, 1, OTHER_KEY)))
    yield admin, analyst, fingerprint
    analyst.rollback()
    admin.run(
        "SELECT churn_trust.revoke_key(fingerprint) FROM churn_trust.keys_in_force()"
    )
    activate(admin, 1)


def is_scored(session, statement, unless="is not trusted"):
    """Return whether a statement scores, and neither fails nor warns for one reason."""
    session.take_notices()
    session.run("SAVEPOINT scoring")
    try:
        session.run(statement)
    except psycopg2.Error as error:
        session.run("ROLLBACK TO scoring")
        assert unless in str(error)
        return False
    return unless not in session.take_notices()


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_the_next_statement_of_a_session_notices_that_a_key_was_revoked(
    shared, statement
):
    admin, analyst, fingerprint = shared
    assert is_scored(analyst, statement)

    admin.run("SELECT churn_trust.revoke_key(%s)", fingerprint)
    assert not is_scored(analyst, statement)

    trust(admin, OTHER_KEY)
    assert is_scored(analyst, statement)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_transaction_goes_by_the_keys_of_its_snapshot_and_the_next_by_its_own(
    shared, statement
):
    admin, analyst, fingerprint = shared

    analyst.run(BEGIN_REPEATABLE_READ)
    admin.run("SELECT churn_trust.revoke_key(%s)", fingerprint)
    assert is_scored(analyst, statement)
    analyst.rollback()
    assert not is_scored(analyst, statement)
    analyst.rollback()

    analyst.run(BEGIN_REPEATABLE_READ)
    trust(admin, OTHER_KEY)
    assert not is_scored(analyst, statement)
    analyst.rollback()
    assert is_scored(analyst, statement)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_trust_that_is_rolled_back_leaves_nothing(trusting, statement):
    assert is_scored(trusting, statement)
    trusting.run("SAVEPOINT trust")
    trusting.run("SELECT churn_trust.revoke_key(%s)", trusting.fingerprint)
    trust(trusting, OTHER_KEY)
    assert not is_scored(trusting, statement)

    trusting.run("ROLLBACK TO trust")

    assert is_scored(trusting, statement)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_pickle_scores_for_as_long_as_the_snapshot_at_hand_allows_it(
    sharing, statement
):
    admin, analyst = sharing
    version = register(admin, OTHER, compile_form=False)
    activate(admin, version)
    assert is_scored(analyst, statement, unless="is not allowed")
    analyst.rollback()

    analyst.run(BEGIN_REPEATABLE_READ)
    admin.run("DELETE FROM churn_trust.allowed_pickles")
    assert is_scored(analyst, statement, unless="is not allowed")
    analyst.rollback()

    assert not is_scored(analyst, statement, unless="is not allowed")
    analyst.rollback()
    activate(admin, 1)


WEAK = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("ec" + 30 * "ff" + "7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("ee" + 30 * "ff" + "7f"),
    bytes.fromhex("ed" + 30 * "ff" + "ff"),
]


@pytest.mark.parametrize("point", WEAK, ids=bytes.hex)
def test_a_key_for_which_anybody_can_sign_is_refused(session, point):
    class Weak:
        def public_key(self):
            return Ed25519PublicKey.from_public_bytes(point)

    refused = session.refusal(
        "SELECT churn_trust.trust_key(%s, '')", public_pem(Weak())
    )

    assert refused.message == "public key is a weak one"


def test_what_is_no_ed25519_key_is_refused(session):
    for text, message in (
        (None, "public key cannot be read"),
        ("", "public key cannot be read"),
        (public_pem(KEY).replace("M", "N"), "public key cannot be read"),
        (
            public_pem(ec.generate_private_key(ec.SECP256R1())),
            "public key is not an Ed25519 key",
        ),
    ):
        refused = session.refusal("SELECT churn_trust.trust_key(%s, '')", text)
        assert (refused.sqlstate, refused.message) == ("22023", message)
        assert "openssl pkey" in refused.hint


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_the_keys_are_dumped_and_restored_with_the_rest(
    trained_database, server, form, tmp_path
):
    admin = trained_database.session()
    trust(admin)
    activate(admin, register_signed(admin, OTHER, signed(OTHER)))
    rescore_in_place(admin, "churn.customers")
    admin.commit()
    dump = tmp_path / "dump"
    trained_database.program("pg_dump", "--format", form, "--file", dump)

    with server.database(f"trusting_{form}") as target:
        if form == "plain":
            target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump)
        else:
            target.program("pg_restore", "--exit-on-error", dump)
        restored = target.session()
        keys = "TABLE churn_trust.trusted_keys"
        assert list(map(str, restored.row(keys)[2:])) == list(
            map(str, admin.row(keys)[2:])
        )
        assert 0 < restored.value(SCORE) < 1
        assert "not signed" in str(refused_registration(restored, MODEL))
        with acting_as(restored, "all of that"):
            restored.run("SET LOCAL session_replication_role = replica")
            for statement in CHANGES:
                assert restored.refusal(statement).sqlstate == "42501", statement
        restored.rollback()
