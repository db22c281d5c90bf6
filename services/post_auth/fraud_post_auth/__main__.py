"""`python -m fraud_post_auth`."""

from fraud_post_auth.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_post_auth.app:create_app", Settings)
