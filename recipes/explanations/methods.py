"""The methods by name, and what each does with an example."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recipes.explanations.attention_rollout import attention_rollout
from recipes.explanations.grad_cam import grad_cam, grad_cam_plus_plus
from recipes.explanations.gradient_times_input import gradient_times_input
from recipes.explanations.guided_backpropagation import guided_backpropagation
from recipes.explanations.integrated_gradients import complete_gradients, completeness_error
from recipes.explanations.kernel_shap import kernel_shap
from recipes.explanations.occlusion import occlusion
from recipes.explanations.rise import rise
from recipes.explanations.smooth_grad import smooth_grad
from recipes.explanations.subject import Subject

DEFAULT = "integrated_gradients"
POSITIONS, RELUS, ATTENTION = "positions", "relus", "attention"  # what a method may need of a model
Result = tuple[np.ndarray, float | None]  # the map, and the completeness error


@dataclass(frozen=True)
class Method:
    """A method of explanation.

    Attributes:
        run: from an example, the name of a baseline and that of a feature to its map.
        has_baseline: replaces a part of the input by something.
        adds_up: promises that its numbers sum to the score less that of the baseline.
        needs: POSITIONS, a feature of the backbone that has positions; RELUS, no other activations;
            ATTENTION, layers in which every token looks at all tokens. "" serves all models.
    """

    run: Callable[[Subject, str, str], Result]
    has_baseline: bool = True
    adds_up: bool = False
    needs: str = ""


def _gradient_times_input(subject: Subject, baseline: str, feature: str) -> Result:
    found = gradient_times_input(subject.network.gradients, subject.point)
    return subject.summed(found.astype("float64")), None


def _smooth_grad(subject: Subject, baseline: str, feature: str) -> Result:
    return subject.sized(smooth_grad(subject.network.gradients, subject.point)), None


def _integrated_gradients(subject: Subject, baseline: str, feature: str) -> Result:
    found, error = complete_gradients(
        subject.network.gradients,
        subject.network.scores,
        subject.point,
        subject.baseline(baseline),
        power=subject.power,
    )
    return subject.summed(found), error


def _grad_cam(subject: Subject, baseline: str, feature: str) -> Result:
    return subject.grown(grad_cam(*subject.network.feature(feature))), None


def _grad_cam_plus_plus(subject: Subject, baseline: str, feature: str) -> Result:
    return subject.grown(grad_cam_plus_plus(*subject.network.feature(feature))), None


def _occlusion(subject: Subject, baseline: str, feature: str) -> Result:
    return occlusion(subject.masked(baseline), subject.patches()), None


def _rise(subject: Subject, baseline: str, feature: str) -> Result:
    found = rise(subject.masked(baseline), subject.places, cells=subject.cells)
    return subject.changeable * found, None


def _kernel_shap(subject: Subject, baseline: str, feature: str) -> Result:
    """Return each part's Shapley value, spread evenly over its places."""
    parts, masked = subject.parts(), subject.masked(baseline)
    count = int(parts.max()) + 1
    values = kernel_shap(lambda coalitions: masked(coalitions[:, parts]), count)
    ends = masked(np.stack([np.ones(parts.shape), np.zeros(parts.shape)]).astype("float32"))
    error = completeness_error(values.sum(), float(ends[0]) - float(ends[1]))
    return subject.shared(values, parts), error


def _guided_backpropagation(subject: Subject, baseline: str, feature: str) -> Result:
    found = guided_backpropagation(subject.network.guided_gradients, subject.point)
    return subject.sized(found), None


def _attention_rollout(subject: Subject, baseline: str, feature: str) -> Result:
    network = subject.network
    return subject.attended(attention_rollout(network.attentions()), network.pooling), None


METHODS = {
    DEFAULT: Method(_integrated_gradients, adds_up=True),
    "attention_rollout": Method(_attention_rollout, has_baseline=False, needs=ATTENTION),
    "gradient_times_input": Method(_gradient_times_input, has_baseline=False),
    "grad_cam": Method(_grad_cam, has_baseline=False, needs=POSITIONS),
    "grad_cam_plus_plus": Method(_grad_cam_plus_plus, has_baseline=False, needs=POSITIONS),
    "guided_backpropagation": Method(_guided_backpropagation, has_baseline=False, needs=RELUS),
    "kernel_shap": Method(_kernel_shap, adds_up=True),
    "occlusion": Method(_occlusion),
    "rise": Method(_rise),
    "smooth_grad": Method(_smooth_grad, has_baseline=False),
}
