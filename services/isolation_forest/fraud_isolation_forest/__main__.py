"""`python -m fraud_isolation_forest`."""

from fraud_isolation_forest.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_isolation_forest.app:create_app", Settings)
