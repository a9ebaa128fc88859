from iuran.payments.settlement import Result
from iuran.payments.snap.rulings import CASE_OF_RESULT


def test_every_result_has_a_row_of_the_code_table() -> None:
    assert set(CASE_OF_RESULT) == set(Result)
