"""The arm of a customer: part of a hash that stays what it is."""

import struct

import numpy as np
import pytest
from pgchurn.plpython.runtime.arms import (
    arm_hash,
    arm_hashes,
    digest_of_arm,
    version_of_arm,
)

CHAMPION, CHALLENGER = b"a" * 32, b"b" * 32
KEYS = [str(number).encode() for number in range(20_000)]


def arms(salt, share):
    """Return what churn.deployments.arms holds of a release of version 9 beside 4."""
    return CHAMPION + CHALLENGER + struct.pack(">qqqi", 4, 9, salt, share)


# Another value would have customers change arms at an upgrade, amid a release.
@pytest.mark.parametrize(
    ("key", "salt", "place"),
    [
        (b"1", 0, 30865),
        (b"Ann", 4711, 18514),
        ("Bäcker".encode(), -1, 32279),
        (b"", 2**53, 47829),
    ],
)
def test_the_place_of_a_key_stays_what_it_is(key, salt, place):
    assert arm_hash(key, salt) == place


def test_no_key_has_no_place():
    assert arm_hashes([b"1", None], 7) == [arm_hash(b"1", 7), None]


def test_without_a_salt_no_key_has_a_place():
    assert arm_hashes([b"1", b"2"], None) == [None, None]


@pytest.mark.parametrize("salt", [0, 1, -1, 2**53, -(2**63)])
@pytest.mark.parametrize("share", [1, 655, 32768, 65535])
def test_the_version_is_the_challengers_below_the_share(salt, share):
    packed = arms(salt, share)

    assert [version_of_arm(packed, key) for key in KEYS[:2000]] == [
        9 if place < share else 4 for place in arm_hashes(KEYS[:2000], salt)
    ]


def test_no_key_is_the_champions():
    assert version_of_arm(arms(1, 65535), None) == 4


@pytest.mark.parametrize("number", [0, 5, -5, 2**63 - 1, -(2**63)])
def test_an_integer_stands_for_its_digits(number):
    for salt in range(50):
        packed = arms(salt, 32768)
        digits = str(number).encode()
        assert version_of_arm(packed, number) == version_of_arm(packed, digits)


def test_places_are_even_and_those_of_two_salts_independent():
    first, second = (np.array(arm_hashes(KEYS, salt)) for salt in (1, 2))

    tenths = np.histogram2d(first, second, bins=10, range=[[0, 65536]] * 2)[0]

    # Chi-square of 99 degrees of freedom: beyond 172 once in 100,000.
    expected = len(KEYS) / 100
    assert ((tenths - expected) ** 2 / expected).sum() < 172


def test_each_version_has_its_digest():
    packed = arms(1, 2)

    assert digest_of_arm(packed, 4) == CHAMPION
    assert digest_of_arm(packed, 9) == CHALLENGER
    assert digest_of_arm(CHAMPION, 4) == CHAMPION
