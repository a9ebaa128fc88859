"""Contributions of every segment, against a slow reading that counts in fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.contributions import (
    Basis,
    Contribution,
    Employed,
    Payer,
    Pensioner,
    Rule,
    SelfPaid,
    StatePaid,
    Veteran,
    contribution_of,
)
from iuran.core.contributions.explanation import explain
from iuran.core.contributions.wages import care_class_of
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import NoRuleError
from iuran.core.segments import CareClass, PpuGroup

months = st.builds(CoverageMonth, st.integers(2014, 2030), st.integers(1, 12))
MAY_2026 = CoverageMonth(2026, 5)


def whole(exact: Fraction) -> int:
    """The nearest whole rupiah, halves upwards, by looking at the rest."""
    down = exact.numerator // exact.denominator
    return down + 1 if exact - down >= Fraction(1, 2) else down


def slow_shares(group: PpuGroup, month: CoverageMonth) -> tuple[Fraction, Fraction, int | None]:
    """Employer's per cent, worker's per cent, cap: the table of the law as a reader applies it."""
    when = (month.year, month.month)
    if group is PpuGroup.PRIVATE:
        worker = Fraction(1, 2) if when <= (2015, 6) else Fraction(1)
        cap = 4_725_000 if when <= (2016, 3) else 8_000_000 if when <= (2019, 12) else 12_000_000
        return Fraction(4), worker, cap
    reformed = (2019, 10) if group is PpuGroup.STATE_CENTRAL else (2020, 1)
    if when < reformed:
        return Fraction(3), Fraction(2), None
    return Fraction(4), Fraction(1), 12_000_000


def slow_floor(group: PpuGroup, month: CoverageMonth) -> int:
    """The invented minimum wage of city 9901, where a floor applies."""
    when = (month.year, month.month)
    applies = {
        PpuGroup.PRIVATE: (2016, 4),
        PpuGroup.STATE_CENTRAL: (2019, 10),
        PpuGroup.STATE_REGIONAL: (2020, 1),
    }[group]
    if when < applies or when < (2019, 1):
        return 0
    return 4_000_000 if when[0] <= 2024 else 4_300_000 if when[0] == 2025 else 4_500_000


def slow_pbpu(month: CoverageMonth, care_class: CareClass) -> tuple[int, int, int]:
    """Family, central and regional share of one person."""
    when = (month.year, month.month)
    periods = (
        ((2016, 3), (59_500, 42_500, 25_500)),
        ((2019, 12), (80_000, 51_000, 25_500)),
        ((2020, 3), (160_000, 110_000, 42_000)),
        ((2020, 6), (80_000, 51_000, 25_500)),
        ((2020, 12), (150_000, 100_000, 25_500)),
        ((9999, 12), (150_000, 100_000, 35_000)),
    )
    family = next(prices for until, prices in periods if when <= until)[care_class - 1]
    if care_class is not CareClass.III or when < (2020, 7):
        return family, 0, 0
    return (family, 16_500, 0) if when <= (2020, 12) else (family, 4_200, 2_800)


@given(
    month=months,
    group=st.sampled_from(PpuGroup),
    wage=st.one_of(
        st.integers(1_000, 40_000_000),
        st.sampled_from([3_999_999, 4_000_000, 4_725_000, 8_000_000, 12_000_000, 12_000_001]),
    ),
    additional=st.integers(0, 6),
    others=st.integers(0, 3),
)
def test_an_employee_costs_what_the_slow_reading_says(
    month: CoverageMonth, group: PpuGroup, wage: int, additional: int, others: int
) -> None:
    employer, worker, cap = slow_shares(group, month)
    counted = max(wage, slow_floor(group, month))
    counted = counted if cap is None else min(counted, cap)

    found = contribution_of(
        Employed(
            group=group,
            wage=Rupiah(wage),
            region="9901",
            care_class=CareClass.I,
            additional_people=additional,
            other_relatives=others,
        ),
        month,
    )

    assert found.wage_base is not None
    assert found.wage_base.counted == counted
    assert found.paid_by(Payer.EMPLOYER) == whole(employer * counted / 100)
    own = found.paid_by(Payer.WORKER, rule=Rule.SHARE_OF_WAGE)
    assert own == whole(worker * counted / 100)
    added = found.paid_by(Payer.WORKER, rule=Rule.ADDITIONAL_FAMILY)
    assert added == sum(whole(Fraction(counted, 100)) for _ in range(additional))
    related = found.paid_by(Payer.WORKER, rule=Rule.OTHER_RELATIVE)
    assert related == slow_pbpu(month, CareClass.I)[0] * others
    assert found.total == found.paid_by(Payer.EMPLOYER) + own + added + related


@given(month=months, care_class=st.sampled_from(CareClass), people=st.integers(1, 30))
def test_a_self_paid_person_costs_the_amount_of_his_class(
    month: CoverageMonth, care_class: CareClass, people: int
) -> None:
    found = contribution_of(SelfPaid(care_class=care_class, people=people), month)

    shares = tuple(
        found.paid_by(payer)
        for payer in (Payer.FAMILY, Payer.CENTRAL_GOVERNMENT, Payer.REGIONAL_GOVERNMENT)
    )
    assert shares == tuple(each * people for each in slow_pbpu(month, care_class))


@given(month=months, people=st.integers(1, 9), central=st.booleans())
def test_the_state_pays_one_amount_for_each_person(
    month: CoverageMonth, people: int, *, central: bool
) -> None:
    when = (month.year, month.month)
    each = 19_225 if when <= (2015, 12) else 23_000 if when <= (2019, 7) else 42_000

    found = contribution_of(
        StatePaid(
            paid_by=Payer.CENTRAL_GOVERNMENT if central else Payer.REGIONAL_GOVERNMENT,
            people=people,
        ),
        month,
    )

    payer = Payer.CENTRAL_GOVERNMENT if central else Payer.REGIONAL_GOVERNMENT
    assert (found.total, found.paid_by(payer)) == (each * people, each * people)


@given(month=months, pension=st.integers(1, 20_000_000))
def test_a_pension_bears_three_and_two_per_cent(month: CoverageMonth, pension: int) -> None:
    found = contribution_of(Pensioner(pension=Rupiah(pension)), month)

    assert found.paid_by(Payer.CENTRAL_GOVERNMENT) == whole(Fraction(pension * 3, 100))
    assert found.paid_by(Payer.PENSIONER) == whole(Fraction(pension * 2, 100))


@pytest.mark.parametrize(
    ("year", "salary"), [(2019, 3_204_700), (2023, 3_204_700), (2026, 3_461_100)]
)
def test_a_veteran_costs_five_per_cent_of_45_per_cent_rounded_once(year: int, salary: int) -> None:
    found = contribution_of(Veteran(), CoverageMonth(year, 12))

    assert found.paid_by(Payer.CENTRAL_GOVERNMENT) == whole(Fraction(salary * 5 * 45, 10_000))


def test_the_veterans_amount_of_today_is_77_875() -> None:
    assert contribution_of(Veteran(), MAY_2026).total == 77_875


def test_a_veterans_month_without_a_salary_on_file_is_refused() -> None:
    with pytest.raises(NoRuleError, match="veteran_base_salary"):
        contribution_of(Veteran(), CoverageMonth(2018, 12))


@pytest.mark.parametrize(
    ("region", "wage", "counted"),
    [
        ("9901", 1_000_000, 4_500_000),
        ("9901", 4_500_001, 4_500_001),
        ("9902", 1_000_000, 3_000_000),
        ("9909", 1_000_000, 2_500_000),  # no UMK of its own: the province's UMP
        ("9801", 1_000_000, 1_000_000),  # nothing on file
    ],
)
def test_the_floor_is_the_city_or_else_the_province(region: str, wage: int, counted: int) -> None:
    found = contribution_of(
        Employed(group=PpuGroup.PRIVATE, wage=Rupiah(wage), region=region, care_class=CareClass.I),
        MAY_2026,
    )

    assert found.wage_base is not None
    assert found.wage_base.counted == counted


def test_surabayas_minimum_wage_counts_as_the_letter_rounded_it() -> None:
    found = contribution_of(
        Employed(
            group=PpuGroup.PRIVATE, wage=Rupiah(3_000_000), region="3578", care_class=CareClass.II
        ),
        CoverageMonth(2020, 1),
    )

    assert found.paid_by(Payer.EMPLOYER) == 168_019
    assert found.paid_by(Payer.WORKER) == 42_005


@pytest.mark.parametrize(
    ("group", "wage", "grade", "care_class"),
    [
        (PpuGroup.PRIVATE, 4_000_000, None, CareClass.II),
        (PpuGroup.PRIVATE, 4_000_001, None, CareClass.I),
        (PpuGroup.STATE_CENTRAL, 90_000_000, 2, CareClass.II),
        (PpuGroup.STATE_REGIONAL, 1_000_000, 3, CareClass.I),
    ],
)
def test_wage_or_grade_gives_the_class(
    group: PpuGroup, wage: int, grade: int | None, care_class: CareClass
) -> None:
    found = care_class_of(group=group, wage=Rupiah(wage), grade=grade, month=MAY_2026)

    assert found is care_class


def test_a_state_employee_needs_a_grade() -> None:
    with pytest.raises(ValueError, match="golongan"):
        care_class_of(
            group=PpuGroup.STATE_CENTRAL, wage=Rupiah(5_000_000), grade=None, month=MAY_2026
        )


def scenario_two() -> Contribution:
    return contribution_of(
        Employed(
            group=PpuGroup.PRIVATE,
            wage=Rupiah(15_000_000),
            region="9901",
            care_class=CareClass.I,
            additional_people=2,
        ),
        CoverageMonth(2026, 4),
    )


def test_a_wage_above_the_cap_with_two_parents() -> None:
    found = scenario_two()

    assert found.paid_by(Payer.EMPLOYER) == 480_000
    assert found.paid_by(Payer.WORKER, rule=Rule.SHARE_OF_WAGE) == 120_000
    assert found.paid_by(Payer.WORKER, rule=Rule.ADDITIONAL_FAMILY) == 240_000
    assert found.total == 840_000


def test_an_explanation_speaks_both_languages_and_names_the_law() -> None:
    steps = explain(scenario_two())

    assert [step.english for step in steps] == [
        "The wage of Rp15.000.000 is cut to the cap: Rp12.000.000",
        "The employer pays the share of the wage: 4 % x Rp12.000.000 = Rp480.000",
        "The worker pays the share of the wage: 1 % x Rp12.000.000 = Rp120.000",
        "The worker pays the additional family members: 2 x 1 % x Rp12.000.000 = Rp240.000",
    ]
    assert steps[0].indonesian == "Upah Rp15.000.000 dibatasi menjadi batas atas: Rp12.000.000"
    assert all("Perpres" in step.legal_basis or "UMK" in step.legal_basis for step in steps)


@given(month=months, wage=st.integers(1_000, 40_000_000), group=st.sampled_from(PpuGroup))
def test_an_explanation_adds_up(month: CoverageMonth, wage: int, group: PpuGroup) -> None:
    contribution = contribution_of(
        Employed(group=group, wage=Rupiah(wage), region="9901", care_class=CareClass.II), month
    )

    _, *steps = explain(contribution)

    assert sum(step.amount for step in steps) == contribution.total


@pytest.mark.parametrize(
    ("basis", "english", "indonesian"),
    [
        (
            SelfPaid(care_class=CareClass.III, people=3),
            "The regional government pays the class III subsidy: 3 x Rp2.800 = Rp8.400",
            "Pemerintah daerah membayar bantuan iuran kelas III: 3 x Rp2.800 = Rp8.400",
        ),
        (
            StatePaid(paid_by=Payer.CENTRAL_GOVERNMENT, people=1),
            (
                "The central government pays the amount that the state pays for a person: "
                "1 x Rp42.000 = Rp42.000"
            ),
            "Pemerintah pusat membayar iuran yang dibayar pemerintah: 1 x Rp42.000 = Rp42.000",
        ),
        (
            Pensioner(pension=Rupiah(3_000_000)),
            "The pensioner pays the share of the pension: 2 % x Rp3.000.000 = Rp60.000",
            "Penerima pensiun membayar bagian dari pensiun: 2 % x Rp3.000.000 = Rp60.000",
        ),
        (
            Veteran(),
            (
                "The central government pays the share of 45 % of the base salary III/a, 14 years: "
                "5 % x Rp3.461.100 = Rp77.875"
            ),
            (
                "Pemerintah pusat membayar bagian dari 45 % gaji pokok III/a masa kerja 14 tahun: "
                "5 % x Rp3.461.100 = Rp77.875"
            ),
        ),
    ],
)
def test_every_segment_explains_itself(basis: Basis, english: str, indonesian: str) -> None:
    *_, step = explain(contribution_of(basis, MAY_2026))

    assert (step.english, step.indonesian) == (english, indonesian)
    assert step.legal_basis


def test_half_a_per_cent_of_2014_and_a_raised_wage_are_written_out() -> None:
    old = contribution_of(
        Employed(
            group=PpuGroup.PRIVATE, wage=Rupiah(2_000_000), region="9901", care_class=CareClass.II
        ),
        CoverageMonth(2014, 1),
    )
    raised = contribution_of(
        Employed(
            group=PpuGroup.PRIVATE, wage=Rupiah(2_000_000), region="9901", care_class=CareClass.II
        ),
        MAY_2026,
    )

    as_it_is, _, worker = explain(old)
    floor, *_ = explain(raised)

    assert as_it_is.english == "The wage of Rp2.000.000 counts as it is: Rp2.000.000"
    assert worker.english.endswith("0.5 % x Rp2.000.000 = Rp10.000")
    assert floor.english == "The wage of Rp2.000.000 is raised to the minimum wage: Rp4.500.000"
    assert "UMK" in floor.legal_basis
