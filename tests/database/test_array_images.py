"""Arrays as the server holds them: it believes what they say of themselves."""

import numpy as np
import pytest
from pgchurn.plpython.runtime.batches import matrix_from_image

ARRAY = "churn_trust.image_array(%s)"
IMAGE = bytes.fromhex("0100000000000000bd0200000200000001000000") + bytes(16)


def changed(first, content):
    return IMAGE[:first] + content + IMAGE[first + len(content) :]


def test_an_array_is_what_it_was(session):
    numbers = [0.1, -0.0, 5e-324, float("inf"), 1.7e308]

    image = session.value("SELECT churn_internal.array_image(%s::float8[])", numbers)

    assert session.value(f"SELECT {ARRAY}", bytes(image)) == numbers
    assert session.value(f"SELECT {ARRAY}", IMAGE) == [0.0, 0.0]


@pytest.mark.parametrize(
    "image",
    [
        b"",
        IMAGE[:20],
        IMAGE[:-1],
        IMAGE[:-8],
        IMAGE + bytes(8),
        changed(0, b"\2"),
        changed(4, b"\x18"),
        changed(8, b"\x19"),
        changed(12, b"\3"),
        changed(12, b"\xff\xff\xff\x7f"),
        changed(16, b"\xff\xff\xff\x7f"),
        bytes(100),
        b"\xff" * 1_000_000,
    ],
)
def test_other_bytes_are_no_array_not_even_for_a_superuser(session, image):
    assert session.refusal(f"SELECT {ARRAY}", image).sqlstate == "23514"
    assert session.refusal("SELECT %s::churn_trust.array_image", image).sqlstate == (
        "23514"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DOMAIN churn_trust.array_image DROP CONSTRAINT is_array",
        "DROP FUNCTION churn_trust.is_array_image CASCADE",
        "CREATE OR REPLACE FUNCTION churn_trust.array_bytes(numbers double precision[])"
        " RETURNS bytea LANGUAGE sql IMMUTABLE RETURN '\\x00'::bytea",
    ],
)
def test_churn_owner_cannot_have_other_bytes_taken_for_an_array(session, statement):
    with session.role("churn_owner"):
        assert session.refusal(statement).sqlstate == "42501"


def test_nothing_that_the_check_calls_is_of_churn_owner(session):
    owners = session.column(
        "SELECT DISTINCT r.rolname FROM pg_proc f JOIN pg_roles r ON r.oid = f.proowner"
        " WHERE f.oid IN ('churn_trust.is_array_image'::regproc,"
        " 'churn_trust.array_bytes'::regproc, 'churn_trust.image_array'::regproc)"
    )

    assert "churn_owner" not in owners


def test_what_a_failed_function_returns_is_refused_as_such_and_not_as_an_array(session):
    refusal = session.refusal("SELECT NULL::churn_trust.array_image")

    assert 'check constraint "not_failed"' in str(refusal)


def test_the_check_is_planned_once_and_not_in_each_statement(session):
    session.run("SET LOCAL track_functions = 'all'")

    for _ in range(2):
        assert session.value("SELECT %s::churn_trust.array_image", IMAGE) is not None

    # What has been put in its place is not called.
    assert (
        session.column(
            "SELECT calls FROM pg_stat_xact_user_functions"
            " WHERE funcid = 'churn_trust.is_array_image'::regproc"
        )
        == []
    )


def test_numbers_reach_python_as_they_are(session):
    rows = [[0.1, -0.0, 5e-324], [float("inf"), float("nan"), 1.7e308]]

    image = session.value(
        "SELECT churn_internal.array_image("
        "'{{0.1, -0, 5e-324}, {Infinity, NaN, 1.7e308}}'::float8[])"
    )

    assert matrix_from_image(bytes(image)).tobytes() == np.array(rows).tobytes()


def test_arrays_of_any_form_in_memory_are_read(session):
    # Compressed, out of line, and expanded, as PL/pgSQL keeps them.
    session.run("""
        CREATE TABLE kept (numbers double precision[]);
        INSERT INTO kept SELECT array_agg(ARRAY[i % 3, i]::float8[])
        FROM generate_series(1, 50000) i;
        CREATE FUNCTION expanded() RETURNS bytea LANGUAGE plpgsql AS $$
        DECLARE numbers double precision[] := ARRAY[[1, 2], [3, 4]];
        BEGIN
            numbers[1][1] := 5;
            RETURN churn_internal.array_image(numbers);
        END $$;
    """)

    kept = session.value("SELECT churn_internal.array_image(numbers) FROM kept")
    expanded = session.value("SELECT expanded()")

    assert matrix_from_image(bytes(kept)).tolist() == [
        [i % 3, i] for i in range(1, 50_001)
    ]
    assert matrix_from_image(bytes(expanded)).tolist() == [[5, 2], [3, 4]]
