"""What setup.cfg makes of the checkout: a package with everything that runs in it."""

import configparser
import zipfile
from email.parser import HeaderParser

import pytest

from tests.databases import CHECKOUT
from tests.wheels import build_wheel

FOLDERS = ("loader", "migrations", "plpython")
# Read in a checkout only.
NOT_INSTALLED = ("README.md",)


@pytest.fixture(scope="module")
def configuration():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    return parser


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as wheel:
        yield wheel


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    return HeaderParser().parsestr(wheel.read(name).decode())


def files():
    """Return the files below the folders of the package, as paths in the checkout."""
    return {
        path.relative_to(CHECKOUT)
        for folder in FOLDERS
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_folder_with_python_in_it_is_a_listed_package(configuration):
    folders = {path.parent for path in files() if path.suffix == ".py"}

    listed = configuration["options"]["packages"].split()

    assert listed == sorted(f"pgchurn.{'.'.join(path.parts)}" for path in folders)


def test_the_wheel_puts_one_package_into_site_packages(wheel, configuration):
    version = configuration["metadata"]["version"]

    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert tops == {"pgchurn", f"pgchurn-{version}.dist-info"}


def test_the_wheel_carries_everything_that_runs(wheel):
    packed = {
        name.removeprefix("pgchurn/"): wheel.read(name)
        for name in wheel.namelist()
        if name.startswith("pgchurn/")
    }

    assert packed == {
        str(path): (CHECKOUT / path).read_bytes()
        for path in files()
        if path.name not in NOT_INSTALLED
    }
    assert "loader/queries.sql" in packed


def test_the_wheel_says_who_wrote_it_under_which_licence(metadata):
    assert metadata["Author"] == "pgchurn contributors"
    assert metadata["License"] == "PostgreSQL"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# pgchurn\n")


def test_the_wheel_makes_the_command(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))

    commands = configparser.ConfigParser()
    commands.read_string(wheel.read(name).decode())

    assert list(commands["console_scripts"]) == ["pgchurn"]
