"""What is kept under an idempotency key belongs to who gave the key."""

from iuran.core.database.pool import Connection
from iuran.graphql.idempotency import OnceKey, keep_answer, known_answer
from tests.moments import wib

NOW = wib(2026, 3, 1)


def a_key(principal: str) -> OnceKey:
    return OnceKey(
        principal=principal, key="one-and-the-same", mutation="openComplaint", input_hash=b"same"
    )


async def test_two_persons_with_the_same_key_hear_their_own_answers(
    connection: Connection,
) -> None:
    neighbours = [a_key("aa" + end * 30) for end in "01"]  # both in bucket 0xaa

    before = [await known_answer(connection, one, now=NOW) for one in neighbours]
    for number, one in enumerate(neighbours):
        await keep_answer(connection, one, {"complaint": number})
    again = [await known_answer(connection, one, now=NOW) for one in neighbours]

    assert before == [None, None]
    assert again == [{"complaint": 0}, {"complaint": 1}]
