"""What the wheel and the sdist hold; `.ci/run` builds them into the folder of SKMAT_DIST."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

import skmat

ROOT = Path(__file__).parents[1]
WEIGHTS = PurePosixPath("skmat/pretrained/weights")


def the_only(pattern):
    folder = os.environ.get("SKMAT_DIST")
    if not folder:
        pytest.skip("set SKMAT_DIST to the folder of the wheel and the sdist to run this test")
    (path,) = Path(folder).glob(pattern)
    return path


@pytest.fixture(scope="module")
def wheel():
    return the_only("*.whl")


@pytest.fixture(scope="module")
def sdist():
    return the_only("*.tar.gz")


@pytest.fixture(scope="module")
def tracked():
    """Files of the package in the repository."""
    command = ["git", "ls-files", "-z", "skmat"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.split("\0") if name}


def names_in_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def names_in_sdist(sdist):
    """Files below the one folder of the archive."""
    with tarfile.open(sdist) as archive:
        files = [PurePosixPath(member.name) for member in archive if member.isfile()]
    assert len({file.parts[0] for file in files}) == 1
    return {str(PurePosixPath(*file.parts[1:])) for file in files}


def test_wheel_holds_the_package_and_nothing_else(wheel, tracked):
    names = names_in_wheel(wheel)
    metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - metadata == tracked
    assert any(name.endswith("licenses/LICENSE") for name in metadata)


def test_sdist_holds_the_package_and_what_installs_it(sdist, tracked):
    names = names_in_sdist(sdist)
    package = {name for name in names if name.startswith("skmat/")}
    assert package == tracked
    others = {name for name in names - package if not name.startswith("skmat.egg-info/")}
    assert others == {
        "CHANGELOG.md",
        "LICENSE",
        "MANIFEST.in",
        "PKG-INFO",
        "README.md",
        "constraints.txt",
        "pyproject.toml",
        "setup.cfg",
    }


def test_wheel_holds_types_and_every_shipped_encoder(wheel):
    names = names_in_wheel(wheel)
    assert "skmat/py.typed" in names
    encoders = {PurePosixPath(name).parts[3] for name in names if name.startswith(f"{WEIGHTS}/")}
    assert encoders
    for encoder in encoders:
        for file in ("README.md", "config.json", "model.safetensors"):
            assert str(WEIGHTS / encoder / file) in names


def test_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["Version"] == skmat.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"


SCRIPT = """
import skmat
print(skmat.__file__)
vectors = skmat.MTEncoder().fit_transform(["NaCl", "Bi2Te3"])  # reads the shipped weights
assert vectors.shape[0] == 2, vectors.shape
"""


def test_installed_wheel_runs_outside_the_checkout(wheel, tmp_path):
    """The package comes from the wheel, its dependencies from this environment."""
    home = tmp_path / "venv"
    venv.create(home)
    base = {"base": str(home), "platbase": str(home)}
    library = Path(sysconfig.get_path("purelib", "venv", vars=base))
    scripts = sysconfig.get_path("scripts", "venv", vars=base)
    python = shutil.which("python", path=scripts)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    options = {"cwd": tmp_path, "env": variables, "capture_output": True, "text": True}

    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    install += ["--no-deps", "--no-index", str(wheel)]
    done = subprocess.run(install, check=False, **options)
    assert done.returncode == 0, done.stderr
    # Python reads no .pth file of a folder added like this, so an editable install is not seen.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (library / "dependencies.pth").write_text("\n".join(sorted(paths)) + "\n")

    done = subprocess.run([python, "-c", SCRIPT], check=False, **options)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == library / "skmat" / "__init__.py"

    done = subprocess.run([shutil.which("skmat", path=scripts), "models"], check=False, **options)
    assert done.returncode == 0, done.stderr
    for name in skmat.list_pretrained():
        assert name in done.stdout
