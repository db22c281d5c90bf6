"""`python -m fraud_lightgbm`."""

from fraud_lightgbm.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_lightgbm.app:create_app", Settings)
