"""`python -m fraud_xgboost`."""

from fraud_shared.web.run import serve
from fraud_xgboost.settings import Settings

if __name__ == "__main__":
    serve("fraud_xgboost.app:create_app", Settings)
