"""Whom screening is asked about."""

from fraud_orchestrator.privacy import parties
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.testing.factories import payment_body


def test_only_the_customer_is_known_by_the_account() -> None:
    body = payment_body(
        account_id="acc-7",
        customer={"name": "Jane Smith"},
        counterparty={"name": "John Doe", "account": "acc-7"},
    )
    customer, counterparty = parties(TransactionIn.model_validate(body))
    assert (customer.role, customer.account) == ("customer", "acc-7")
    assert (counterparty.role, counterparty.account) == ("counterparty", None)
