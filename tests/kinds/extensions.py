"""What extensions bring."""

from tests.kinds.kind import CALLS, CLIENTS, Kind

EXTENSIONS = {
    f"{extension}: key of type {key}": Kind(
        key=key, spelling=spelling, extension=extension
    )
    for extension, key, spelling in (
        ("citext", "citext", "'Key ' || i"),
        ("ltree", "ltree", "'Top.k' || i"),
        ("isn", "ean13", "'4000000' || lpad(i::text, 5, '0') || '?'"),
        ("cube", "cube", "cube(ARRAY[i, 1])"),
        ("seg", "seg", "i::text"),
        ("hstore", "hstore", "hstore('k', i::text)"),
        ("lo", "lo", "i::oid"),
    )
} | {
    "uuid-ossp: default": Kind(
        f"ALTER TABLE {CLIENTS} ADD token uuid DEFAULT uuid_generate_v4()",
        extension="uuid-ossp",
        stamps=("token",),
    ),
    "pgcrypto: default": Kind(
        f"ALTER TABLE {CALLS} ADD token text"
        " DEFAULT encode(digest('x', 'sha256'), 'hex')",
        extension="pgcrypto",
    ),
    "hstore: column and index": Kind(
        f"ALTER TABLE {CLIENTS} ADD tags hstore DEFAULT 'a=>1';"
        f"CREATE INDEX ON {CLIENTS} USING gin (tags)",
        extension="hstore",
    ),
    "ltree: column and index": Kind(
        f"ALTER TABLE {CLIENTS} ADD region ltree DEFAULT 'a.b';"
        f"CREATE INDEX ON {CLIENTS} USING gist (region)",
        extension="ltree",
    ),
    "intarray: index": Kind(
        f"ALTER TABLE {CLIENTS} ADD tags integer[] DEFAULT '{{1,2}}';"
        f"CREATE INDEX ON {CLIENTS} USING gin (tags gin__int_ops)",
        extension="intarray",
    ),
    "citext: feature": Kind(
        f"ALTER TABLE {CLIENTS} ALTER plan TYPE citext", extension="citext"
    ),
    "bloom: index": Kind(
        f'CREATE INDEX ON {CLIENTS} USING bloom ("Id")', extension="bloom"
    ),
    "btree_gin: index": Kind(
        f"CREATE INDEX ON {CLIENTS} USING gin (usage, plan)", extension="btree_gin"
    ),
    "earthdistance: index": Kind(
        f"ALTER TABLE {CLIENTS} ADD place earth DEFAULT ll_to_earth(1, 2);"
        f"CREATE INDEX ON {CLIENTS} USING gist (place)",
        extension="earthdistance",
    ),
    "tcn: trigger": Kind(
        f"CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON {CLIENTS}"
        " FOR EACH ROW EXECUTE FUNCTION triggered_change_notification()",
        extension="tcn",
    ),
    "lo: trigger": Kind(
        f"ALTER TABLE {CLIENTS} ADD photo lo;"
        f"CREATE TRIGGER photo BEFORE UPDATE OR DELETE ON {CLIENTS} FOR EACH ROW"
        " EXECUTE FUNCTION lo_manage(photo)",
        extension="lo",
    ),
}
