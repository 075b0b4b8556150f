import os

import pytest
from pgchurn.loader import distribution

POLICIES = """\
postgresql-plpython3-15:
  Installed: (none)
  Candidate: (none)
  Version table:
     15.20-0+deb12u1 -1
        100 /var/lib/dpkg/status
postgresql-plpython3-17:
  Installed: (none)
  Candidate: 17.12-0+deb13u1
  Version table:
     17.12-0+deb13u1 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
"""
ALL = (*distribution.server_packages(15), *distribution.optional_packages(15))


def make_server(postgresql, version, plpython=True):
    """Put the files in place by which a server is known."""
    for name in ("bin/postgres", "lib/plpython3.so" if plpython else "lib/plpgsql.so"):
        file = postgresql / str(version) / name
        file.parent.mkdir(parents=True)
        file.touch()


def test_installed_versions_come_with_the_newest_first(tmp_path):
    for version in (15, 17, 16):
        make_server(tmp_path, version)

    assert distribution.installed_versions(tmp_path) == [17, 16, 15]


def test_a_server_without_plpython_does_not_count(tmp_path):
    make_server(tmp_path, 17, plpython=False)
    make_server(tmp_path, 15)

    assert distribution.installed_versions(tmp_path) == [15]


@pytest.mark.parametrize("version", [14, 18])
def test_a_version_that_is_not_supported_does_not_count(version, tmp_path):
    make_server(tmp_path, version)

    assert distribution.installed_versions(tmp_path) == []


def test_the_newest_version_that_apt_could_install_is_taken():
    both = POLICIES.replace("Candidate: (none)", "Candidate: 15.20-0+deb12u1")

    assert distribution.newest_offered_version(POLICIES) == 17
    assert distribution.newest_offered_version(both) == 17


def test_the_version_of_debian_12_is_taken_where_there_is_no_other():
    policies = "postgresql-plpython3-15:\n  Installed: (none)\n  Candidate: 15.20\n"

    assert distribution.newest_offered_version(policies) == 15


@pytest.mark.parametrize("policies", ["", POLICIES.replace("17", "18")])
def test_without_a_supported_version_one_line_says_what_was_looked_for(policies):
    with pytest.raises(distribution.SetupError) as refused:
        distribution.newest_offered_version(policies)

    message = str(refused.value)
    assert "\n" not in message
    assert "PostgreSQL from 15 to 17" in message
    assert "use Debian 12 or 13" in message


def test_a_package_that_apt_knows_by_name_only_is_not_offered():
    assert distribution.offered_packages(POLICIES) == {"postgresql-plpython3-17"}


def test_packages_that_are_absent_or_only_configured_are_missing():
    statuses = "postgresql-15 installed\npython3-venv config-files\n"

    missing = distribution.missing_packages(statuses, distribution.server_packages(15))

    assert missing == ["postgresql-plpython3-15", "python3-venv"]


def test_nothing_is_missing_where_every_package_is_installed():
    statuses = "\n".join(f"{name} installed" for name in ALL)

    assert distribution.missing_packages(statuses, ALL) == []


def test_the_message_about_missing_packages_is_one_line_with_the_command():
    message = distribution.missing_packages_message(["postgresql-17", "python3-venv"])

    assert "\n" not in message
    assert message.endswith("apt-get install postgresql-17 python3-venv")


class Machine:
    """A machine on which `install_server` runs, and what it does there.

    Parameters
    ----------
    installed, offered : set of str
        Packages.
    lists : bool
        Whether apt has lists of what its sources offer; without them it knows nothing.
    """

    def __init__(self, installed=(), offered=(), lists=True):
        self.installed = set(installed)
        self.offered = set(offered)
        self.lists = lists
        self.done = []

    def installed_versions(self):
        return [
            version
            for version in distribution.SUPPORTED_VERSIONS
            if f"postgresql-plpython3-{version}" in self.installed
        ]

    def answer(self, program, *arguments):
        if program == "dpkg-query":
            return "".join(f"{name} installed\n" for name in self.installed)
        known = (self.offered if self.lists else set()) & set(arguments)
        return "".join(f"{x}:\n  Installed: (none)\n  Candidate: 1\n" for x in known)

    def apt_get(self, *arguments):
        if "update" in arguments:
            self.lists = True
            self.done.append("update")
        else:
            self.done.append(arguments[arguments.index("install") + 1 :])
            self.installed.update(self.done[-1])


@pytest.fixture
def on_machine(monkeypatch, tmp_path):
    """Install the server on a machine, as root or as an ordinary user."""

    def install(machine, user_id=0):
        lists = tmp_path / "debian_Packages.lz4"
        if machine.lists:
            lists.touch()
        monkeypatch.setattr(distribution, "PACKAGE_LISTS", tmp_path)
        monkeypatch.setattr(os, "geteuid", lambda: user_id)
        monkeypatch.setattr(
            distribution, "installed_versions", machine.installed_versions
        )
        monkeypatch.setattr(distribution, "_answer", machine.answer)
        monkeypatch.setattr(
            distribution,
            "_apt_get",
            lambda *arguments: (machine.apt_get(*arguments), lists.touch()),
        )
        distribution.install_server()
        return machine.done

    return install


def packages(version):
    return (
        *distribution.server_packages(version),
        *distribution.optional_packages(version),
    )


def test_nothing_is_done_where_everything_is_installed(on_machine):
    assert on_machine(Machine(installed=packages(15), offered=packages(17))) == []


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("version", [15, 16, 17])
def test_root_installs_the_version_that_is_offered(version, lists, on_machine):
    machine = Machine(offered=packages(version), lists=lists)

    assert on_machine(machine) == ["update", packages(version)]


def test_an_installed_server_is_taken_rather_than_a_newer_one(on_machine):
    machine = Machine(
        installed=distribution.server_packages(15),
        offered={*packages(15), *packages(17)},
    )

    assert on_machine(machine) == ["update", distribution.optional_packages(15)]


def test_an_optional_package_that_is_not_offered_costs_nothing(on_machine):
    machine = Machine(installed=distribution.server_packages(16))

    assert on_machine(machine) == []


def test_an_image_without_lists_of_packages_still_gets_the_optional_ones(on_machine):
    machine = Machine(
        installed=distribution.server_packages(15), offered=packages(15), lists=False
    )

    assert on_machine(machine) == ["update", distribution.optional_packages(15)]


def test_an_ordinary_user_is_told_what_root_has_to_install(on_machine):
    machine = Machine(offered=packages(17))

    with pytest.raises(distribution.SetupError, match="install postgresql-17 "):
        on_machine(machine, user_id=1000)

    assert machine.done == []


def test_an_ordinary_user_does_without_the_optional_packages(on_machine):
    machine = Machine(installed=distribution.server_packages(15), offered=packages(15))

    assert on_machine(machine, user_id=1000) == []


def test_root_is_told_where_no_supported_server_can_be_had(on_machine):
    with pytest.raises(distribution.SetupError, match="no PostgreSQL from 15 to 17"):
        on_machine(Machine(offered=packages(18)))
