"""`python -m fraud_sanctions`."""

from fraud_sanctions.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_sanctions.app:create_app", Settings)
