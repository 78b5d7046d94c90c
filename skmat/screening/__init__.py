"""Predictions for more materials than fit into memory, in parts and on any number of machines."""

from skmat.screening._best import best_rows
from skmat.screening._parts import merge_parts
from skmat.screening._predictor import Predictor
from skmat.screening._stream import predict_stream, transform_stream

__all__ = ["Predictor", "best_rows", "merge_parts", "predict_stream", "transform_stream"]
