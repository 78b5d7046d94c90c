import pytest

from skmat.composition import read_compositions


@pytest.fixture
def study(studies):
    import speed_screening

    return speed_screening


def test_formulas_are_distinct_and_can_be_read(study):
    formulas = list(study.formulas(5_000))
    assert len(set(formulas)) == 5_000
    assert (read_compositions(formulas).n_elements == 3).all()


@pytest.mark.slow
def test_kills_leave_the_files_of_a_whole_run(study):
    from timing import Report

    report = Report()
    study.kill(report, 4_000, 2, 500)
    assert [row["value"] for row in report.rows] == [0, 0]
