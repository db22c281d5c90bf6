"""`python -m fraud_action`."""

from fraud_action.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_action.app:create_app", Settings)
