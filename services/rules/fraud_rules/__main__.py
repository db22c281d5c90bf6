"""`python -m fraud_rules`."""

from fraud_rules.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_rules.app:create_app", Settings)
