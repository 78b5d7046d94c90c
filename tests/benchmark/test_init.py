import subprocess
import sys

import skmat.benchmark


def test_import_does_not_take_torch():
    code = "import sys, skmat.benchmark; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_everything_public_is_there():
    assert all(hasattr(skmat.benchmark, name) for name in skmat.benchmark.__all__)
