"""The invented families of a demonstration and what happened to each, in months before now.

Region 99 does not exist: no number here belongs to anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from iuran.core.families import NewFamily, NewParticipant, Relation
from iuran.core.governments import CENTRAL
from iuran.core.identifiers import FEMALE_DAY_OFFSET, Sex
from iuran.core.money import Rupiah
from iuran.core.segments import CareClass, Segment

FAMILY_CARD_PREFIX = "99010101012600"
CITY = "9901"
DAYS_WITH_PAYER = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of an invented family."""

    name: str
    born: date
    sex: Sex
    relation: Relation = Relation.HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A family and its past: how long ago it registered, and when it paid.

    `paid_months_ago` counts coverage months back from the present one, 0 being the present;
    `paid_days_ago` is a payment of everything that was owed a few days ago. Whose segment is PPU
    earns `wage` rupiah a month; a government of `region` pays for PBI and Pemda.
    """

    number: int
    about: str
    people: Sequence[Person]
    care_class: CareClass
    registered_days_ago: int | None = None
    paid_months_ago: range = range(0)
    paid_days_ago: int | None = None
    time_zone: str = "Asia/Jakarta"
    language: str = "id"
    segment: Segment = Segment.PBPU_SELF
    wage: Rupiah | None = None
    region: str | None = None

    @property
    def kk_number(self) -> str:
        """The invented number of its family card."""
        return f"{FAMILY_CARD_PREFIX}{self.number:02d}"

    def to_family(self) -> NewFamily:
        """Return the family as it is registered."""
        return NewFamily(
            kk_number=self.kk_number,
            care_class=self.care_class,
            segment=self.segment,
            language=self.language,
            time_zone=self.time_zone,
            participants=[self._participant(n, person) for n, person in enumerate(self.people)],
        )

    def _participant(self, position: int, person: Person) -> NewParticipant:
        day = person.born.day + (FEMALE_DAY_OFFSET if person.sex is Sex.FEMALE else 0)
        is_head = person.relation is Relation.HEAD
        first_name = person.name.partition(" ")[0].lower()
        return NewParticipant(
            nik=f"990101{day:02d}{person.born:%m%y}{self.number * 10 + position:04d}",
            name=person.name,
            birth_date=person.born,
            sex=person.sex,
            relation=person.relation,
            email=f"{first_name}@example.org" if is_head else None,
        )


def _woman(name: str, born: str, relation: Relation = Relation.HEAD) -> Person:
    return Person(name=name, born=date.fromisoformat(born), sex=Sex.FEMALE, relation=relation)


def _man(name: str, born: str, relation: Relation = Relation.HEAD) -> Person:
    return Person(name=name, born=date.fromisoformat(born), sex=Sex.MALE, relation=relation)


STORIES: Sequence[Story] = (
    Story(
        number=1,
        about="suspended with four months of arrears",
        people=(
            _woman("RATNA CONTOH", "1988-03-14"),
            _man("AGUS CONTOH", "1986-11-02", Relation.SPOUSE),
            _woman("INTAN CONTOH", "2014-06-21", Relation.CHILD),
            _man("BAYU CONTOH", "2018-01-09", Relation.CHILD),
        ),
        care_class=CareClass.III,
        paid_months_ago=range(9, 4, -1),
    ),
    Story(
        number=2,
        about="suspended since a month ago, in Makassar",
        people=(
            _man("ANDI MISALNYA", "1979-08-17"),
            _woman("SITTI MISALNYA", "1982-02-28", Relation.SPOUSE),
        ),
        care_class=CareClass.II,
        paid_months_ago=range(8, 1, -1),
        time_zone="Asia/Makassar",
    ),
    Story(
        number=3,
        about="in arrears for longer than the 24 months that can be asked for",
        people=(_man("YOHANES UMPAMA", "1990-12-30"),),
        care_class=CareClass.I,
        paid_months_ago=range(30, 28, -1),
        time_zone="Asia/Jayapura",
    ),
    Story(
        number=4,
        about="reactivated three days ago: an inpatient stay is fined now",
        people=(
            _woman("DEWI UMPAMA", "1985-05-05"),
            _woman("LARAS UMPAMA", "2012-10-11", Relation.CHILD),
            _woman("SARI UMPAMA", "1958-04-23", Relation.PARENT),
        ),
        care_class=CareClass.III,
        paid_months_ago=range(10, 5, -1),
        paid_days_ago=3,
    ),
    Story(
        number=5,
        about="active, everything paid",
        people=(
            _man("BUDI CONTOHNYA", "1975-07-07"),
            _woman("WATI CONTOHNYA", "1977-09-19", Relation.SPOUSE),
            _man("RIZKY CONTOHNYA", "2005-03-03", Relation.CHILD),
        ),
        care_class=CareClass.I,
        paid_months_ago=range(6, -1, -1),
    ),
    Story(
        number=6,
        about="active, this month's bill is open",
        people=(
            _woman("NI MADE MISAL", "1993-01-25"),
            _man("KETUT MISAL", "1992-06-16", Relation.SPOUSE),
        ),
        care_class=CareClass.III,
        paid_months_ago=range(6, 0, -1),
        time_zone="Asia/Makassar",
        language="en",
    ),
    Story(
        number=7,
        about="pending: registered 20 days ago, may pay for the first time",
        people=(_woman("MAYA PERMISALAN", "1998-11-11"),),
        care_class=CareClass.II,
        registered_days_ago=20,
    ),
    Story(
        number=8,
        about="pending: registered 3 days ago, may not pay yet",
        people=(
            _man("TEGUH PERMISALAN", "1995-02-02"),
            _woman("AYU PERMISALAN", "1996-04-04", Relation.SPOUSE),
        ),
        care_class=CareClass.III,
        registered_days_ago=3,
    ),
    Story(
        number=9,
        about="pays six months of arrears in three steps (REHAB)",
        people=(
            _man("JOKO TELADAN", "1983-10-08"),
            _woman("YANTI TELADAN", "1984-12-01", Relation.SPOUSE),
        ),
        care_class=CareClass.III,
        paid_months_ago=range(8, 6, -1),
    ),
    Story(
        number=10,
        about="insured by an employer",
        people=(
            _man("SLAMET IBARAT", "1987-02-19"),
            _woman("LESTARI IBARAT", "1989-06-06", Relation.SPOUSE),
            _man("DIMAS IBARAT", "2015-09-15", Relation.CHILD),
        ),
        care_class=CareClass.II,
        registered_days_ago=DAYS_WITH_PAYER,
        segment=Segment.PPU_ENTERPRISE,
        wage=Rupiah(3_900_000),
    ),
    Story(
        number=11,
        about="insured by the same employer, in class I",
        people=(_woman("LINA IBARAT", "1994-08-30"),),
        care_class=CareClass.I,
        registered_days_ago=DAYS_WITH_PAYER,
        segment=Segment.PPU_ENTERPRISE,
        wage=Rupiah(9_000_000),
    ),
    Story(
        number=12,
        about="paid for by the central government (PBI)",
        people=(
            _woman("SUMIATI SEUMPAMA", "1971-03-27"),
            _man("RUDI SEUMPAMA", "2009-11-13", Relation.CHILD),
        ),
        care_class=CareClass.III,
        registered_days_ago=DAYS_WITH_PAYER,
        segment=Segment.PBI_APBN,
        region=CENTRAL,
    ),
    Story(
        number=13,
        about="paid for by its city (PBPU Pemda)",
        people=(_man("HASAN SEUMPAMA", "1968-05-22"),),
        care_class=CareClass.III,
        registered_days_ago=DAYS_WITH_PAYER,
        segment=Segment.PBPU_PEMDA,
        region=CITY,
    ),
)

DEMO_BANKS: Mapping[str, tuple[str, str]] = {
    "DEMO_BCA": ("Bank Contoh", "88888"),
    "DEMO_MANDIRI": ("Bank Misal", "89888"),
}


def story_of(number: int) -> Story:
    """Return the story of a number, as they are counted from 1."""
    return STORIES[number - 1]
