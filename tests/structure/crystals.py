from common.materials import *  # noqa: F403
