"""``python -m skmat`` is the command ``skmat``."""

import sys

from skmat.cli.main import main

sys.exit(main())
