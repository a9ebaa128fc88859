"""An independent slow reading of a self-paid family's life, counted on fingers."""

from dataclasses import dataclass, field
from datetime import date, timedelta

PRICES = {1: 150_000, 2: 100_000, 3: 35_000}  # since January 2021
Month = tuple[int, int]


def month_of(day: date) -> Month:
    return (day.year, day.month)


def after(month: Month) -> Month:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def months_between(first: Month, last: Month) -> list[Month]:
    found: list[Month] = []
    while first <= last:
        found.append(first)
        first = after(first)
    return found


@dataclass
class SlowFamily:
    """Who is there, what each month still owes, what lies in the purse, and what the law did."""

    today: date
    care_class: int
    people: dict[int, Month | None] = field(default_factory=dict[int, Month | None])
    charged: list[tuple[Month, int, Month, int]] = field(
        default_factory=list[tuple[Month, int, Month, int]]
    )
    owed: dict[Month, int] = field(default_factory=dict[Month, int])
    classes: dict[Month, int] = field(default_factory=dict[Month, int])
    purse: int = 0
    suspended: bool = False
    ended: bool = False
    windows: list[tuple[date, int]] = field(default_factory=list[tuple[date, int]])
    new_class_from: Month | None = None
    new_class: int = 0
    class_since: date = date.min

    @property
    def month(self) -> Month:
        return month_of(self.today)

    def class_in(self, month: Month) -> int:
        if self.new_class_from is not None and month >= self.new_class_from:
            return self.new_class
        return self.care_class

    def price_of(self, month: Month) -> int:
        present = [last for last in self.people.values() if last is None or month <= last]
        return len(present) * PRICES[self.class_in(month)]

    def charge(self, month: Month, person: int, covers: Month, price: int) -> None:
        self.charged.append((month, person, covers, price))
        self.owed[month] = self.owed.get(month, 0) + price

    def begin(self) -> None:
        for person in self.people:
            self.charge(self.month, person, self.month, PRICES[self.care_class])
        self.classes[self.month] = self.care_class
        self.owed.clear()

    def arrive_at(self, day: date) -> None:
        while self.today < day:
            self.today += timedelta(days=1)
            if self.today.day == 1 and not self.ended:
                self.open_month()

    def open_month(self) -> None:
        self.classes[self.month] = self.class_in(self.month)
        for person, last in self.people.items():
            if last is None or self.month <= last:
                self.charge(self.month, person, self.month, PRICES[self.class_in(self.month)])
        self.use_purse()
        if any(owed for month, owed in self.owed.items() if month < self.month):
            self.suspended = True

    def asked_for(self) -> list[Month]:
        recent = months_between((self.month[0] - 2, self.month[1]), self.month)
        return [month for month in recent if self.owed.get(month)]

    def due(self) -> int:
        return max(sum(self.owed[month] for month in self.asked_for()) - self.purse, 0)

    def use_purse(self) -> None:
        months = self.asked_for()
        total = sum(self.owed[month] for month in months)
        if months and self.purse >= total:
            self.purse -= total
            self.settle()

    def settle(self) -> None:
        arrears = [month for month in self.asked_for() if month != self.month]
        if self.suspended and arrears and not self.ended:
            last_day = self.today
            for _ in range(45):
                last_day += timedelta(days=1)
            self.windows.append((last_day, len(arrears)))
        self.owed.clear()
        self.suspended = False

    def receive(self, amount: int) -> None:
        self.purse += amount
        self.use_purse()

    def born(self, person: int, birth: date) -> None:
        self.people[person] = None
        for covers in months_between(month_of(birth), self.month):
            price = PRICES[self.classes.get(covers, self.class_in(covers))]
            self.charge(self.month, person, covers, price)

    def dies(self, person: int, on: date) -> None:
        self.people[person] = month_of(on)
        for line in [c for c in self.charged if c[1] == person and c[2] > month_of(on)]:
            month, _, _, price = line
            self.charged.remove(line)
            still_owed = self.owed.get(month, 0)
            self.owed[month] = max(still_owed - price, 0)
            self.purse += max(price - still_owed, 0)
        if not any(self.owed.values()):
            self.suspended = False
        self.use_purse()
        self.ended = all(last is not None for last in self.people.values())

    def is_covered(self) -> bool:
        return not self.suspended and not self.ended
