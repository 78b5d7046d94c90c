"""``python -m skmat`` is the command ``skmat``."""

import sys

from skmat.cli import main

sys.exit(main())
