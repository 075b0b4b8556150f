"""A database's catalog as text, to hold one against another."""


def snapshot(database):
    """Return schema, rights and roles, without what differs from dump to dump."""
    dump = database.program("pg_dump", "--schema-only").stdout
    lines = [
        line
        for line in dump.splitlines()
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    ]
    session = database.session(autocommit=True)
    roles = session.run(
        "SELECT rolname, rolsuper, rolinherit, rolcanlogin,"
        " shobj_description(oid, 'pg_authid') FROM pg_roles"
        " WHERE rolname ~ '^churn_' ORDER BY 1"
    )
    session.close()
    return lines + [str(role) for role in roles]


def schema_of(snapshot_lines):
    """Return a snapshot without the roles, which belong to the server."""
    return [line for line in snapshot_lines if not line.startswith("('churn_")]
