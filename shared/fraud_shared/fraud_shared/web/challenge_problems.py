"""Why a challenge takes no code, or sends none again."""

from fraud_shared.web.problems import Conflict


class ChallengeClosed(Conflict):
    """The challenge is already over."""

    type = "challenge-closed"
    detail = "It was passed, failed, cancelled or expired before; ask for its state."


class ResendsSpent(Conflict):
    """The code was sent as often as allowed."""

    type = "resends-spent"
    detail = "Cancel the challenge and let the payment be decided again."
