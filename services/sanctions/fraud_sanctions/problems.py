"""What can go wrong, as the caller sees it."""

from fraud_shared.web.problems import FraudError


class ListsUnusable(FraudError):
    """No usable sanctions list is loaded."""

    status = 503
    type = "lists-unusable"
    detail = "The list folder is missing, empty, or holds a list that must be refused."


class NameUnreadable(FraudError):
    """A name holds nothing that can be compared."""

    status = 422
    type = "name-unreadable"
    detail = "Send a name with at least one letter or digit, in any script."


class DatasetUnknown(FraudError):
    """There is no such dataset."""

    status = 404
    type = "dataset-unknown"
    detail = "Use `default` for all lists, or the name of one list."
