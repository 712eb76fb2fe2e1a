"""A classifier of one input, ready to be asked about many encoded examples of a split."""

from collections.abc import Callable

import numpy as np

from recipes.explanations.explainer import Explainer
from recipes.explanations.integrated_gradients import complete_gradients
from recipes.runs.run import Run
from zoo.data.pipeline import Encoded

BATCH = 64  # of answers


class SplitExplainer:
    """What searches over many examples ask of a run: answers, and maps of integrated gradients.

    Args:
        run: of a model that classifies one image, text or sound.
        tell: called with how many points were run.

    Raises:
        ArgumentError: it is not.
        RunError: published weights without a head.
    """

    def __init__(self, run: Run, *, tell: Callable[[int], None] = lambda points: None):
        explainer = Explainer(run, tell=tell)
        self.kind, self.compiled, self.tell = explainer.kind, explainer.compiled, tell
        ((self.name, self.column),) = run.assets.x.items()
        self.classes = run.assets.outputs

    def inputs(self, encoded: Encoded, places: np.ndarray) -> np.ndarray:
        """Return examples of a split as the model takes them, (N, …)."""
        return np.asarray(encoded.batch(places)[0][self.name])

    def logits(self, inputs: np.ndarray) -> np.ndarray:
        """Return the logits of encoded examples (N, …), float64 (N, K)."""
        found = []
        for start in range(0, len(inputs), BATCH):
            part = inputs[start : start + BATCH]
            answers = self.compiled.model.predict_on_batch({self.name: part})
            found.append(np.asarray(answers["logits"], "float64"))
            self.tell(len(part))
        return np.concatenate(found)

    def answers(self, encoded: Encoded) -> np.ndarray:
        """Return the class that the model gives each example of a split, (N,)."""
        return np.concatenate(
            [
                self.logits(np.asarray(x[self.name])).argmax(axis=-1)
                for x, _ in encoded.batches(BATCH)
            ]
        )

    def map(self, example: np.ndarray, position: int, *, most_steps: int) -> np.ndarray:
        """Return what of an encoded example (…) speaks for a class, by integrated gradients.

        Args:
            example: as the model takes it.
            position: of the class.
            most_steps: of `complete_gradients`.
        """
        from recipes.explanations.network import Network

        network = Network(self.compiled, example[None], label=position)
        subject = self.kind(network, example, self.column)
        found, _ = complete_gradients(
            network.gradients,
            network.scores,
            subject.point,
            subject.baseline(subject.baselines[0]),
            power=subject.power,
            most_steps=most_steps,
        )
        return subject.summed(found)
