"""The distance to the nearest class of train, in its covariance (Lee et al., 1807.03888, section 2.1).

Of the paper this takes the last features alone: no other layers, no noise on the input, and no
detector that is fitted on examples from elsewhere. The covariance is shrunk as Ledoit and Wolf (2004)
do, so that fewer examples than features will do.
"""

from dataclasses import dataclass

import numpy as np

from zoo.errors import DataError

AT_ONCE = 4096  # examples, whose differences from all classes take memory


@dataclass(frozen=True)
class Mahalanobis:
    """Class means and one precision matrix for all classes.

    Attributes:
        means: of the classes that have examples, (K, D).
        precision: inverse of the tied covariance, (D, D).
        shrinkage: of the covariance towards a multiple of the identity, [0, 1].
        examples: that it was fitted on.
    """

    means: np.ndarray
    precision: np.ndarray
    shrinkage: float
    examples: int

    @classmethod
    def fitted(cls, features: np.ndarray, labels: np.ndarray) -> "Mahalanobis":
        """Fit means and covariance on training examples.

        Args:
            features: (N, D).
            labels: their classes, (N,).

        Raises:
            DataError: the features of all examples are their class's mean, so that there is no
                covariance.

        >>> rng = np.random.default_rng(0)
        >>> found = Mahalanobis.fitted(rng.normal(size=(500, 3)), np.repeat([0, 1], 250))
        >>> found.means.shape, found.precision.round(0).tolist()
        ((2, 3), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        """
        from sklearn.covariance import LedoitWolf

        features, (classes, codes) = (
            np.asarray(features, "float64"),
            np.unique(np.asarray(labels), return_inverse=True),
        )
        means = np.stack([features[codes == k].mean(axis=0) for k in range(len(classes))])
        centred = features - means[codes]
        if not np.isfinite(centred).all() or not centred.any():
            raise DataError(
                f"The features of {len(features):,} training examples have no covariance.",
                expected="finite features that differ within a class",
                fix="train on more examples, or use the other scores",
            )
        found = LedoitWolf(assume_centered=True).fit(centred)
        return cls(means, found.precision_, float(found.shrinkage_), len(features))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the negative squared distance of each example (N, D) to the nearest class, (N,)."""
        # One multiplication turns the distance into a Euclidean one: P = W Wᵀ.
        whiten = np.linalg.cholesky((self.precision + self.precision.T) / 2)
        means, features = self.means @ whiten, np.asarray(features, "float64") @ whiten
        found = []
        for start in range(0, len(features), AT_ONCE):
            differences = features[start : start + AT_ONCE, None] - means  # (n, K, D)
            found.append(-(differences**2).sum(axis=-1).min(axis=1))
        return np.concatenate(found) if found else np.zeros(0)
