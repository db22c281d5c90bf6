"""`python -m fraud_orchestrator`."""

from fraud_orchestrator.settings import Settings
from fraud_shared.web.run import serve

if __name__ == "__main__":
    serve("fraud_orchestrator.app:create_app", Settings)
