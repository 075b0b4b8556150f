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


def test_packages_that_are_absent_or_only_configured_are_missing():
    statuses = "postgresql-15 installed\npython3-venv config-files\n"

    missing = private_server.missing_packages(statuses)

    assert missing == ["postgresql-plpython3-15", "python3-venv"]


def test_nothing_is_missing_where_every_package_is_installed():
    statuses = "\n".join(f"{name} installed" for name in private_server.PACKAGES)

    assert private_server.missing_packages(statuses) == []


def test_packages_that_are_asked_about_are_the_ones_that_may_be_missing():
    statuses = "postgresql-15-cron installed\npostgresql-15 not-installed"

    wanted = private_server.OPTIONAL_PACKAGES
    missing = private_server.missing_packages(statuses, wanted)

    assert missing == ["postgresql-15-wal2json"]


def test_the_message_about_missing_packages_is_one_line_with_the_command():
    message = private_server.missing_packages_message(["postgresql-15", "python3-venv"])

    assert "\n" not in message
    assert message.endswith("apt-get install postgresql-15 python3-venv")


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
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string("\n".join(lines))

    for name in parser["options"]["install_requires"].split():
        above = lines[lines.index(f"    {name}") - 1]
        assert above.startswith("    # "), name


def test_the_embedded_python_is_the_one_that_plpython_links():
    linked = (
        "\tlinux-vdso.so.1 (0x00007f8604b39000)\n"
        "\tlibpython3.11.so.1.0 => /lib/x86_64-linux-gnu/libpython3.11.so.1.0 (0x7f)\n"
    )

    assert private_server.embedded_python(linked) == "/usr/bin/python3.11"


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
