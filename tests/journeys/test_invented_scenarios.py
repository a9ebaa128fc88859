"""Sentences of the scenarios' grammar with other figures, against a slow reading of the rules.

The slow reading knows months as (year, number), counts on its fingers and has a price list of its
own. What it says becomes the `expected` of an invented scenario.
"""

from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from tests.journeys.scenarios.performance import performed
from tests.journeys.scenarios.scenario import Expected, Scenario
from tests.payments.slow_family import Month, after, month_of, months_between

PRICES = {
    "I": [((2016, 4), 80_000), ((2020, 1), 160_000), ((2020, 4), 80_000), ((2020, 7), 150_000)],
    "II": [((2016, 4), 51_000), ((2020, 1), 110_000), ((2020, 4), 51_000), ((2020, 7), 100_000)],
    "III": [
        ((2016, 4), 25_500),
        ((2020, 1), 42_000),
        ((2020, 4), 25_500),
        ((2020, 7), 25_500),
        ((2021, 1), 35_000),
    ],
}

few = settings(  # a story is played in a database: a failing one is told as it was found
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
classes = st.sampled_from(["I", "II", "III"])
days = st.dates(date(2017, 1, 1), date(2027, 12, 31))
amounts = st.integers(1_000, 90_000_000)


def price(care_class: str, month: Month) -> int:
    return [amount for first, amount in PRICES[care_class] if first <= month][-1]


def before(month: Month, months: int) -> Month:
    for _ in range(months):
        month = (month[0] - 1, 12) if month[1] == 1 else (month[0], month[1] - 1)
    return month


def written(month: Month) -> str:
    return f"{month[0]}-{month[1]:02d}"


def finger_counted(day: date, steps: int) -> date:
    for _ in range(steps):
        day += timedelta(days=1)
    return day


def a_story(given_: list[str], when: list[str], **expected: Expected) -> Scenario:
    return Scenario(id="", title="", given=given_, when=when, then=[], expected=expected)


@given(
    days,
    st.integers(1, 5),
    classes,
    st.integers(1, 40),
    st.sampled_from(["first second", "last second"]),
)
@few
async def test_who_pays_late_pays_at_most_24_months_and_the_current_one(
    pool: Pool, database_url: str, day: date, people: int, care_class: str, unpaid: int, moment: str
) -> None:
    last = moment == "last second"
    if last:
        day = day.replace(day=1) - timedelta(days=1)
    this = month_of(max(day, date(2019, 9, 30)))
    day = date(*this, day.day if day >= date(2019, 9, 30) else 30)
    first = before(this, unpaid)
    asked = months_between(max(first, before(this, 24)), this)

    story = a_story(
        [
            f"family of {people}, class {care_class}",
            f"unpaid {written(first)} to {written(before(this, 1))}",
        ],
        [f"pays {day}T{'23:59:59' if last else '00:00:01'}"],
        bill=sum(price(care_class, month) * people for month in asked),
        arrears_months=len(asked) - 1,
        unpaid_months=unpaid,
        not_billed=max(unpaid - 24, 0),
        reactivated_on=day.isoformat(),
        window_last_day=finger_counted(day, 45).isoformat(),
        credit=0,
    )

    await performed(pool, database_url, story)


@given(
    st.dates(date(2018, 10, 1), date(2027, 12, 31)),
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 50), amounts), min_size=1, max_size=3),
)
@few
async def test_each_stay_is_fined_by_itself(
    pool: Pool, database_url: str, day: date, months: int, stays: list[tuple[int, int]]
) -> None:
    told: list[str] = []
    fines: list[int] = []
    for offset, tariff in sorted(stays):
        admitted = finger_counted(day, offset)
        told.append(f"{admitted} ({tariff:,})")
        half_per_cents = 10 if admitted.year >= 2021 else 5
        fine = tariff * half_per_cents * min(months, 12) // 200
        fines.append(min(fine, 30_000_000) if offset <= 45 else 0)

    story = a_story(
        [f"{months} months in arrears, paid {day}"],
        [f"admitted {', '.join(told)}"],
        fines=fines,
        total=sum(fines),
        last_day=finger_counted(day, 45).isoformat(),
        alternative_last_day=finger_counted(day, 44).isoformat(),
    )

    await performed(pool, database_url, story)


@given(days, st.integers(1, 6), classes)
@few
async def test_a_first_payment_has_seventeen_days(
    pool: Pool, database_url: str, issued: date, people: int, care_class: str
) -> None:
    on = {offset: finger_counted(issued, offset) for offset in (13, 14, 30, 31)}
    billed = [price(care_class, month_of(on[offset])) * people for offset in (14, 30)]

    story = a_story(
        [f"family of {people}, class {care_class}, VA issued {issued}"],
        [f"pay on {day}" for day in on.values()],
        earliest=on[14].isoformat(),
        latest=on[30].isoformat(),
        results=["REJECT_TOO_EARLY", "PAID", "PAID", "REJECT_EXPIRED"],
        b=billed[0],
        c=billed[1],
        next_due=date(*after(month_of(on[14])), 10).isoformat(),
    )

    await performed(pool, database_url, story)


@given(st.integers(4_500_000, 30_000_000), st.integers(1, 6), amounts, st.integers(0, 45))
@few
async def test_a_late_employer_pays_every_month_and_the_fine(
    pool: Pool, database_url: str, wage: int, months: int, tariff: int, offset: int
) -> None:
    counted = min(wage, 12_000_000)
    employer, worker = (counted * 4 * 2 + 100) // 200, (counted * 2 + 100) // 200
    paid_on = date(2026, 8, 17)
    late = [before((2026, 8), back) for back in range(months, 0, -1)]

    story = a_story(
        [
            f"PPU wage {wage:,} (class I), employer has not paid "
            + " and ".join(written(month) for month in late)
        ],
        [f"pays {paid_on}; worker admitted {finger_counted(paid_on, offset)}, estimate {tariff:,}"],
        bill=(employer + worker) * (months + 1),
        fines=[min(tariff * months // 20, 30_000_000)],
        debtor="EMPLOYER",
    )

    await performed(pool, database_url, story)


@given(st.integers(1, 4), classes, st.integers(4, 24), st.integers(0, 300), st.data())
@few
async def test_a_plan_has_at_most_half_the_months_as_steps(
    pool: Pool,
    database_url: str,
    people: int,
    care_class: str,
    months: int,
    shift: int,
    data: st.DataObject,
) -> None:
    registered = finger_counted(date(2025, 3, 1), shift)
    registered = registered.replace(day=min(registered.day, 27))
    longest = min(months // 2, 12)
    steps = data.draw(st.integers(2, longest))
    in_plan = months_between(month_of(registered), after_all(month_of(registered), steps - 1))
    each = price(care_class, (2025, 1)) * people

    story = a_story(
        [
            f"family of {people}, class {care_class}",
            f"{months} months in arrears, registers {registered}",
        ],
        [f"takes a plan of {steps} steps, pays on time, last instalment {date(*in_plan[-1], 28)}"],
        max_tenor=longest,
        arrears=each * months,
        current=each * steps,
        instalment=each * (months + steps) // steps,
        reactivated_on=date(*in_plan[-1], 28).isoformat(),
        window_last_day=finger_counted(date(*in_plan[-1], 28), 45).isoformat(),
    )

    await performed(pool, database_url, story)


def after_all(month: Month, months: int) -> Month:
    for _ in range(months):
        month = after(month)
    return month


@given(st.integers(1, 5), classes, st.integers(2, 7), st.integers(1, 5), st.integers(1, 28))
@few
async def test_what_was_paid_for_the_dead_stays_credit(
    pool: Pool, database_url: str, people: int, care_class: str, months: int, died: int, day: int
) -> None:
    people += 1
    death = min(died, months - 1)
    first = (2026, 2)
    names = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
    on = date(*after_all(first, death - 1), day)
    each = price(care_class, first)

    story = a_story(
        [
            f"{people} members, class {care_class}",
            f"{each * people * months:,} paid 2026-02-03 for {names[1]}-{names[months]}",
        ],
        [f"one member dies {on}, reported {date(on.year, on.month, 28)}"],
        paid=each * people * months,
        credit=each * (months - death),
    )

    await performed(pool, database_url, story)


@given(st.integers(1, 5), classes, st.sampled_from([-1, 1, -25_000, 25_000]))
@few
async def test_another_amount_than_the_bill_is_refused(
    pool: Pool, database_url: str, people: int, care_class: str, difference: int
) -> None:
    bill = price(care_class, (2026, 1)) * people

    story = a_story(
        [f"{people} members, class {care_class}, bill {bill:,}, fee 3,000"],
        [f"channel sends {bill + difference:,}", f"channel sends {bill:,}"],
        results=["REJECT_AMOUNT", "PAID"],
        settlement=bill,
        customer_debit=bill + 3_000,
    )

    await performed(pool, database_url, story)


@given(st.integers(1, 4), classes, days.filter(lambda day: day.year >= 2021), st.integers(0, 40))
@few
async def test_a_baby_is_billed_from_its_month_of_birth(
    pool: Pool, database_url: str, people: int, care_class: str, born: date, age: int
) -> None:
    registered = finger_counted(born, age)
    months = len(months_between(month_of(born), month_of(registered)))
    each = price(care_class, month_of(born))

    story = a_story(
        [f"{people} members, class {care_class}, paid up; baby born {born}"],
        [f"registered {registered} (day {age})"],
        last_day_28=finger_counted(born, 28).isoformat(),
        baby=each * months,
        family_bill=each * (people + months),
        window=None,
    )

    await performed(pool, database_url, story)
