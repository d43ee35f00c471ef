"""The risk-coverage curve."""

import pytest

from docpager.analysis.risk_coverage import RiskPoint, area, at_coverages, risk_coverage

JUDGED = [(0.9, True), (0.5, False), (0.5, True), (0.2, False), (None, False)]


def test_the_most_confident_come_first_and_equals_together():
    assert risk_coverage(JUDGED) == [RiskPoint(0.9, 1, 0, 5), RiskPoint(0.5, 3, 1, 5), RiskPoint(0.2, 4, 2, 5)]


def test_order_of_the_questions_does_not_matter():
    assert risk_coverage(reversed(JUDGED)) == risk_coverage(JUDGED)


def test_points_at_coverages_are_the_first_that_reach_them():
    points = risk_coverage(JUDGED)
    assert [p.answered for p in at_coverages(points, (0.1, 0.2, 0.4, 0.8, 1.0))] == [1, 3, 4]


def test_area_is_the_mean_risk_over_what_is_answered():
    assert area(risk_coverage(JUDGED)) == pytest.approx((0 * 1 + 1 / 3 * 2 + 2 / 4 * 1) / 4)
    assert area([]) is None
    assert area(risk_coverage([(0.9, True), (0.1, True)])) == 0
