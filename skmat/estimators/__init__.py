"""The scikit-learn face: one thin file per encoder family, shared work in base classes."""

from skmat.estimators._alignn import ALIGNNClassifier, ALIGNNEncoder, ALIGNNRegressor
from skmat.estimators._cgcnn import CGCNNClassifier, CGCNNEncoder, CGCNNRegressor
from skmat.estimators._mtencoder import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.estimators._roost import RoostClassifier, RoostEncoder, RoostRegressor

__all__ = [
    "ALIGNNClassifier",
    "ALIGNNEncoder",
    "ALIGNNRegressor",
    "CGCNNClassifier",
    "CGCNNEncoder",
    "CGCNNRegressor",
    "MTEncoder",
    "MTEncoderClassifier",
    "MTEncoderRegressor",
    "RoostClassifier",
    "RoostEncoder",
    "RoostRegressor",
]
