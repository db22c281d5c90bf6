"""Problems that a scorer answers with."""

from fraud_shared.web.problems import Conflict, NotFound, Unavailable


class FeatureSetMismatch(Conflict):
    """The vector was built from another feature set than the model was trained on."""

    type = "feature-set-mismatch"
    detail = "Rebuild the vector with the feature set that GET /v1/model names."


class ModelNotHosted(NotFound):
    """This service does not host a model of that name."""

    type = "model-not-hosted"
    detail = "GET /v1/model lists the hosted models."


class ModelNotLoaded(Unavailable):
    """No model has been loaded yet."""

    type = "model-not-loaded"
    detail = "The registry holds no usable model for the served alias."


class NoScore(Unavailable):
    """The model's output was not a number."""

    type = "no-score"
    detail = "The model gave no score for this row."
