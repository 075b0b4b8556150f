"""Alembic environment, revisions, and the frozen SQL that each revision installs."""
