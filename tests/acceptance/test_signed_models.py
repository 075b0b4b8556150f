"""Keys made by openssl, a model signed by its trainer, a server that insists on it."""

import json
import pickle
import shutil
import subprocess

import pytest

from tests.models import CUSTOMERS, default_model, fit_matrix, populate
from tests.signers import OTHER_KEY, private_pem

MODEL = default_model()

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the keys"
)


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, check=True)
    return done.stdout


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "private.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(path))
    return path


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(MODEL.artifact)
    return path


@pytest.fixture
def signed(pgchurn, key, file):
    """Sign the model; return what was printed."""

    def sign(version, *options, key=key, file=file):
        name = ("--name", "churn", "--model-version", str(version))
        return pgchurn("sign", str(file), "--key", str(key), *name, *options)

    return sign


@pytest.fixture
def registered(pgchurn, file):
    """Register the model with its attestation; return what was printed."""

    def register(*options, status=0, file=file):
        return pgchurn(
            *("register", str(file), "--attestation", f"{file}.attestation", *options),
            status=status,
        )

    return register


@pytest.fixture
def trusting(owner, key):
    """A server with customers that trusts the key."""
    populate(owner)
    public = openssl("pkey", "-in", str(key), "-pubout").decode()
    owner.fingerprint = owner.value(
        "SELECT churn_trust.trust_key(%s, 'the release key')", public
    )
    return owner


def test_a_signed_model_goes_from_its_signer_to_a_score(
    trusting, key, signed, registered, pgchurn
):
    said = signed(3, "--expires", "2099-12-31")
    der = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")
    digest = subprocess.run(["sha256sum"], input=der, capture_output=True).stdout
    assert said["key"] == trusting.fingerprint == digest.decode().split()[0]
    assert said["not_compiled"] is None

    version = registered()["version"]
    pgchurn("activate", str(version))

    assert trusting.value("SELECT churn.score_customer(1)") > 0
    shown = pgchurn("show", str(version))
    assert shown["signed_as"] == "churn"
    assert shown["signed_version"] == 3
    assert shown["signed_by"] == trusting.fingerprint
    assert shown["expires"] == "2099-12-31"
    assert shown["parity"] is not None
    listed = {row["version"]: row for row in pgchurn("models")}
    assert listed[version]["signed_as"] == "churn 3"
    assert trusting.fingerprint.startswith(listed[version]["signed_by"])
    assert listed[1]["signed_as"] is None


def test_an_unsigned_model_is_refused_in_the_servers_words(trusting, pgchurn, file):
    refused = pgchurn("register", str(file), status=1)

    assert "model is not signed" in refused.err
    assert "HINT:  Sign the pickle with pgchurn sign" in refused.err


def test_a_signature_by_another_key_is_refused_in_the_servers_words(
    trusting, signed, registered, tmp_path
):
    other = tmp_path / "other.pem"
    other.write_text(private_pem(OTHER_KEY))
    said = signed(3, key=other)

    refused = registered(status=1)

    assert "model is signed with a key that is not trusted" in refused.err
    assert said["key"] in refused.err


def test_a_changed_signature_is_refused_in_the_servers_words(
    trusting, signed, registered, file
):
    attestation = file.with_name("model.pkl.attestation")
    signed(3)
    attestation.write_text(attestation.read_text().replace("churn", "Churn"))

    assert "signature of the model is wrong" in registered(status=1).err


def test_a_changed_pickle_is_not_read(trusting, signed, registered, file):
    signed(3)
    file.write_bytes(b"not even a pickle")

    assert "model is not the one that was signed" in registered(status=1).err


def test_an_expired_signature_is_refused_in_the_servers_words(
    trusting, signed, registered
):
    signed(3, "--expires", "2020-01-31")

    refused = registered(status=1)

    assert 'signature of "churn" 3 has expired' in refused.err
    assert "Its last day was 2020-01-31." in refused.err


@pytest.mark.slow(reason="registers signed models")
def test_an_older_version_is_refused_until_it_is_asked_for_by_name(
    trusting, signed, registered, pgchurn
):
    signed(3)
    pgchurn("activate", str(registered()["version"]))
    signed(2)

    assert "--allow-older" in registered(status=1).err
    version = str(registered("--allow-older")["version"])
    assert "older than what is active" in pgchurn("activate", version, status=1).err
    pgchurn("activate", version, "--allow-older")


def test_a_swapped_positive_class_is_refused_in_the_servers_words(
    trusting, signed, registered
):
    signed(3)

    refused = registered("--positive-class", "False", status=1)

    assert "model is described otherwise than it was signed" in refused.err
    assert "Signed positive class: 1; given: 0." in refused.err


def test_the_signer_names_the_features_of_a_matrix(
    trusting, signed, registered, pgchurn, tmp_path
):
    file = tmp_path / "matrix.pkl"
    model = fit_matrix(["age", "complaint_count"])
    file.write_bytes(pickle.dumps(model.pipeline))
    signed(3, "--features", "age", "complaint_count", file=file)

    version = registered(file=file)["version"]

    names = [f["name"] for f in pgchurn("show", str(version))["signature"]["features"]]
    assert names == ["age", "complaint_count"]
    swapped = registered("--features", "complaint_count", "age", status=1, file=file)
    assert "described otherwise than it was signed" in swapped.err


@pytest.mark.slow(reason="trains")
def test_a_training_signs_what_it_registers(trusting, key, pgchurn):
    train = ("train", "--label", "churned", "--algorithm", "logistic_regression")
    trusting.run(
        "INSERT INTO churn.customers (customer_id, age, contract, monthly_charges)"
        " SELECT i, 20 + i % 50, 'one year', i % 90 FROM generate_series(1000, 1200) i;"
        "UPDATE churn.customers SET churned = customer_id % 3 = 0"
    )
    assert "model is not signed" in pgchurn(*train, status=1).err
    assert "--model-version" in pgchurn(*train, "--key", str(key), status=1).err

    name = ("--name", "churn", "--model-version", "4")
    trained = pgchurn(*train, "--key", str(key), *name)

    assert trained["version"]
    assert trained["parity"] is not None
    assert pgchurn("show", str(trained["version"]))["signed_version"] == 4


def test_doctor_tells_how_many_keys_are_trusted(trusting, pgchurn, owner):
    def found():
        return {row["check"]: row for row in pgchurn("doctor")}["trusted keys"]

    # The version in force was not signed, and scores no more.
    printed = {row["check"]: row for row in json.loads(pgchurn("doctor", status=1).out)}
    assert printed["trusted keys"]["found"] == "1 in force"
    assert [row["check"] for row in printed.values() if not row["ok"]] == [
        "active models"
    ]
    assert printed["active models"]["found"] == (
        "model version 1 is not trusted: model is not signed"
    )
    owner.run("SELECT churn_trust.revoke_key(%s)", trusting.fingerprint)
    assert found()["found"] == "none: models need no attestation"
    for table in ("trusted_keys", "allowed_pickles"):
        owner.run(f"ALTER TABLE churn_trust.{table} ENABLE TRIGGER ALL")
        assert "both triggers of either be ENABLE ALWAYS" in (
            pgchurn("doctor", status=1).out
        )
        triggers = owner.column(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass",
            f"churn_trust.{table}",
        )
        for trigger in triggers:
            owner.run(
                f"ALTER TABLE churn_trust.{table} ENABLE ALWAYS TRIGGER {trigger}"
            )
    assert found()["ok"]


def test_a_server_that_trusts_nobody_takes_unsigned_models(owner, pgchurn, file):
    populate(owner)

    assert pgchurn("register", str(file))["rows_replayed"] == CUSTOMERS
