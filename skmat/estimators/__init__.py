"""The scikit-learn face: one thin file per encoder family, shared work in base classes."""

from skmat.estimators._mtencoder import MTEncoder, MTEncoderClassifier, MTEncoderRegressor

__all__ = ["MTEncoder", "MTEncoderClassifier", "MTEncoderRegressor"]
