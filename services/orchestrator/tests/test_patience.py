"""A database that lets payments wait in vain is not waited for by every one of them."""

import asyncio
from datetime import timedelta

import pytest

from fraud_orchestrator.stores.in_time import Patience
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.web.problems import InvalidInput, Unavailable


class Database:
    """Answers, or is away; counts what was begun."""

    def __init__(self) -> None:
        self.away = False
        self.begun = 0

    async def answer(self) -> str:
        self.begun += 1
        if self.away:
            raise Unavailable
        return "row"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def patience(clock: FakeClock) -> Patience:
    return Patience(clock.monotonic)


@pytest.fixture
def database() -> Database:
    return Database()


def wait(patience: Patience, database: Database) -> str:
    return asyncio.run(patience.wait(database.answer, Deadline.after(100.0)))


def given_up(patience: Patience, database: Database) -> None:
    database.away = True
    for _ in range(5):
        with pytest.raises(Unavailable):
            wait(patience, database)


def test_an_answer_is_handed_on(patience: Patience, database: Database) -> None:
    assert wait(patience, database) == "row"
    patience.check()


def test_after_five_in_vain_nobody_begins(
    patience: Patience, database: Database
) -> None:
    given_up(patience, database)
    with pytest.raises(Unavailable):
        wait(patience, database)
    assert database.begun == 5
    with pytest.raises(Unavailable):
        patience.check()


def test_one_asks_again_and_all_follow(
    patience: Patience, database: Database, clock: FakeClock
) -> None:
    given_up(patience, database)
    clock.advance(timedelta(milliseconds=250))
    patience.check()  # somebody has to find out
    database.away = False
    assert wait(patience, database) == "row"
    assert wait(patience, database) == "row"


def test_what_the_caller_did_wrong_is_no_fault_of_the_database(
    patience: Patience, database: Database
) -> None:
    async def refused() -> str:
        raise InvalidInput

    for _ in range(9):
        with pytest.raises(InvalidInput):
            asyncio.run(patience.wait(refused, Deadline.after(100.0)))
    assert wait(patience, database) == "row"
