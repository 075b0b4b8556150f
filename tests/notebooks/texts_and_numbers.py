"""What notebooks do to texts and numbers before the classifier."""

import numpy as np
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    LabelEncoder,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from .customers import NUMBERS, TEXTS, WHOLE, WHOLE_NUMBERS, as_queried
from .notebook import (
    Notebook,
    joblibbed,
    ones,
    pickled_by_the_newest,
    rows_without_gaps,
)
from .parts import classified, imputed_and_scaled, of, prepared

LOGISTIC = LogisticRegression(max_iter=300)
BOOSTING = GradientBoostingClassifier(n_estimators=15, random_state=42)
FOREST = RandomForestClassifier(12, max_depth=7, random_state=42)
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def encoded_labels(churned):
    """Return labels as LabelEncoder gives them."""
    return LabelEncoder().fit_transform(churned)


def one_hot_beside(encoder, *, texts=TEXTS, numbers=None):
    """Return what encodes texts and imputes and scales numbers."""
    return prepared(for_texts=encoder, texts=texts, for_numbers=numbers)


NOTEBOOKS = {
    "one-hot texts and scaled numbers for gradient boosting": Notebook(
        "Kashaf12609/InternIntelligence_TelcoChurnCustomerPrediction train_model.py",
        lambda: classified(
            BOOSTING,
            ColumnTransformer(
                [
                    (
                        "cat",
                        OneHotEncoder(handle_unknown="ignore"),
                        ["gender", "partner", "contract", "payment"],
                    ),
                    ("num", StandardScaler(), list(WHOLE_NUMBERS)),
                ]
            ),
        ),
        columns=WHOLE,
        labels=ones,
        save=joblibbed,
    ),
    "medians, most frequent texts and a forest": Notebook(
        "yashi-025/aspire_codes churn_prediction.py", of(FOREST), labels=ones
    ),
    "a constant text for what is missing": Notebook(
        "Erick-Faster/ml-pipeline AlchemyAPI/ml/processors/transformers.py",
        of(
            LOGISTIC,
            one_hot_beside(
                make_pipeline(
                    SimpleImputer(strategy="constant"),
                    OneHotEncoder(handle_unknown="ignore"),
                )
            ),
        ),
        save=pickled_by_the_newest,
    ),
    "a constant of one's own for what is missing, dense": Notebook(
        "mihgank-qwe/ml_ops2 src/models/pipeline.py",
        of(
            BOOSTING,
            one_hot_beside(
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="unknown"),
                    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                ),
                numbers=SimpleImputer(strategy="constant", fill_value=-999),
            ),
        ),
    ),
    "the first of two categories dropped, and short names": Notebook(
        "Innie4/customer-churn ml-service/app/pipeline/preprocessing.py",
        lambda: classified(
            FOREST,
            ColumnTransformer(
                [
                    ("scaled", imputed_and_scaled(), list(NUMBERS[1:])),
                    ("passthrough", "passthrough", ["senior"]),
                    (
                        "binary",
                        OneHotEncoder(
                            drop="first", handle_unknown="ignore", sparse_output=False
                        ),
                        ["gender", "partner", "paperless"],
                    ),
                    (
                        "onehot",
                        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                        ["contract", "internet", "payment", "city"],
                    ),
                ],
                remainder="drop",
                verbose_feature_names_out=False,
            ),
        ),
    ),
    "the first category dropped, unknown ones refused": Notebook(
        "sudheer2207007/churn-predictor-streamlit generate_scaler.py",
        of(LOGISTIC, one_hot_beside(OneHotEncoder(drop="first", sparse_output=False))),
    ),
    "one column for two categories": Notebook(
        "BBenicio/myml myml/preprocessors/_categorical.py",
        of(LOGISTIC, one_hot_beside(OneHotEncoder(drop="if_binary"))),
        rows=rows_without_gaps,
    ),
    "rare cities together, and unknown ones with them": Notebook(
        "BBenicio/myml myml/preprocessors/_categorical.py",
        of(
            FOREST,
            one_hot_beside(
                OneHotEncoder(min_frequency=0.05, handle_unknown="infrequent_if_exist")
            ),
        ),
        save=joblibbed,
    ),
    "the most frequent categories, and the rest together": Notebook(
        "BBenicio/myml myml/preprocessors/_categorical.py",
        of(
            LOGISTIC,
            one_hot_beside(
                OneHotEncoder(
                    max_categories=4,
                    drop="first",
                    handle_unknown="infrequent_if_exist",
                    sparse_output=False,
                )
            ),
        ),
    ),
    "numbers passed on beside one-hot texts, encoded labels": Notebook(
        "danieleschmidt/customer-churn-predictor-mlops src/preprocess_data.py",
        lambda: classified(
            LOGISTIC,
            ColumnTransformer(
                [("cat", OneHotEncoder(handle_unknown="ignore"), ["contract", "city"])],
                remainder="passthrough",
            ),
        ),
        columns=("tenure", "contract", "monthly", "paperless", "city", "senior"),
        labels=encoded_labels,
        save=joblibbed,
    ),
    "a whole number and a boolean as categories": Notebook(
        "Wenxin-Jiang/CS577-NLP "
        "project/model_cards/_noArch/rajistics_churn-model1_README.md",
        of(
            LogisticRegression(class_weight="balanced", max_iter=300),
            prepared(
                NUMBERS[1:],
                ["senior", "paperless", *TEXTS],
                for_texts=OneHotEncoder(handle_unknown="ignore"),
            ),
        ),
    ),
    "booleans passed on, read from PostgreSQL": Notebook(
        "LeonardoOliverr/churn-prediction-ml-platform ml/data/preprocessing.py",
        lambda: classified(
            LOGISTIC,
            ColumnTransformer(
                [
                    ("numeric", imputed_and_scaled(), list(NUMBERS)),
                    ("bool", "passthrough", ["paperless"]),
                    (
                        "categorical",
                        make_pipeline(
                            SimpleImputer(
                                strategy="most_frequent", missing_values=None
                            ),
                            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                        ),
                        list(TEXTS),
                    ),
                ]
            ),
        ),
        held=as_queried,
    ),
    "texts from PostgreSQL, whose None is a category": Notebook(
        "LeonardoOliverr/churn-prediction-ml-platform ml/data/preprocessing.py",
        of(FOREST, one_hot_beside(OneHotEncoder(handle_unknown="ignore"))),
        held=as_queried,
        labels=ones,
    ),
    "texts in their order, unknown ones as minus one": Notebook(
        "labex-labs/open-source-labs sklearn/sklearn-official-examples/"
        "lab-plot-gradient-boosting-categorical/de/step4.md",
        of(
            FOREST,
            prepared(
                for_numbers=SimpleImputer(strategy="mean"),
                for_texts=OrdinalEncoder(
                    handle_unknown="use_encoded_value",
                    unknown_value=-1,
                    encoded_missing_value=-2,
                    dtype=int,
                ),
            ),
        ),
    ),
    "contracts in an order of one's own": Notebook(
        "usha1459/Feature-Engineering README.md",
        lambda: classified(
            BOOSTING,
            make_column_transformer(
                (
                    OrdinalEncoder(
                        categories=[["Month-to-month", "One year", "Two year"]]
                    ),
                    ["contract"],
                ),
                (OneHotEncoder(handle_unknown="ignore"), ["payment", "gender"]),
                remainder="passthrough",
            ),
        ),
        columns=WHOLE[2:3] + WHOLE[3:] + WHOLE[:1],
    ),
    "towns by their share of churned customers": Notebook(
        "hironorinakauchi/til scikit-learn/target-encode.md",
        of(BOOSTING, one_hot_beside(TargetEncoder(cv=FOLDS))),
        labels=ones,
    ),
    "gaps that are marked where they are filled": Notebook(
        "SikandarFarooqSaani/Missing_Indicator README.md",
        of(
            LOGISTIC,
            prepared(
                for_numbers=make_pipeline(
                    SimpleImputer(strategy="median", add_indicator=True),
                    StandardScaler(),
                )
            ),
        ),
    ),
    "gaps filled by the nearest customers, robust scales": Notebook(
        "Fermazate/Heart-Disease-Prediction src/models/train_models.py",
        of(
            LOGISTIC,
            prepared(for_numbers=make_pipeline(RobustScaler(), KNNImputer())),
        ),
    ),
    "numbers from nought to one": Notebook(
        "atefehhosseinniay/credit_card_churn_classification model.py",
        of(
            FOREST, prepared(for_numbers=make_pipeline(SimpleImputer(), MinMaxScaler()))
        ),
        save=joblibbed,
    ),
    "logarithms of skewed numbers": Notebook(
        "kims242/MLOps-Course-M2 labs/Lab_1/python.py",
        lambda: classified(
            LOGISTIC,
            ColumnTransformer(
                [
                    (
                        "log",
                        make_pipeline(
                            SimpleImputer(strategy="median"),
                            FunctionTransformer(
                                np.log1p, feature_names_out="one-to-one"
                            ),
                            StandardScaler(),
                        ),
                        ["monthly", "total"],
                    ),
                    ("num", imputed_and_scaled("mean"), ["tenure", "calls"]),
                    ("cat", OneHotEncoder(handle_unknown="ignore"), list(TEXTS)),
                ]
            ),
        ),
        save=joblibbed,
    ),
    "numbers made normal by Yeo-Johnson": Notebook(
        "B2F/sk-factor plugins/pipeline/transformer/yeo_johnson.py",
        of(
            LOGISTIC,
            prepared(for_numbers=make_pipeline(SimpleImputer(), PowerTransformer())),
        ),
    ),
    "numbers in bins": Notebook(
        "scikit-learn/scikit-learn examples/preprocessing/plot_discretization_"
        "classification.py",
        of(
            LOGISTIC,
            prepared(
                for_numbers=make_pipeline(
                    SimpleImputer(strategy="median"),
                    KBinsDiscretizer(
                        n_bins=5,
                        encode="onehot-dense",
                        strategy="quantile",
                        quantile_method="averaged_inverted_cdf",
                    ),
                )
            ),
        ),
    ),
    "products of numbers": Notebook(
        "thomasjpfan/ml-workshop-intro notebooks/solutions/04-ex01-solution.py",
        of(
            LOGISTIC,
            prepared(
                for_numbers=make_pipeline(
                    SimpleImputer(),
                    StandardScaler(),
                    PolynomialFeatures(
                        degree=2, interaction_only=True, include_bias=False
                    ),
                )
            ),
        ),
    ),
}
