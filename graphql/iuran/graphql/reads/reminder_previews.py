"""The preview of a day's messages: a bounded look at families in a row."""

from contextlib import aclosing
from datetime import date

from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.reminders.preview import FAMILIES_A_BATCH, Preview, preview
from iuran.graphql.errors import DaysError
from iuran.graphql.reads.reading import Reading
from iuran.graphql.types.pagination import position_of
from iuran.graphql.types.reminder_previews import LIST, ReminderPreview

FAMILIES_MAX = 20_000


async def reminder_preview(
    reading: Reading, day: date, *, after: str | None
) -> ReminderPreview | None:
    """Preview a WIB date for at most FAMILIES_MAX families; None to who may not see it.

    Raises DaysError for a day that is over or too far ahead.
    """
    if not reading.scope.sees_clockwork:
        return None
    (behind,) = position_of(after, list_name=LIST, parts=1) if after else (0,)

    async def looked_at(connection: Connection) -> Preview:
        found = Preview(day=day)
        looking = preview(
            connection, day, at=reading.at, channels=reading.channels, behind_family=behind
        )
        async with aclosing(looking):
            async for found in looking:
                if found.families_done + FAMILIES_A_BATCH > FAMILIES_MAX:
                    break
        return found

    try:
        return ReminderPreview.of(await reading.snapshot.read(looked_at))
    except InvalidInputError as error:
        raise DaysError(error.message) from error
