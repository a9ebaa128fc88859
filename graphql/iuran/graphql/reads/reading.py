"""What every read needs to know: the scope, the snapshot, and which moment it is."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from iuran.core.clock import wib_date
from iuran.core.database.pool import Record
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.reminders.events import Channel
from iuran.graphql.identity import Viewer
from iuran.graphql.scope import Scope
from iuran.graphql.snapshots import Snapshot
from iuran.payments.receipts.links import ReceiptLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who asks, and when. `at` is legal time and stands still while the operation runs.

    `receipts` makes links to receipts, where the installation serves them. `channels` are those
    over which it writes to families.
    """

    viewer: Viewer
    scope: Scope
    at: datetime
    receipts: ReceiptLinks | None = None
    channels: Collection[Channel] = tuple(Channel)

    @property
    def today(self) -> date:
        """The WIB date."""
        return wib_date(self.at)

    @property
    def month(self) -> CoverageMonth:
        """The coverage month that is running."""
        return CoverageMonth.of(self.today)

    @property
    def arrears_months_max(self) -> int:
        """How many months besides the running one can be asked for."""
        return parameter("arrears_months_max", self.today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Question):
    """One operation's reads through resolvers."""

    snapshot: Snapshot


def by_item(rows: Sequence[Record]) -> defaultdict[int, list[Record]]:
    """Sort rows to the keys that they answer; the first key is item 1."""
    items: defaultdict[int, list[Record]] = defaultdict(list)
    for row in rows:
        items[row["item"]].append(row)
    return items
