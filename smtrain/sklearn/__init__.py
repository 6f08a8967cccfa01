"""smtrain for scikit-learn: SoftmaxRegression is an estimator. It needs the extra `smtrain[sklearn]`.

    from smtrain.sklearn import SoftmaxRegression
    classifier = SoftmaxRegression(l2=0.1).fit(X, y)

No other package of smtrain knows scikit-learn, and none loads this one; `smtrain.to_sklearn` and `from_sklearn` do.
"""

try:
    import sklearn  # noqa: F401 - only to say what to install
except ImportError as error:
    raise ImportError("smtrain.sklearn needs scikit-learn 1.7 or newer: pip install 'smtrain[sklearn]'") from error

from smtrain.sklearn.estimator import SoftmaxRegression
from smtrain.sklearn.pipeline import to_sklearn
from smtrain.sklearn.probing import from_sklearn

__all__ = ["SoftmaxRegression", "from_sklearn", "to_sklearn"]
