"""What a pickle may name although it serves no prediction, and what is dropped of it.

How a model was validated and searched for stays in its pickle: splitters, scorers,
caches, distributions, tables of results, functions that scored columns, samplers that
balanced the training; and pandas' names of columns, see ``chosen_columns``. None of it
is made: no name below is ever resolved, and whatever a pickle calls or sets with one of
them leaves an ``Unread`` behind, which holds nothing and which no estimator may keep.
"""

SPARSE = "scipy.sparse._csr"
UNREAD_BY_MODULE = {
    # Bytes of Arrow's, and bound methods, which a distribution keeps of itself.
    "builtins": ("bytearray", "getattr"),
    # What a sampler keeps of the classes' sizes.
    "collections": ("OrderedDict",),
    "joblib._store_backends": ("FileSystemStoreBackend",),
    "joblib.memory": ("Memory",),
    "numpy": ("vectorize",),
    "numpy.ma": ("MaskedArray",),
    "numpy.ma.core": ("_mareconstruct",),
    # Names of columns, whether pandas keeps them as objects or as texts of Arrow's. Its
    # versions before 3 call its classes by the modules that they are defined in.
    "pandas": ("Index", "RangeIndex", "Series", "StringDtype"),
    "pandas._libs.arrays": ("__pyx_unpickle_NDArrayBacked",),
    "pandas.arrays": ("ArrowStringArray", "StringArray"),
    "pandas.core.indexes.base": ("Index", "_new_Index"),
    "pandas.core.indexes.range": ("RangeIndex",),
    "pandas.core.internals.managers": ("SingleBlockManager",),
    "pandas.core.series": ("Series",),
    "pyarrow.lib": ("_restore_array", "py_buffer", "type_for_alias"),
    # Which samplers may have been given.
    SPARSE: ("csr_array", "csr_matrix"),
    "scipy.stats._continuous_distns": (
        "beta_gen",
        "expon_gen",
        "gamma_gen",
        "halfnorm_gen",
        "lognorm_gen",
        "norm_gen",
        "reciprocal_gen",
        "truncnorm_gen",
        "uniform_gen",
    ),
    "scipy.stats._discrete_distns": (
        "binom_gen",
        "geom_gen",
        "poisson_gen",
        "randint_gen",
    ),
    "scipy.stats._distn_infrastructure": ("rv_continuous_frozen", "rv_discrete_frozen"),
    "sklearn.feature_selection._mutual_info": (
        "mutual_info_classif",
        "mutual_info_regression",
    ),
    "sklearn.feature_selection._univariate_selection": (
        "chi2",
        "f_classif",
        "f_regression",
        "r_regression",
    ),
    "sklearn.metrics._classification": (
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
    ),
    "sklearn.metrics._ranking": (
        "average_precision_score",
        "roc_auc_score",
        "top_k_accuracy_score",
    ),
    "sklearn.metrics._scorer": (
        "_CurveScorer",
        "_MultimetricScorer",
        "_PassthroughScorer",
        "_Scorer",
        "negative_likelihood_ratio",
        "positive_likelihood_ratio",
    ),
    "sklearn.model_selection._split": (
        "GroupKFold",
        "GroupShuffleSplit",
        "KFold",
        "LeaveOneGroupOut",
        "LeaveOneOut",
        "LeavePGroupsOut",
        "LeavePOut",
        "PredefinedSplit",
        "RepeatedKFold",
        "RepeatedStratifiedKFold",
        "ShuffleSplit",
        "StratifiedGroupKFold",
        "StratifiedKFold",
        "StratifiedShuffleSplit",
        "TimeSeriesSplit",
        "_CVIterableWrapper",
    ),
    "sklearn.neighbors._unsupervised": ("NearestNeighbors",),
    "sklearn.utils._metadata_requests": ("MetadataRequest", "MethodMetadataRequest"),
}
# Of imbalanced-learn: what is done to the rows of the training, and to no others.
SAMPLERS_BY_MODULE = {
    "imblearn.combine._smote_enn": ("SMOTEENN",),
    "imblearn.combine._smote_tomek": ("SMOTETomek",),
    "imblearn.over_sampling._adasyn": ("ADASYN",),
    "imblearn.over_sampling._random_over_sampler": ("RandomOverSampler",),
    "imblearn.over_sampling._smote.base": ("SMOTE", "SMOTEN", "SMOTENC"),
    "imblearn.over_sampling._smote.filter": ("BorderlineSMOTE",),
    "imblearn.under_sampling._prototype_selection._edited_nearest_neighbours": (
        "EditedNearestNeighbours",
    ),
    "imblearn.under_sampling._prototype_selection._nearmiss": ("NearMiss",),
    "imblearn.under_sampling._prototype_selection._random_under_sampler": (
        "RandomUnderSampler",
    ),
    "imblearn.under_sampling._prototype_selection._tomek_links": ("TomekLinks",),
}
# Whose predictions are those of the other without its samplers.
READ_AS = {("imblearn.pipeline", "Pipeline"): ("sklearn.pipeline", "Pipeline")}


def pairs(by_module: dict[str, tuple[str, ...]]) -> frozenset[tuple[str, str]]:
    """Return the names of a table, each with its module."""
    return frozenset(
        (module, name) for module, names in by_module.items() for name in names
    )


SAMPLERS = pairs(SAMPLERS_BY_MODULE)
UNREAD = pairs(UNREAD_BY_MODULE) | SAMPLERS
# Parameters that say how to fit, which are set to None.
DROPPED_PARAMETERS = ("categories", "cv", "memory", "score_func", "scoring")
# What histogram gradient boosting keeps of deciding when to stop, which goes.
DROPPED_ATTRIBUTES = ("_raw_predict", "_scorer")


class Unread:
    """Stands where a pickle made something that is not read."""

    __slots__ = ()
    # What is said of it where an estimator keeps it, and what to do.
    called = "what is not read, such as a column of pandas',"
    hint: str | None = None


class Sampler(Unread):
    """Stands where a pipeline balanced its training."""

    __slots__ = ()
    called = "a sampler"
    hint = "Samplers are steps of imblearn's Pipeline, before its classifier."


class SparseMatrix(Unread):
    """Stands where something was fitted on a sparse matrix."""

    __slots__ = ()
    called = "a sparse matrix"
    hint = (
        "Neighbours keep their training, which has to be dense: fit the pipeline with "
        "ColumnTransformer(..., sparse_threshold=0)."
    )


def stand_in(module: str, name: str) -> Unread:
    """Return what stands where a pickle made something of a name that is not read."""
    if (module, name) in SAMPLERS:
        return Sampler()
    return SparseMatrix() if module == SPARSE else Unread()
