"""What makes two requests the same: their client, key, transaction and content."""

import hashlib
import hmac

from fraud_orchestrator.stores.decisions import IdempotencyKey
from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput

HEADER = "idempotency-key"


class IdempotencyKeys:
    """Builds the key of each request. Fingerprints are keyed by `secret`, so that the
    decision log holds no digest whose content could be guessed."""

    def __init__(self, secret: str) -> None:
        self._fingerprint_key = hashlib.sha256(
            b"fingerprint:" + secret.encode()
        ).digest()

    def of(
        self,
        inside: Transaction,
        parties: tuple[PartyQuery, ...],
        context: RequestContext,
    ) -> IdempotencyKey:
        """The key of a request; `inside` is its payment, tokenised, `parties` whom it
        names. Raises InvalidInput for an `Idempotency-Key` that is too long or not
        visible."""
        given = context.header(HEADER)
        if given is not None and not (1 <= len(given) <= 255 and given.isprintable()):
            raise InvalidInput(
                errors=[("Idempotency-Key", "must be 1 to 255 visible characters")]
            )
        return IdempotencyKey(
            client=context.caller,
            key=given,
            transaction_id=inside.transaction_id,
            fingerprint=self._fingerprint(inside, parties),
        )

    def _fingerprint(self, inside: Transaction, parties: tuple[PartyQuery, ...]) -> str:
        # Over validated content in field order, so that white space and key order do not
        # make another request.
        content = inside.model_dump_json(exclude={"features"}).encode()
        features = repr(sorted(inside.features.items())).encode()
        names = "".join(p.model_dump_json() for p in parties).encode()
        message = b"\n".join((content, features, names))
        return hmac.digest(self._fingerprint_key, message, "sha256").hex()
