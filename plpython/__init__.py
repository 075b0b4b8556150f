"""What runs inside the server: the scoring runtime and the SQL that installs it."""
