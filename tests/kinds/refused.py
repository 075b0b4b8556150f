"""What is refused when it is attached."""

# What is refused when it is attached, with the reason that is given. Unless it says so,
# the profile is "Cli ""ents" and the complaints are "Ca lls".
COLUMNS = "(client integer, at timestamptz)"
FROM_SERVER = "SERVER matrix OPTIONS (filename '/dev/null')"
REFUSED = {
    "a view": (
        "CREATE VIEW other AS SELECT * FROM {clients}",
        "profile",
        "42809",
        "Only tables",
    ),
    "a view of complaints": (
        "CREATE VIEW other AS SELECT * FROM {calls}",
        "complaints",
        "42809",
        "Only tables",
    ),
    "a materialized view": (
        "CREATE MATERIALIZED VIEW other AS SELECT * FROM {clients}",
        "profile",
        "42809",
        "Only tables",
    ),
    "a foreign table": (
        f"CREATE FOREIGN TABLE other {COLUMNS} {FROM_SERVER}",
        "complaints",
        "42809",
        "Only tables",
    ),
    "a foreign partition": (
        f"CREATE TABLE other {COLUMNS} PARTITION BY LIST (client);"
        f"CREATE FOREIGN TABLE abroad PARTITION OF other DEFAULT {FROM_SERVER}",
        "complaints",
        "42809",
        "foreign table",
    ),
    "a foreign child": (
        f"CREATE TABLE other {COLUMNS};"
        f"CREATE FOREIGN TABLE abroad () INHERITS (other) {FROM_SERVER}",
        "complaints",
        "42809",
        "foreign table",
    ),
    "a temporary table": (
        'CREATE TEMPORARY TABLE other ("Id" integer PRIMARY KEY)',
        "profile",
        "42809",
        "not temporary",
    ),
    "temporary complaints": (
        f"CREATE TEMPORARY TABLE other {COLUMNS}",
        "complaints",
        "42809",
        "not temporary",
    ),
    "a typed profile": (
        'CREATE TYPE client AS ("Id" integer);'
        'CREATE TABLE other OF client ("Id" PRIMARY KEY)',
        "profile",
        "42809",
        "typed table",
    ),
    "a partition of clients": (
        'CREATE TABLE whole ("Id" integer PRIMARY KEY) PARTITION BY LIST ("Id");'
        "CREATE TABLE other PARTITION OF whole DEFAULT",
        "profile",
        "42809",
        "partition or child of company.whole",
    ),
    "a partition of complaints": (
        f"CREATE TABLE whole {COLUMNS} PARTITION BY LIST (client);"
        "CREATE TABLE other PARTITION OF whole DEFAULT",
        "complaints",
        "42809",
        "partition or child of company.whole",
    ),
    "a child of clients": (
        'CREATE TABLE other (PRIMARY KEY ("Id")) INHERITS ({clients})',
        "profile",
        "42809",
        'child of company."Cli ""ents"',
    ),
    "a child of complaints": (
        "CREATE TABLE other () INHERITS ({calls})",
        "complaints",
        "42809",
        'child of company."Ca lls"',
    ),
    "a sequence": ("CREATE SEQUENCE other", "profile", "42809", "Only tables"),
    "a column of pgchurn's name": (
        'CREATE TABLE other ("Id" integer PRIMARY KEY, churn_score text)',
        "profile",
        "42701",
        "adds a column of this name",
    ),
    "a key that is not unique": (
        'CREATE TABLE other ("Id" integer)',
        "profile",
        "22023",
        "not unique",
    ),
    "a key that is unique for some": (
        'CREATE TABLE other ("Id" integer);'
        'CREATE UNIQUE INDEX ON other ("Id") WHERE "Id" > 3',
        "profile",
        "22023",
        "not unique",
    ),
    "a key that is unique together with another": (
        'CREATE TABLE other ("Id" integer, shop integer, PRIMARY KEY ("Id", shop))',
        "profile",
        "22023",
        "not unique",
    ),
    "a key that cannot be compared": (
        'CREATE TABLE other ("Id" json)',
        "profile",
        "42804",
        "cannot be a key",
    ),
    "a key that is an array": (
        'CREATE TABLE other ("Id" integer[] PRIMARY KEY)',
        "profile",
        "42804",
        "It is integer[]",
    ),
    "a key that is a row": (
        "CREATE TYPE pair AS (a integer, b text);"
        'CREATE TABLE other ("Id" pair PRIMARY KEY)',
        "profile",
        "42804",
        "It is company.pair",
    ),
    "a reference of another type": (
        "CREATE TABLE other (client uuid, at timestamptz)",
        "complaints",
        "42804",
        "A foreign key would be refused",
    ),
    "a time that is none": (
        "CREATE TABLE other (client integer, at text)",
        "complaints",
        "42804",
        "no time",
    ),
}
