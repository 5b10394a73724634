"""The types that a skops file may hold beyond those that skops itself trusts.

The code of each was read: loading it runs nothing of the file, and it holds numbers and other
objects of these lists. Where it leads into compiled code that believes its numbers,
``catalog.structure`` checks them before the model is asked.

Left out with reason: distributions of scipy.stats run a text of the file as code when they are
loaded; splines of SciPy and PyFuncDistance would need functions or checks of their own.
"""

from __future__ import annotations

_HISTOGRAMS = "sklearn.ensemble._hist_gradient_boosting"

_TREES = (
    # the nodes of a tree; compiled code follows them blindly, structure.trees checks them
    "sklearn.tree._tree.Tree",
    # a tree of HistGradientBoosting: the same
    f"{_HISTOGRAMS}.predictor.TreePredictor",
    # its bins: arrays of thresholds
    f"{_HISTOGRAMS}.binning._BinMapper",
    # losses and links: pure functions of numbers, without a state
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    # how HistGradientBoosting takes columns beside categories: check_array with its options,
    # which looks at an array; structure.matters refuses a partial of anything else
    "functools.partial",
    "sklearn.utils.validation.check_array",
)

# Indices of rows; compiled code believes them, structure.neighbors checks them and their distance
_NEIGHBORS = (
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    # three fields at most: a power, weights of columns, a matrix; loading sets them, no more
    *(
        f"sklearn.metrics._dist_metrics.{name}Distance64"
        for name in (
            "BrayCurtis",
            "Canberra",
            "Chebyshev",
            "Dice",
            "Euclidean",
            "Hamming",
            "Haversine",
            "Jaccard",
            "Mahalanobis",
            "Manhattan",
            "Minkowski",
            "RogersTanimoto",
            "RussellRao",
            "SEuclidean",
            "SokalSneath",
        )
    ),
)

# A Gaussian process for two classes: arrays, which NumPy and SciPy check, and a formula of kernels
_PROCESSES = (
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    # parameters of a formula; PairwiseKernel takes one of scikit-learn's by its name
    *(
        f"sklearn.gaussian_process.kernels.{name}"
        for name in (
            "ConstantKernel",
            "DotProduct",
            "ExpSineSquared",
            "Exponentiation",
            "Matern",
            "PairwiseKernel",
            "Product",
            "RBF",
            "RationalQuadratic",
            "Sum",
            "WhiteKernel",
        )
    ),
)

# Matrices by their places that aren't zero, read by SciPy without pickle; compiled code believes
# where these are, structure.matters checks them
_SPARSE = tuple(
    f"scipy.sparse._{form}.{form}_{kind}"
    for form in ("coo", "csc", "csr")
    for kind in ("array", "matrix")
)

_COMPOSED = (
    # what calibration fits: a classifier with its calibrators, two numbers, one number
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    # a dict of the parts of an ensemble
    "sklearn.utils._bunch.Bunch",
    # the kind of numbers that an encoder or imputer answers with, read from an empty array
    "numpy.dtype",
    # which columns go where, by pattern and kind; used up by fitting
    "sklearn.compose._column_transformer.make_column_selector",
)

# Left over from fitting, and never called to predict: parameters in plain attributes
_LEFT_OVER = (
    # step sizes of a network
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    # the scorer of a search or a threshold, and which arguments it asks for
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    # its folds: numbers of splits and seeds
    *(
        f"sklearn.model_selection._split.{name}"
        for name in (
            "KFold",
            "LeaveOneOut",
            "PredefinedSplit",
            "RepeatedKFold",
            "RepeatedStratifiedKFold",
            "ShuffleSplit",
            "StratifiedKFold",
            "StratifiedShuffleSplit",
            "TimeSeriesSplit",
            "_CVIterableWrapper",
        )
    ),
    # searches that scikit-learn calls experimental, as GridSearchCV once the best is found
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
    # what was counted: pure functions of labels and predictions
    *(
        f"sklearn.metrics._classification.{name}"
        for name in (
            "accuracy_score",
            "balanced_accuracy_score",
            "brier_score_loss",
            "cohen_kappa_score",
            "d2_brier_score",
            "d2_log_loss_score",
            "f1_score",
            "fbeta_score",
            "jaccard_score",
            "log_loss",
            "matthews_corrcoef",
            "precision_score",
            "recall_score",
        )
    ),
    "sklearn.metrics._ranking.average_precision_score",
    "sklearn.metrics._ranking.roc_auc_score",
    "sklearn.metrics._ranking.top_k_accuracy_score",
    "sklearn.metrics._scorer.negative_likelihood_ratio",
    "sklearn.metrics._scorer.positive_likelihood_ratio",
    # by what inputs were chosen: pure functions of inputs and labels
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
)

_BOOSTING = (
    # LightGBM: settings, names of classes, and a booster that LightGBM reads from its own text
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    # XGBoost, in a pipeline: settings, and a booster that XGBoost reads from its own UBJSON
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
)

# What is loaded where ``structure`` doesn't check, in an environment of the model's own
PLAIN_TYPES = frozenset((*_BOOSTING, *_TREES, *_PROCESSES, *_COMPOSED, *_LEFT_OVER))
REVIEWED_TYPES = PLAIN_TYPES.union(_NEIGHBORS, _SPARSE)
