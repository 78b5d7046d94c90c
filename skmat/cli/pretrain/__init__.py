"""The command ``skmat pretrain``: a configuration file to a checkpoint."""

from skmat.cli.pretrain.config import PretrainConfig, read_config
from skmat.cli.pretrain.run import run_pretraining

__all__ = ["PretrainConfig", "read_config", "run_pretraining"]
