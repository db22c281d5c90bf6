"""`python -m fraud_decision`."""

from fraud_decision.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_decision.app:create_app", Settings)
