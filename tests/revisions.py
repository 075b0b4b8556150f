"""A copy of the migrations, to which revisions can be added that nobody has made."""

import contextlib
import io
import shutil

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgchurn.migrations import frozen_files

from tests.databases import CHECKOUT


class Revisions:
    """A folder of migrations.

    Attributes
    ----------
    folder, frozen : pathlib.Path
    """

    def __init__(self, folder):
        self.folder = folder
        self.frozen = folder / "frozen"
        shutil.copytree(
            CHECKOUT / "migrations",
            folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )

    def config(self, database=None):
        """Return Alembic's configuration, for a database or for none."""
        config = Config()
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("file_template", "%%(rev)s")
        config.attributes["database_url"] = database and database.url
        return config

    @property
    def names(self):
        """The names of the revisions, from the first to the newest."""
        scripts = ScriptDirectory.from_config(self.config()).walk_revisions()
        return [script.revision for script in scripts][::-1]

    def add(self, number, **files):
        """Add a revision after all others, as a contributor does.

        Parameters
        ----------
        number : int
        **files
            Its copies, by kind and name: ``functions={"work": "CREATE ..."}``.

        Returns
        -------
        str
            The revision.
        """
        revision = f"9{number:03}_made_up"
        with contextlib.redirect_stdout(io.StringIO()):
            command.revision(self.config(), "Made up", rev_id=revision)
        for kind, texts in files.items():
            for name, text in texts.items():
                self.write(f"{revision}/{kind}/{name}.sql", text)
        return revision

    def write(self, path, text):
        """Write a frozen file."""
        (self.frozen / path).parent.mkdir(parents=True, exist_ok=True)
        (self.frozen / path).write_text(text, encoding="utf-8")

    def read(self, name):
        """Return the newest copy of a living file."""
        return frozen_files.read(frozen_files.newest(name))

    def upgrade(self, database, revision="head"):
        """Upgrade a database."""
        command.upgrade(self.config(database), revision)

    def downgrade(self, database, revision="-1"):
        """Downgrade a database."""
        command.downgrade(self.config(database), revision)

    def script(self, move, revisions):
        """Return the SQL that moves a database from one revision to another."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            move(self.config(), revisions, sql=True)
        return printed.getvalue()
