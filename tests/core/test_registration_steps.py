from datetime import date, datetime

import pytest

from iuran.core.clock import WIB
from iuran.core.data_changes import DataChange, DataField, change_data
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.registration_steps import (
    DoneStep,
    RegistrationStep,
    record_step,
    registration_progress,
)
from iuran.core.second_person import SecondPersonError
from tests.builders import a_family, registered


def wib(day: int) -> datetime:
    return datetime(2026, 3, day, 9, tzinfo=WIB)


async def test_each_step_has_its_own_deadline(connection: Connection) -> None:
    family, _ = await registered(connection, a_family(), at=wib(2))
    ids = (family.family_id, family.membership_id)

    papers = DoneStep(step=RegistrationStep.DOCUMENTS, note="KK", done_by="siti")
    await record_step(connection, *ids, papers, at=wib(3))
    progress = {step.step: step for step in await registration_progress(connection, *ids)}

    payment = progress[RegistrationStep.FIRST_PAYMENT]
    assert (payment.possible_from, payment.deadline) == (date(2026, 3, 16), date(2026, 4, 1))
    assert (payment.late(date(2026, 4, 1)), payment.late(date(2026, 4, 2))) == (False, True)
    assert progress[RegistrationStep.DOCUMENTS].done_at == wib(3)
    assert progress[RegistrationStep.CARD].deadline is None
    with pytest.raises(AlreadyRegisteredError):
        await record_step(connection, *ids, papers, at=wib(4))


async def test_data_change_with_a_proof_and_a_second_person(connection: Connection) -> None:
    family, _ = await registered(connection, a_family(), at=wib(2))
    person = family.participants[0].participant_id

    def renamed(by: str, *, value: str | None = "BUNGA BARU") -> DataChange:
        return DataChange(
            participant_id=person,
            field=DataField.NAME,
            value=value,
            proof="marriage certificate 99/2",
            asked_by="bunga",
            verified_by=by,
        )

    with pytest.raises(SecondPersonError):
        await change_data(connection, family.family_id, renamed("bunga"), at=wib(3))
    with pytest.raises(InvalidInputError):
        await change_data(connection, family.family_id, renamed("siti", value=""), at=wib(3))
    await change_data(connection, family.family_id, renamed("siti"), at=wib(3))

    rows = await connection.fetch("SELECT before, after, verified_by FROM data_change")
    assert [tuple(row.values()) for row in rows] == [("BUNGA CONTOH", "BUNGA BARU", "siti")]
    assert await connection.fetchval("SELECT name FROM participant") == "BUNGA BARU"
