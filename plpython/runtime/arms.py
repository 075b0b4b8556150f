"""Which of two versions scores a customer, while a release is under way."""

from collections.abc import Sequence
from hashlib import blake2s

# What churn.deployments.arms holds of a release: digests and numbers of champion and
# challenger, salt and share; and while one version scores all customers its digest
# alone.
DIGEST_BYTES = 32
CHAMPION = slice(64, 72)
CHALLENGER = slice(72, 80)
SALT = slice(80, 88)
# Of the four bytes of an integer, since a share has 16 bits.
SHARE = slice(90, 92)


def arm_hash(key: bytes | None, salt: int) -> int | None:
    """Return where a key stands among 65,536 parts of all keys.

    Customers below a share stay below it when it rises. It is BLAKE2s (RFC 7693), which
    is the same in every release of Python and PostgreSQL.

    Parameters
    ----------
    key : bytes or None
        The key as the profile stores it, in the encoding of the database.
    salt : int
        Of 64 bits with their sign: the parts of two salts have nothing to do with
        each other.
    """
    if key is None:
        return None
    salted = blake2s(key, digest_size=2, salt=salt.to_bytes(8, "big", signed=True))
    return int.from_bytes(salted.digest(), "big")


def arm_hashes(keys: Sequence[bytes | None], salt: int | None) -> list[int | None]:
    """Return where each of some keys stands; without a salt none stands anywhere."""
    if salt is None:
        return [None] * len(keys)
    return [arm_hash(key, salt) for key in keys]


def version_of_arm(arms: bytes, key: bytes | int | None) -> int:
    """Return the version of a release that scores a customer, as ``arm_hash`` has it.

    Spelled out, since it is part of every single INSERT while one is under way.

    Parameters
    ----------
    key : bytes, int or None
        An integer stands for its digits.
    """
    if key is None:
        return int.from_bytes(arms[CHAMPION], "big")
    digits = b"%d" % key if isinstance(key, int) else key
    place = blake2s(digits, digest_size=2, salt=arms[SALT]).digest()
    return int.from_bytes(arms[CHALLENGER if place < arms[SHARE] else CHAMPION], "big")


def digest_of_arm(arms: bytes, version: int) -> bytes:
    """Return the digest of one of the versions that ``arms`` tells of."""
    if len(arms) > DIGEST_BYTES and int.from_bytes(arms[CHALLENGER], "big") == version:
        return arms[DIGEST_BYTES : 2 * DIGEST_BYTES]
    return arms[:DIGEST_BYTES]
