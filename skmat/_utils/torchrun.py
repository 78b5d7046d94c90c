"""What ``torchrun`` tells the processes that it starts."""

import os

__all__ = ["TORCHRUN_VARIABLES", "is_started_by_torchrun"]

#: Environment variables that every launcher of torch sets.
TORCHRUN_VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def is_started_by_torchrun() -> bool:
    """Tell whether this process is one of several that torchrun started."""
    is_set = all(name in os.environ for name in TORCHRUN_VARIABLES)
    return is_set and os.environ["WORLD_SIZE"] != "1"
