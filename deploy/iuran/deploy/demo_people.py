"""The invented people as they stand in the database, found by their story and name."""

from dataclasses import dataclass
from typing import LiteralString, Self

from iuran.core.database.pool import Connection
from iuran.deploy.demo_families import Story, story_of

SELECT_PEOPLE: LiteralString = """
    SELECT p.family_id, p.participant_id, p.name, m.membership_id
    FROM family_card_number AS k
    JOIN participant AS p ON p.family_id = k.family_id
    JOIN membership AS m ON m.family_id = k.family_id
    WHERE k.kk_number = $1
    ORDER BY p.participant_id, m.membership_id
    LIMIT 30
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A family of the demonstration: its keys, and those of its members in their order."""

    story: Story
    family_id: int
    membership_id: int
    members: tuple[int, ...]

    @property
    def kk_number(self) -> str:
        """The number of its family card."""
        return self.story.kk_number

    @property
    def head(self) -> int:
        """The head of the family, as participant id."""
        return self.members[0]

    @classmethod
    async def of(cls, connection: Connection, number: int) -> Self:
        """Return the family of a story."""
        story = story_of(number)
        rows = await connection.fetch(SELECT_PEOPLE, story.kk_number)
        return cls(
            story=story,
            family_id=rows[0]["family_id"],
            membership_id=rows[0]["membership_id"],
            members=tuple(row["participant_id"] for row in rows),
        )
