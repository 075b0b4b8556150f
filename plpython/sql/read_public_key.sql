CREATE OR REPLACE FUNCTION churn_trust.read_public_key(
    public_key text, OUT fingerprint text, OUT point bytea, OUT message text,
    OUT detail text, OUT hint text, OUT sqlstate text
)
LANGUAGE plpython3u STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $python$
import hashlib


def refused(message, detail):
    return {
        "fingerprint": None,
        "point": None,
        "message": message,
        "detail": detail,
        "hint": "Pass the text of a file made by: openssl pkey -in private.pem -pubout",
        "sqlstate": "22023",
    }


def is_weak(point):
    """Return whether a multiple of the point, by 8 or less, is the neutral element.

    With such a key there are signatures that fit many messages, and nobody holds the
    private key: RFC 8032, section 5.1, for the curve.
    """
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    y = (int.from_bytes(point, "little") & (2**255 - 1)) % p
    # Of order 1 and 2 where y is 1 and -1, of order 4 where it is 0, and of order 8
    # where twice the point is of order 4.
    return y * (y * y - 1) * (d * y**4 + 2 * y * y - 1) % p == 0


try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding, PublicFormat, load_pem_public_key
    )
except ImportError as error:
    return {
        **refused(
            "signatures cannot be verified without the package cryptography",
            f"{error}.",
        ),
        "hint": "Install cryptography for the Python that PL/Python embeds.",
        "sqlstate": "55000",
    }
try:
    key = load_pem_public_key((public_key or "").encode())
except Exception as error:
    return refused("public key cannot be read", f"{type(error).__name__}: {error}")
if not isinstance(key, Ed25519PublicKey):
    return refused("public key is not an Ed25519 key", f"It is an {type(key).__name__}.")
point = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
if is_weak(point):
    return refused("public key is a weak one", "Anybody can sign with it.")
der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
return {
    **dict.fromkeys(("message", "detail", "hint", "sqlstate")),
    "fingerprint": hashlib.sha256(der).hexdigest(),
    "point": point,
}
$python$;
COMMENT ON FUNCTION churn_trust.read_public_key IS
    'Fingerprint and 32 bytes of an Ed25519 public key in PEM, or why it is refused.';
