import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.attestation import (
    Attestation,
    Signer,
    fingerprint,
    read_private_key,
)
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.text_features import text_positions
from pgchurn.plpython.runtime.attestation import (
    STATEMENT_PREFIX,
    Statement,
    is_signature,
    verified_statement,
)
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.signature import Signature
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.databases import CHECKOUT
from tests.models import KINDS, default_model, fit_matrix, training_frame
from tests.signers import KEY, OTHER_KEY, compiled, private_pem, signed

MODEL = default_model()
SIGNED = signed(MODEL, 3, expires=date(2030, 1, 31))
STATEMENT = Statement.from_text(SIGNED.statement)
RAW = KEY.public_key().public_bytes_raw()
TRUSTED = {fingerprint(KEY): RAW}
SIGNATURE = Signature.from_json(MODEL.signature)


def verified(signed=SIGNED, trusted=TRUSTED, **changed):
    given = replace(signed, **changed)
    return verified_statement(given.statement, given.signature, given.key, trusted)


def refusal(function, *arguments, **options):
    with pytest.raises(ScoringError) as raised:
        function(*arguments, **options)
    return raised.value


def test_what_a_trusted_key_signed_is_believed():
    statement = verified()

    assert statement == STATEMENT
    assert (statement.name, statement.version) == ("churn", 3)
    assert statement.expires == "2030-01-31"
    assert statement.features == list(KINDS)
    statement.check_artifact(hashlib.sha256(MODEL.artifact).digest())
    statement.check_description(SIGNATURE, MODEL.environment)
    assert statement.covers(hashlib.sha256(compiled(MODEL)).digest())


@given(st.integers(0, len(SIGNED.statement) - 1), st.integers(1, 127))
def test_a_statement_with_any_character_changed_is_not(place, change):
    text = SIGNED.statement
    changed = text[:place] + chr(ord(text[place]) ^ change) + text[place + 1 :]

    refused = refusal(verified, statement=changed)

    assert refused.message == "signature of the model is wrong"
    assert refused.sqlstate == "42501"


@given(st.integers(0, 63), st.integers(1, 255))
def test_a_signature_with_any_byte_changed_is_not(place, change):
    changed = bytearray(SIGNED.signature)
    changed[place] ^= change

    assert "wrong" in refusal(verified, signature=bytes(changed)).message


@given(st.binary(max_size=130))
def test_a_signature_of_any_other_length_or_content_is_not(signature):
    assert "wrong" in refusal(verified, signature=signature).message


def test_the_text_that_was_signed_is_what_is_verified_and_not_what_it_means():
    same = json.dumps(json.loads(SIGNED.statement), indent=1)

    assert "wrong" in refusal(verified, statement=same).message
    resigned = KEY.sign(STATEMENT_PREFIX + same.encode())
    assert verified(statement=same, signature=resigned) == STATEMENT


def test_a_signature_made_for_another_purpose_is_none_of_a_model():
    bare = KEY.sign(SIGNED.statement.encode())

    assert "wrong" in refusal(verified, signature=bare).message


def test_a_key_that_is_not_trusted_is_named():
    other = signed(MODEL, key=OTHER_KEY)

    refused = refusal(verified, other)

    assert refused.message == "model is signed with a key that is not trusted"
    assert fingerprint(OTHER_KEY) in refused.detail
    assert "churn_trust.trust_key" in refused.hint
    assert "wrong" in refusal(verified, other, key=fingerprint(KEY)).message


@pytest.mark.parametrize("part", ["statement", "signature", "key"])
def test_a_part_that_is_missing_leaves_a_model_unsigned(part):
    refused = refusal(verified, **{part: None})

    assert refused.message == "model is not signed"
    assert "pgchurn sign" in refused.hint


DOCUMENT = json.loads(SIGNED.statement)
MALFORMED = {
    "empty": "",
    "no JSON": "statement",
    "a list": "[]",
    "null": "null",
    "nested without end": "[" * 100_000,
    "too long": json.dumps({**DOCUMENT, "name": "n" * 1_000_001}),
    "a part twice": SIGNED.statement.replace("{", '{"version": 9, ', 1),
    "an unknown part": json.dumps({**DOCUMENT, "note": ""}),
    "a part missing": json.dumps({k: v for k, v in DOCUMENT.items() if k != "expires"}),
    **{
        f"{part}: {value!r}": json.dumps({**DOCUMENT, part: value})
        for part, value in [
            ("name", ""),
            ("name", None),
            ("name", "a\0b"),
            ("name", "a\nb"),
            ("name", "\ud800"),
            ("version", 0),
            ("version", -1),
            ("version", True),
            ("version", 1.0),
            ("version", "1"),
            ("version", 2**63),
            ("artifact_sha256", ""),
            ("artifact_sha256", None),
            ("artifact_sha256", "ab"),
            ("artifact_sha256", "x" * 64),
            ("compiled_sha256", "ab"),
            ("compiled_sha256", 1),
            ("expires", "tomorrow"),
            ("expires", 5),
            ("expires", "2030-02-30"),
            ("features", None),
            ("features", [1]),
            ("classes", None),
            ("classes", [0, 1, 2]),
            ("positive_class", 2),
            ("positive_class", "1"),
            ("environment", {}),
            ("environment", ["python", "scikit-learn", "numpy"]),
            ("environment", {**DOCUMENT["environment"], "pandas": "3"}),
        ]
    },
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_statement_is_refused_even_when_it_is_signed(text):
    signature = KEY.sign(STATEMENT_PREFIX + text.encode("utf-8", "surrogatepass"))

    refused = refusal(verified, statement=text, signature=signature)

    assert refused.message == "signed statement is malformed"
    assert refused.sqlstate == "22023"


def test_another_pickle_is_not_the_one_that_was_signed():
    refused = refusal(STATEMENT.check_artifact, hashlib.sha256(b"").digest())

    assert refused.message == "model is not the one that was signed"
    assert STATEMENT.artifact_sha256 in refused.detail


FEATURES = MODEL.signature["features"]


@pytest.mark.parametrize(
    "part, changed",
    [
        ("features", {"features": FEATURES[::-1]}),
        ("features", {"features": FEATURES[1:]}),
        ("classes", {"classes": [True, False]}),
        ("classes", {"classes": [0, 1]}),
        ("positive class", {"positive_class": 0}),
        ("named columns", {"named_columns": False}),
    ],
)
def test_another_description_than_the_signed_one_is_refused(part, changed):
    signature = Signature.from_json({**MODEL.signature, **changed})

    refused = refusal(STATEMENT.check_description, signature, MODEL.environment)

    assert refused.message == "model is described otherwise than it was signed"
    assert refused.detail.startswith(f"Signed {part}: ")


@pytest.mark.parametrize("package", ["python", "scikit-learn", "numpy"])
@pytest.mark.parametrize("version", ["0.1", None, 1])
def test_other_library_versions_than_the_signed_ones_are_refused(package, version):
    environment = {**MODEL.environment, package: version}

    refused = refusal(STATEMENT.check_description, SIGNATURE, environment)

    assert refused.detail.startswith(f"Signed {package}: ")


@pytest.mark.parametrize("environment", [None, [], "text", 1, {}])
def test_an_environment_that_says_nothing_is_not_the_signed_one(environment):
    assert refusal(STATEMENT.check_description, SIGNATURE, environment)


def test_kinds_and_nulls_are_for_the_table_to_say():
    features = [
        {"name": name, "kind": "boolean", "accepts_null": False} for name in KINDS
    ]
    signature = Signature.from_json({**MODEL.signature, "features": features})

    STATEMENT.check_description(signature, MODEL.environment)


def test_a_statement_expires_when_its_last_day_is_over():
    STATEMENT.check_expiry(date(2030, 1, 31))

    refused = refusal(STATEMENT.check_expiry, date(2030, 2, 1))

    assert refused.sqlstate == "55000"
    assert refused.message == 'signature of "churn" 3 has expired'
    assert refused.detail == "Its last day was 2030-01-31."
    replace(STATEMENT, expires=None).check_expiry(date.max)


def test_an_older_version_than_the_active_one_is_refused():
    STATEMENT.check_age(None)
    STATEMENT.check_age(replace(STATEMENT, version=2))
    STATEMENT.check_age(STATEMENT)

    refused = refusal(STATEMENT.check_age, replace(STATEMENT, name="new", version=4))

    assert refused.sqlstate == "55000"
    assert refused.detail == 'Active is "new" 4.'
    assert "--allow-older" in refused.hint


def test_only_the_signed_compiled_form_is_covered():
    assert not STATEMENT.covers(hashlib.sha256(b"").digest())
    assert not replace(STATEMENT, compiled_sha256=None).covers(b"")


def test_without_cryptography_nothing_is_verified(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)

    refused = refusal(verified)

    assert refused.sqlstate == "55000"
    assert "Install cryptography" in refused.hint


def test_the_runtime_imports_cryptography_only_when_it_verifies():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pgchurn.plpython.runtime.admission;"
            "print('cryptography' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )

    assert done.stdout.strip() == "False", done.stderr


def test_a_signature_of_rfc_8032_is_verified():
    # Section 7.1, test 2.
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    public, signature = bytes.fromhex(public), bytes.fromhex(signature)

    assert is_signature(public, signature, bytes.fromhex("72"))
    assert not is_signature(public, signature, b"")


COMPILES = """
import json
from sklearn.ensemble import HistGradientBoostingClassifier
from tests.models import default_model, fit_matrix
from tests.signers import signed
trees = HistGradientBoostingClassifier(max_iter=3, categorical_features=[1])
for model in (default_model(), fit_matrix(["a", "b"], trees)):
    statement = json.loads(signed(model).statement)
    print(statement["compiled_sha256"], statement["explanation_sha256"])
"""


def test_both_forms_come_out_the_same_every_time():
    runs = [
        subprocess.run(
            [sys.executable, "-c", COMPILES],
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
            env={"PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]

    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.split()) == 4, runs[0].stderr
    assert "None" not in runs[0].stdout


def test_signer_and_table_compile_to_the_same_bytes():
    for model in (MODEL, fit_matrix(["a", "b"])):
        statement = Statement.from_text(signed(model).statement)

        assert statement.covers(hashlib.sha256(compiled(model)).digest())


def test_encoders_tell_which_features_are_texts():
    frame, labels = training_frame({"a": "number", "b": "text", "c": "text"})
    frame["d"] = frame["a"].round() % 3
    pipeline = make_pipeline(
        make_column_transformer(
            (
                make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
                ["c"],
            ),
            (StandardScaler(), ["a"]),
            (OrdinalEncoder(), ["d"]),
            (OrdinalEncoder(), ["b"]),
        ),
        LogisticRegression(),
    )

    assert text_positions(pipeline.fit(frame, labels), range(4)) == {1, 2}
    calibrated = CalibratedClassifierCV(pipeline, cv=2).fit(frame, labels)
    assert text_positions(calibrated, range(4)) == {1, 2}
    assert text_positions(LogisticRegression(), range(4)) == set()


@pytest.mark.parametrize(
    "values, found",
    [
        (np.array([np.nan, np.nan], dtype=object), {7}),
        (np.array(["a", None], dtype=object), {7}),
        (np.array([True, False], dtype=object), set()),
        (np.array([np.nan, 1.0]), set()),
    ],
)
def test_an_encoder_of_nothing_but_nulls_may_be_one_of_texts(values, found):
    encoder = OneHotEncoder().fit(values[:, None])

    assert text_positions(encoder, [7]) == found


def test_a_signer_says_which_class_is_the_score():
    labels = np.where(np.arange(20) % 3, "stayed", "left")
    model = LogisticRegression().fit(np.arange(20.0)[:, None], labels)
    signer, candidate = Signer(KEY, "churn", 1), Candidate(b"", model)

    statement, _ = signer.describe(candidate, ["a"], "left")

    assert statement.positive_label() == "left"
    assert not statement.named_columns
    with pytest.raises(LoaderError, match="the classes are"):
        signer.describe(candidate, ["a"], "gone")


@pytest.mark.parametrize("name", ["", "a\nb"])
def test_a_signer_does_not_sign_what_a_server_would_refuse(name):
    with pytest.raises(LoaderError, match="cannot be signed"):
        Signer(KEY, name, 1).describe(Candidate(MODEL.artifact, MODEL.pipeline))


def test_an_attestation_comes_back_from_its_file_as_it_was(tmp_path):
    file = tmp_path / "model.pkl.attestation"
    SIGNED.write(file)

    assert Attestation.read(file) == SIGNED
    assert SIGNED.statement_about(MODEL.artifact) == STATEMENT


def test_an_attestation_of_another_pickle_is_noticed_before_that_is_read():
    assert "not the one" in refusal(SIGNED.statement_about, b"another").message


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "null",
        "1",
        '{"statement": "", "signature": 1, "key": ""}',
        '{"statement": "", "signature": "\u00e4", "key": ""}',
        '{"statement": "", "signature": "?", "key": ""}',
    ],
)
def test_a_file_that_is_no_attestation_is_refused(content, tmp_path):
    file = tmp_path / "model.pkl.attestation"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(LoaderError, match="is no attestation"):
        Attestation.read(file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LoaderError, match="cannot read"):
        Attestation.read(tmp_path / "none")
    with pytest.raises(LoaderError, match="cannot read"):
        read_private_key(tmp_path / "none")
    with pytest.raises(LoaderError, match="cannot write"):
        SIGNED.write(tmp_path / "none" / "file")


def pem_file(tmp_path, content):
    file = tmp_path / "private.pem"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_a_private_key_is_read_from_pem(tmp_path):
    key = read_private_key(pem_file(tmp_path, private_pem(KEY)))

    assert key.private_bytes_raw() == KEY.private_bytes_raw()


def test_an_encrypted_private_key_takes_its_passphrase_from_the_environment(
    tmp_path, monkeypatch
):
    pem = KEY.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    file = pem_file(tmp_path, pem)

    with pytest.raises(LoaderError, match="PGCHURN_PASSPHRASE"):
        read_private_key(file)
    monkeypatch.setenv("PGCHURN_PASSPHRASE", "wrong")
    with pytest.raises(LoaderError, match="PGCHURN_PASSPHRASE"):
        read_private_key(file)
    monkeypatch.setenv("PGCHURN_PASSPHRASE", "secret")
    assert fingerprint(read_private_key(file)) == fingerprint(KEY)


def test_another_kind_of_key_is_refused(tmp_path):
    file = pem_file(tmp_path, private_pem(ec.generate_private_key(ec.SECP256R1())))

    with pytest.raises(LoaderError, match="openssl genpkey -algorithm ed25519"):
        read_private_key(file)


@pytest.mark.parametrize("content", ["", "no key", b"\xff\xfe"])
def test_a_file_that_holds_no_key_is_refused(content, tmp_path):
    with pytest.raises(LoaderError, match="holds no private key"):
        read_private_key(pem_file(tmp_path, content))


def test_each_key_has_its_own_fingerprint():
    keys = [ed25519.Ed25519PrivateKey.generate() for _ in range(3)]

    assert len({fingerprint(key) for key in keys}) == 3
