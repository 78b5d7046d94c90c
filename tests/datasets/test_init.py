import subprocess
import sys

import skmat.datasets


def test_import_is_light():
    code = (
        "import sys, skmat.datasets;"
        "print([name for name in ('torch', 'matminer', 'pooch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_public_is_there():
    assert all(hasattr(skmat.datasets, name) for name in skmat.datasets.__all__)
