"""How much of a report's explanations a model is cheap enough for, by work and not by the clock."""

from dataclasses import dataclass

from recipes.explanations.integrated_gradients import FIRST_STEPS, MOST_STEPS, STEPS

DONORS, LEAST_DONORS = 10, 4  # examples of a class that are explained
RECIPIENTS = 40  # examples of other classes that get a part
BACKWARD = 3  # a gradient costs about three answers
_EDGES = FIRST_STEPS + 1  # answers beside the gradients of an explanation
_SEARCH = BACKWARD * FIRST_STEPS + _EDGES  # answers that one explanation of a search costs
_TESTS = 2 * (2 * RECIPIENTS + DONORS) + RECIPIENTS  # that the tests of a class cost
LEAST_STEPS = 64  # fewer seldom add up
LEAST_WORK = 150e9  # multiply-adds that every model may take, about ten seconds of two cores
SHARE = 0.05  # of the work of training


@dataclass(frozen=True)
class Budget:
    """What may be spent on one part of a report.

    Args:
        multiply_adds: of one answer; None where that is not known.
        trained: answers that training amounts to, at three for each example seen.
    """

    multiply_adds: int | None
    trained: float

    @property
    def answers(self) -> float:
        """How many answers may be asked for."""
        if not self.multiply_adds:
            return 0.0
        return max(LEAST_WORK / self.multiply_adds, SHARE * self.trained)

    def donors(self, classes: int) -> int:
        """Return how many examples of each class a search for shortcuts explains; 0 for none.

        >>> Budget(1_000_000, trained=0).donors(10), Budget(400_000_000, trained=0).donors(10)
        (10, 0)
        """
        found = int((self.answers / classes - _TESTS) / _SEARCH)
        return min(DONORS, found) if found >= LEAST_DONORS else 0

    def mistakes(self, most: int) -> tuple[int, int]:
        """Return how many mistakes are explained, for two classes each, with how many steps at most.

        >>> Budget(10_000_000, trained=0).mistakes(6), Budget(2_000_000_000, trained=0).mistakes(6)
        ((6, 347), (0, 0))
        """
        for count in range(most, 0, -1):
            steps = int((self.answers / (2 * count) - _EDGES) / BACKWARD) - 2 * STEPS
            if steps >= LEAST_STEPS:
                return count, min(steps, MOST_STEPS)
        return 0, 0
