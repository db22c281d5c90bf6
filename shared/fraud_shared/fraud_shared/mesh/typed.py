"""Questions and answers as contracts, above the bytes that a service client carries."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.dependency import CallContext

Answer = TypeVar("Answer", bound=BaseModel)


class TypedCalls(ABC):
    """`ask`, for whatever has `call`. Where a service is in the same process, an adapter
    hands the question over as it is instead."""

    @abstractmethod
    async def call(
        self,
        service: str,
        path: str,
        body: bytes,
        *,
        deadline: Deadline,
        cap_ms: float,
        context: CallContext | None = None,
        idempotent: bool = False,
    ) -> bytes:
        """POST `body` and return the body of a 200."""

    async def ask(
        self,
        service: str,
        path: str,
        question: BaseModel,
        answer: type[Answer],
        *,
        deadline: Deadline,
        cap_ms: float,
        context: CallContext | None = None,
        idempotent: bool = False,
        encoded: Callable[[], bytes] | None = None,
    ) -> Answer:
        """POST a question and return its answer; see `call` for the rest.

        `encoded` makes the question's bytes where they are cheaper to come by than from the
        question itself. Raises DependencyError, and ValidationError for an answer that is
        not the contract.
        """
        body = question.model_dump_json().encode() if encoded is None else encoded()
        reply = await self.call(
            service,
            path,
            body,
            deadline=deadline,
            cap_ms=cap_ms,
            context=context,
            idempotent=idempotent,
        )
        return answer.model_validate_json(reply)
