"""How a payment was authenticated and accepted, by the words of the schemes.

Results only: a security code, a one-time code or a cryptogram has no place in a message.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fraud_shared.contracts.base import Contract, Identifier, absent

# EMV 3-D Secure, `transStatus`.
ThreeDsStatus = Literal["Y", "N", "U", "A", "C", "D", "R", "I", "S"]
ThreeDsFlow = Literal["frictionless", "challenge", "decoupled"]
# Why strong customer authentication may be left out (RTS on SCA, articles 11 to 18), and
# what is outside its scope.
Exemption = Literal[
    "low_value",
    "transaction_risk_analysis",
    "trusted_beneficiary",
    "recurring",
    "secure_corporate",
    "contactless_low_value",
    "unattended_terminal",
    "merchant_initiated",
    "one_leg_out",
]
AvsResult = Literal[
    "match", "postal_match", "street_match", "no_match", "not_supported", "not_checked"
]
CvcResult = Literal["match", "no_match", "not_provided", "not_supported", "not_checked"]
# Verification of payee (EPC VOP scheme): MTCH, CMTC, NMTC, NOAP.
PayeeResult = Literal["match", "close_match", "no_match", "not_possible"]
Wallet = Literal[
    "apple_pay", "google_pay", "samsung_pay", "click_to_pay", "paypal", "other"
]
Eci = Annotated[str, StringConstraints(pattern=r"^0[0-7]$")]


class ThreeDs(Contract):
    """The result of 3-D Secure: the directory server's words, as they came."""

    eci: Eci | None = Field(
        default=None,
        description="Electronic commerce indicator, two digits.",
        examples=["05"],
    )
    status: ThreeDsStatus | None = Field(
        default=None,
        description="Transaction status of EMV 3-D Secure: Y authenticated, A attempted, "
        "N not authenticated, U could not be performed, C challenge required, D decoupled "
        "challenge, R rejected, I informational, S challenge by SPC.",
        examples=["Y"],
    )
    flow: ThreeDsFlow | None = Field(
        default=None, description="Whether the cardholder was challenged."
    )
    liability_shift: bool | None = Field(
        default=None, description="Whether the issuer bears the loss of a fraud."
    )

    @property
    def is_strong(self) -> bool:
        """Whether the payer was strongly authenticated: a challenge that was passed."""
        return self.status == "Y" and self.flow != "frictionless"


class SecondFactorExemption(Contract):
    """An exemption from strong customer authentication: asked for, and granted."""

    asked: Exemption | None = Field(
        default=None, description="The exemption that the acquirer asks the issuer for."
    )
    granted: Exemption | None = Field(
        default=None, description="The exemption that the issuer applied."
    )


class Authentication(Contract):
    """What is known of the payer's authentication and of the checks on the way."""

    three_ds: ThreeDs | None = Field(default=None, description="3-D Secure.")
    exemption: SecondFactorExemption | None = Field(
        default=None, description="Exemption from strong customer authentication."
    )
    avs: AvsResult | None = Field(
        default=None, description="Result of the address verification."
    )
    cvc: CvcResult | None = Field(
        default=None,
        description="Result of the check of the card's security code; never the code.",
    )
    payee: PayeeResult | None = Field(
        default=None,
        description="Verification of payee: whether the name is that of the account.",
    )


class Initiator(Contract):
    """Who sets the payment off: the customer, the merchant on file, or an agent (software
    that shops for the customer)."""

    party: Literal["customer", "merchant", "agent"] = Field(
        description="Who sets the payment off."
    )
    series_id: Identifier | None = Field(
        default=None,
        description="Reference of the recurring series or of the mandate.",
        examples=["sub-2041"],
    )


class Hints(Contract):
    """What the customer's application noticed while the payment was being made."""

    remote_access: bool | None = Field(
        default=None, description="Remote-access software shows or steers the screen."
    )
    call_in_progress: bool | None = Field(
        default=None, description="The customer is on the telephone."
    )


class Acceptance(Contract):
    """The fields of a payment that say how it was authenticated and accepted. Each may be
    left out, and one that is left out is not written."""

    authentication: Authentication | None = absent(
        "How the payer was authenticated, and the checks on the way."
    )
    initiator: Initiator | None = absent("Who sets the payment off.")
    wallet: Wallet | None = absent("The wallet that holds the card.")
    network_token: bool | None = absent(
        "Whether a network token stands for the card's number."
    )
    hints: Hints | None = absent("What the customer's application noticed.")
    segment: Identifier | None = absent(
        "The portfolio that the payment belongs to, as the caller divides it.",
        examples=["consumer-eu"],
    )
    merchant_group: Identifier | None = absent(
        "The group or marketplace that the merchant belongs to.",
        examples=["group-17"],
    )
    supersedes: Identifier | None = absent(
        "The transaction id of an earlier request about the same payment, which is asked "
        "again after new facts. The payment counts once, under the earlier id.",
        examples=["tx-2041"],
    )
