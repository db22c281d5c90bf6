"""`python -m fraud_console`."""

from fraud_console.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_console.app:create_app", Settings)
