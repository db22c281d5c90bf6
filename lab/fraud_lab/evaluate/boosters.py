"""Settings that were tried on the handbook's validation folds, and the one chosen.

Nothing here was chosen on a test fold. `fraud evaluate handbook --select` runs the
candidates again.
"""

from fraud_lab.evaluate.learners import Blend
from fraud_scoring.training.boosting import Boosting

SEEDS = (1, 2, 3)
# Amounts have a long tail that quantile bins of the usual size would lump together.
_BINS = 4095

_LEAVES = Boosting(
    rounds=200,
    patience=None,
    parameters={
        "num_leaves": 15,
        "learning_rate": 0.04,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.4,
        "max_bin": _BINS,
    },
)
_LEVELS = Boosting(
    rounds=250,
    patience=None,
    parameters={
        "max_depth": 4,
        "eta": 0.05,
        "min_child_weight": 2.0,
        "colsample_bytree": 0.4,
        "lambda": 5.0,
        "max_bin": _BINS,
    },
)
_FEW_BINS = Boosting(
    rounds=200, patience=None, parameters={**_LEAVES.parameters, "max_bin": 255}
)
_LARGER = Boosting(
    rounds=200, patience=None, parameters={**_LEAVES.parameters, "num_leaves": 31}
)
_SHORTER = Boosting(rounds=100, patience=None, parameters=_LEAVES.parameters)

CANDIDATES: dict[str, Blend] = {
    "LightGBM, 15 leaves": Blend({"lightgbm": _LEAVES}, SEEDS[:1]),
    "LightGBM, 255 bins": Blend({"lightgbm": _FEW_BINS}, SEEDS[:1]),
    "LightGBM, 31 leaves": Blend({"lightgbm": _LARGER}, SEEDS[:1]),
    "LightGBM, 100 rounds": Blend({"lightgbm": _SHORTER}, SEEDS[:1]),
    "XGBoost, depth 4": Blend({"xgboost": _LEVELS}, SEEDS[:1]),
    "both": Blend({"lightgbm": _LEAVES, "xgboost": _LEVELS}, SEEDS[:1]),
}
# Both together gain nothing beyond the spread between folds: one library is enough.
CHOSEN = Blend({"lightgbm": _LEAVES}, SEEDS)
