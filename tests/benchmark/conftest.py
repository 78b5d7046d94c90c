import json
import os
import subprocess
import sys

import pytest


class OfficialPackage:
    """The package matbench 0.6 in a folder of its own; its pins fit no environment of today."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, code, *arguments):
        """Run code with the package importable, return what it printed last."""
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, code, *arguments):
        return json.loads(self.run(code, *arguments).splitlines()[-1])


@pytest.fixture(scope="session")
def official_package(tmp_path_factory):
    """Install matbench 0.6 without its dependencies, or skip where pip cannot get it."""
    folder = tmp_path_factory.mktemp("matbench")
    install = ["install", "--quiet", "--no-deps", "--target", folder, "matbench==0.6"]
    done = subprocess.run([sys.executable, "-m", "pip", *install], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"pip cannot install matbench 0.6: {done.stderr.strip()[-200:]}")
    return OfficialPackage(folder)
