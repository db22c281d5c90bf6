"""`python -m fraud_autoencoder`."""

from fraud_autoencoder.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_autoencoder.app:create_app", Settings)
