"""A model fitted on what a client library gives is scored on the same values.

The rows are read by psycopg2 and by pandas, as a data scientist does, without any cast;
nothing of pgchurn has a part in what is expected.
"""

import pickle
import struct
import warnings

import pandas as pd
import pytest
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.registration import register
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.models import activate, divergences, quoted, rescore_in_place

ROWS = 400
PROFILE = 'odd."Odd ""Shop"""'
WORDS = "(ARRAY['a', 'b ', 'c', ' Dear'])[1 + i * 7 % 4]"
# Each column's type, and what it holds in row i.
TEXTS = {
    "plain": ("text", WORDS),
    "varying": ("varchar", WORDS),
    "limited": ("varchar(10)", WORDS),
    "padded": ("char(10)", WORDS),
    "letter": ("character", "substr('abcd', 1 + i * 3 % 4, 1)"),
    "called": ("name", WORDS),
    "domain of padded": ("odd.padded", WORDS),
    'domain of "domain"': ('odd."Odd ""Type"""', WORDS),
    "mood": ("odd.mood", "(enum_range(NULL::odd.mood))[1 + i % 3]"),
    "letters": ("odd.letters", WORDS),
    "case": ("public.citext", "(ARRAY['Gold', 'gold', 'GOLD', 'tin'])[1 + i * 5 % 4]"),
    "long": ("text", "repeat((ARRAY['x', 'y'])[1 + i % 2], 999 + i % 5)"),
    "empty": ("text", "(ARRAY['', ' ', 'nan', 'None'])[1 + i * 11 % 4]"),
}
NUMBERS = {
    "small": ("smallint", "i % 7 - 3"),
    "whole": ("integer", "i::bigint * 1000003 % 2147483647"),
    "large": ("bigint", "9007199254740993 + i * 7919"),
    "single": ("real", "(i % 10) / 10.0"),
    "single %": ("odd.single", "(i % 11) / 100.0"),
    "tiny": ("real", "(i % 10) * 1e-40"),
    "double": ("double precision", "0.1 + (i % 10) * 0.2::float8"),
    "domain of double": ("odd.double", "0.1 + (i % 13) * 0.2::float8"),
    "numeric": ("numeric", "(i % 10) / 7.0"),
    "exact": ("numeric(12, 4)", "(i % 17) / 7.0"),
    "scaled": ("numeric(10, 310)", "((i % 10) || 'e-305')::numeric"),
    "huge": ("odd.exact", "(i % 10) * 1e30"),
    "yes": ("boolean", "i % 3 = 0"),
    "assent": ("odd.assent", "i % 7 < 3"),
}
COLUMNS = TEXTS | NUMBERS
SHORT_TEXTS = [name for name in TEXTS if name != "long"]


@pytest.fixture
def shop(table):
    """A session that is in no transaction."""
    yield table
    table.rollback()


@pytest.fixture(scope="module")
def table(module_empty_database):
    """A table of the odd types, a fifth of whose values are missing in every column."""
    session = module_empty_database.session()
    columns = ", ".join(
        f"{quoted(name)} {type_}" for name, (type_, _) in COLUMNS.items()
    )
    values = ", ".join(
        f"CASE WHEN (i + {number}) % 5 > 0 THEN {value} END"
        for number, (_, value) in enumerate(COLUMNS.values())
    )
    session.run(f"""
        CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
        CREATE SCHEMA odd;
        CREATE TYPE odd.mood AS ENUM ('glum', ' cheerful ', 'Élan');
        CREATE DOMAIN odd.padded AS char(6);
        CREATE DOMAIN odd."Odd ""Type\""" AS odd.padded;
        CREATE DOMAIN odd.letters AS varchar(6) CHECK (VALUE <> '');
        CREATE DOMAIN odd.single AS real;
        CREATE DOMAIN odd.double AS double precision;
        CREATE DOMAIN odd.exact AS numeric;
        CREATE DOMAIN odd.assent AS boolean;
        CREATE TABLE {PROFILE} (id integer PRIMARY KEY, left_us boolean, {columns});
        CREATE TABLE odd.calls (client integer);
        CREATE INDEX ON odd.calls (client);
        INSERT INTO {PROFILE}
        SELECT i, i * i % 11 > 5, {values} FROM generate_series(1, {ROWS}) i;
        SELECT churn.attach('{PROFILE}', 'id', 'odd.calls', 'client');
        """)
    session.commit()
    return session


def by_psycopg2(session, **options):
    """Return the frame that a data scientist makes of psycopg2's rows."""
    with session.connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {PROFILE} ORDER BY id")
        names = [column.name for column in cursor.description]
        return pd.DataFrame(cursor.fetchall(), columns=names, **options)


def by_psycopg2_as_it_is(session):
    """Return the same without what pandas makes of the types."""
    return by_psycopg2(session, dtype=object)


def by_pandas(session):
    """Return what pandas reads."""
    with warnings.catch_warnings():
        # It prefers SQLAlchemy.
        warnings.simplefilter("ignore", UserWarning)
        return pd.read_sql(f"SELECT * FROM {PROFILE} ORDER BY id", session.connection)


def assert_scored_as_at_the_client(session, read, pipeline, features, compile_form):
    """Fit, register and activate; compare every score with the client's own."""
    frame = read(session)
    labels = frame["left_us"].astype(bool)
    expected = pipeline.fit(frame[features], labels).predict_proba(frame[features])[
        :, 1
    ]
    assert len(set(expected)) > 10
    candidate = Candidate.from_pickle(pickle.dumps(pipeline))
    session.commit()
    profile = Profile.find(session.connection, PROFILE)
    session.commit()
    version = register(
        session.connection,
        profile,
        candidate,
        profile.feature_kinds(features),
        metrics={},
        provenance={},
        compile_form=compile_form,
    )["version"]
    activate(session, version)

    every_row = f"{PROFILE} o"
    # A pickle takes a hundredth of a second for each.
    some_rows = f"(SELECT * FROM {PROFILE} ORDER BY id LIMIT 40) o"
    ways = {
        "stored in bulk": f"SELECT id, churn_score FROM {every_row}",
        "of a query": "SELECT (passed ->> 'id')::integer, score FROM"
        f" churn.predict_query({version}, 'SELECT * FROM {every_row}',"
        " pass_features => true)",
        "selected": f"SELECT id, churn.score(o::{PROFILE}) FROM {some_rows}",
        "stored one by one": f"SELECT id, churn_score FROM {every_row}",
        "of JSON": f"SELECT id, churn.predict({version}, to_jsonb(o)) FROM {some_rows}",
    }
    # Old drivers, pg_dump and PGOPTIONS set how many digits are printed of a number.
    for digits in (3, -15):
        session.run(f"SET LOCAL extra_float_digits = {digits}")
        rescore_in_place(session, PROFILE)
        for way, statement in ways.items():
            if way == "stored one by one":
                for number in range(1, 1 + ROWS, 40):
                    session.run("INSERT INTO odd.calls VALUES (%s)", number)
            if way == "of JSON":
                # There a number is what is printed of it.
                session.run("SET LOCAL extra_float_digits = 1")
            found = scores_by_key(session, statement)
            wrong = [key for key in found if abs(found[key] - expected[key - 1]) > 1e-9]
            assert wrong == [], f"{way}: {len(wrong)} of {len(found)} scores are wrong"
        assert divergences(session, PROFILE) == []


def scores_by_key(session, statement):
    """Return the scores of a SELECT by key, with all digits however few are shown."""
    rows = session.run(
        f"SELECT s.id, float8send(s.score) FROM ({statement}) s (id, score)"
    )
    assert rows
    return {key: struct.unpack(">d", score)[0] for key, score in rows}


def one_hot(*steps):
    """Return text preprocessing that ignores what is unknown."""
    return make_pipeline(*steps, OneHotEncoder(handle_unknown="ignore"))


TEXT_PREPROCESSING = {
    "one-hot": lambda: one_hot(),
    "one-hot, strict": lambda: OneHotEncoder(),
    "ordinal": lambda: OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    ),
    "imputed": lambda: one_hot(SimpleImputer(strategy="most_frequent")),
}
READERS = [by_psycopg2, by_psycopg2_as_it_is, by_pandas]


@pytest.mark.parametrize("compile_form", [True, False], ids=["compiled", "pickled"])
@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("preprocessing", TEXT_PREPROCESSING)
def test_texts(shop, preprocessing, read, compile_form):
    pipeline = make_pipeline(
        make_column_transformer((TEXT_PREPROCESSING[preprocessing](), SHORT_TEXTS)),
        LogisticRegression(),
    )

    assert_scored_as_at_the_client(shop, read, pipeline, SHORT_TEXTS, compile_form)


@pytest.mark.parametrize("compile_form", [True, False], ids=["compiled", "pickled"])
def test_texts_whose_none_is_imputed(shop, compile_form):
    """As psycopg2 gives it: pandas makes NaN of it, which this imputer leaves alone."""
    imputer = SimpleImputer(missing_values=None, strategy="constant", fill_value="?")
    pipeline = make_pipeline(
        make_column_transformer((one_hot(imputer), SHORT_TEXTS)), LogisticRegression()
    )

    assert_scored_as_at_the_client(
        shop, by_psycopg2_as_it_is, pipeline, SHORT_TEXTS, compile_form
    )


@pytest.mark.parametrize("compile_form", [True, False], ids=["compiled", "pickled"])
@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("classifier", [LogisticRegression, GradientBoostingClassifier])
def test_numbers_and_booleans(shop, classifier, read, compile_form):
    # The compiled sum multiplies before it subtracts: of such numbers, 1e-7 is lost.
    inexact = {"large"} if compile_form and classifier is LogisticRegression else set()
    features = [name for name in NUMBERS if name not in inexact]
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), classifier())

    assert_scored_as_at_the_client(shop, read, pipeline, features, compile_form)


@pytest.mark.parametrize("read", READERS)
def test_numbers_and_booleans_that_are_categories(shop, read):
    features = ["small", "yes", "assent", "plain"]
    pipeline = make_pipeline(
        make_column_transformer((one_hot(), features)), LogisticRegression()
    )

    assert_scored_as_at_the_client(shop, read, pipeline, features, True)


def test_a_category_that_is_too_long_is_refused_in_words(shop):
    frame = by_psycopg2(shop)
    pipeline = make_pipeline(
        make_column_transformer((one_hot(), ["long"])), LogisticRegression()
    )
    pipeline.fit(frame[["long"]], frame["left_us"].astype(bool))

    with pytest.raises(Exception, match="characters.*their first 1000"):
        Candidate.from_pickle(pickle.dumps(pipeline))
