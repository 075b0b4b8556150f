import configparser
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
from pgchurn.loader import private_server

ORDINARY_USER = 1000
UNIX_SOCKET_PATH_LIMIT = 107


def test_root_keeps_its_state_where_the_server_user_can_enter():
    state = private_server.state_directory(Path("/root/pgchurn"), user_id=0)

    assert state.parent == Path("/var/lib/pgchurn")
    assert len(state.name) == 12


def test_an_ordinary_user_keeps_the_state_in_the_checkout():
    state = private_server.state_directory(Path("/home/ann/pgchurn"), ORDINARY_USER)

    assert state == Path("/home/ann/pgchurn/.pgchurn")


@pytest.mark.parametrize("user_id", [0, ORDINARY_USER])
def test_two_checkouts_share_neither_state_nor_socket(user_id):
    one, other = Path("/srv/one"), Path("/srv/other")

    for place in (private_server.state_directory, private_server.socket_directory):
        assert place(one, user_id) != place(other, user_id)


def test_two_users_of_one_checkout_do_not_share_a_socket():
    checkout = Path("/srv/pgchurn")

    places = {private_server.socket_directory(checkout, user) for user in (0, 1, 2)}

    assert len(places) == 3


@pytest.mark.parametrize("user_id", [0, ORDINARY_USER, 2**32 - 2])
@pytest.mark.parametrize("length", [20, 150, 4000])
def test_the_socket_path_fits_however_long_the_checkout_path_is(user_id, length):
    checkout = Path("/" + "x" * (length - 1))

    directory = private_server.socket_directory(checkout, user_id)

    socket = os.fsencode(directory / f".s.PGSQL.{private_server.PORT}")
    assert len(socket) <= UNIX_SOCKET_PATH_LIMIT


def test_a_checkout_path_that_is_no_valid_text_still_has_a_key():
    assert len(private_server.checkout_key(Path(os.fsdecode(b"/srv/\xff")))) == 12


def test_the_socket_directory_never_needs_quoting():
    checkout = Path('/srv/it\'s 100% "$HOME"; a:b,c#é')

    for user_id in (0, ORDINARY_USER):
        directory = str(private_server.socket_directory(checkout, user_id))
        assert set(directory) <= set("abcdefghijklmnopqrstuvwxyz0123456789-/")


@pytest.mark.parametrize("directory", ["/tmp/plain", "/srv/a b&c=d?e#f%20:g/é"])
def test_the_url_carries_the_socket_directory_unchanged(directory):
    url = private_server.connection_url(Path(directory))

    parts = urllib.parse.urlsplit(url)
    assert parts.path == "/pgchurn"
    assert parts.fragment == ""
    assert urllib.parse.parse_qs(parts.query) == {"host": [directory], "port": ["5432"]}


@pytest.fixture
def installed(monkeypatch):
    """Say which versions of PostgreSQL are installed."""

    def install(*versions):
        monkeypatch.setattr(
            private_server.distribution, "installed_versions", lambda: list(versions)
        )

    return install


@pytest.fixture
def data(monkeypatch, tmp_path):
    """Say which version of PostgreSQL has made the private server's data."""
    monkeypatch.setattr(private_server, "state_directory", lambda: tmp_path)

    def make(version):
        (tmp_path / "data").mkdir()
        (tmp_path / "data/PG_VERSION").write_text(f"{version}\n")

    return make


@pytest.mark.parametrize("version", [15, 16, 17])
def test_the_programs_are_those_of_the_installed_server(version, installed, data):
    installed(version)

    assert private_server.server_program("psql") == Path(
        f"/usr/lib/postgresql/{version}/bin/psql"
    )


def test_a_new_private_server_is_of_the_newest_version(installed, data):
    installed(17, 15)

    assert private_server.server_directory().name == "17"


def test_data_keep_the_server_whose_version_made_them(installed, data):
    installed(17, 15)
    data(15)

    assert private_server.server_directory().name == "15"


def test_data_of_a_version_that_is_gone_are_not_started_by_another(installed, data):
    installed(17)
    data(15)

    with pytest.raises(private_server.PrivateServerError, match="make clean"):
        private_server.server_directory()


def test_without_a_server_the_message_says_how_to_get_one(installed, data):
    installed()

    with pytest.raises(private_server.PrivateServerError, match="make setup"):
        private_server.server_directory()


def test_the_psql_command_prints_the_path_and_nothing_else(installed, data, capsys):
    installed(17)

    assert private_server.main(["psql"]) == 0

    printed = capsys.readouterr()
    assert printed.out == "/usr/lib/postgresql/17/bin/psql\n"
    assert printed.err == ""


@pytest.mark.parametrize("database", ["", "postgresql://ann:a'b$c@db/crm"])
def test_the_env_command_prints_what_a_shell_evaluates(
    database, monkeypatch, tmp_path, capsys
):
    programs = tmp_path / "state of 'ann'; $HOME" / "venv/bin"
    monkeypatch.setattr(
        private_server, "plain_state_directory", lambda: programs.parents[1]
    )
    monkeypatch.setenv("DATABASE_URL", database)

    assert private_server.main(["env"]) == 0

    script = capsys.readouterr().out + 'printf "%s\\n" "$PATH" "$DATABASE_URL"'
    shell = subprocess.run(
        ["sh", "-c", script], env={"PATH": "/bin"}, capture_output=True, text=True
    )
    assert shell.stdout.splitlines() == [
        f"{programs}:/bin",
        database or private_server.url(),
    ]


def test_requirements_hold_both_kinds_of_dependency_and_no_comment():
    configuration = (
        "[options]\n"
        "install_requires =\n"
        "    # Arrays.\n"
        "    numpy==2.4.6\n"
        "[options.extras_require]\n"
        "dev =\n"
        "    isort==9.0.2\n"
        "[alembic]\n"
        "script_location = %(here)s/migrations\n"
    )

    found = private_server.requirements(configuration)

    assert found == ["numpy==2.4.6", "isort==9.0.2"]


def test_every_dependency_is_pinned_exactly():
    configuration = (private_server.CHECKOUT / "setup.cfg").read_text(encoding="utf-8")

    requirements = private_server.requirements(configuration)

    assert requirements
    assert [name for name in requirements if name.count("==") != 1] == []


def test_every_dependency_says_what_it_is_for():
    lines = (private_server.CHECKOUT / "setup.cfg").read_text().splitlines()

    for name in private_server.requirements("\n".join(lines)):
        above = lines[lines.index(f"    {name}") - 1]
        assert above.startswith("    # "), name


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_the_embedded_python_is_the_one_that_plpython_links(version):
    linked = (
        "\tlinux-vdso.so.1 (0x00007f8604b39000)\n"
        f"\tlibpython{version}.so.1.0 => /lib/libpython{version}.so.1.0 (0x7f)\n"
    )

    assert private_server.embedded_python(linked) == f"/usr/bin/python{version}"


def test_an_embedded_python_that_is_too_old_is_refused():
    with pytest.raises(
        private_server.PrivateServerError, match=r"needs 3\.11 or newer"
    ):
        private_server.embedded_python("\tlibpython3.9.so.1.0 => /lib/l.so (0x7f)\n")


def test_the_oldest_python_is_the_one_that_the_package_asks_for():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(private_server.CHECKOUT / "setup.cfg")

    oldest = ".".join(map(str, private_server.OLDEST_PYTHON))
    assert parser["options"]["python_requires"] == f">={oldest}"


def test_a_plpython_without_a_python_is_refused():
    with pytest.raises(private_server.PrivateServerError, match="libpython3"):
        private_server.embedded_python("\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n")


def test_a_claimed_directory_is_closed_to_others(tmp_path):
    directory = tmp_path / "socket"

    private_server.claim_directory(directory, os.geteuid())

    assert directory.stat().st_mode & 0o777 == 0o700


def test_claiming_closes_a_directory_of_our_own_that_stood_open(tmp_path):
    directory = tmp_path / "socket"
    directory.mkdir()
    directory.chmod(0o777)

    private_server.claim_directory(directory, os.geteuid())

    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_symbolic_link_is_not_claimed(tmp_path):
    target = tmp_path / "target"
    target.mkdir(mode=0o755)
    link = tmp_path / "socket"
    link.symlink_to(target)

    with pytest.raises(private_server.PrivateServerError, match="not ours"):
        private_server.claim_directory(link, os.geteuid())

    assert target.stat().st_mode & 0o777 == 0o755


def test_a_file_is_not_claimed(tmp_path):
    file = tmp_path / "socket"
    file.touch()

    with pytest.raises(private_server.PrivateServerError, match="not ours"):
        private_server.claim_directory(file, os.geteuid())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may claim what it owns itself")
def test_a_directory_of_another_user_is_not_claimed():
    with pytest.raises(private_server.PrivateServerError, match="not ours"):
        private_server.claim_directory(Path("/usr"), os.geteuid())


def test_the_module_needs_the_standard_library_only():
    program = (
        "import sys, loader.private_server\n"
        "outside = {name.split('.')[0] for name in sys.modules}\n"
        "print(*sorted(outside - sys.stdlib_module_names - {'loader', '__main__'}))"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=private_server.CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == ""


def test_the_python_command_prints_the_path_and_nothing_else(capsys):
    assert private_server.main(["python"]) == 0

    printed = capsys.readouterr()
    assert printed.out == f"{private_server.python_path()}\n"
    assert printed.err == ""


def test_a_failure_is_one_line_on_standard_error(monkeypatch, capsys):
    def fail():
        raise private_server.PrivateServerError("no room")

    monkeypatch.setattr(private_server, "url", fail)

    assert private_server.main(["url"]) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "pgchurn: no room\n"
