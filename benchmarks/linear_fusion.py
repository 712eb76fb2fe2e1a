"""Linear networks that fuse two modalities: predicted times of learning, and simulations of them.

The theory is that of "Understanding Unimodal Bias in Multimodal Deep Linear Networks" (2312.00935).
A network has `depth` layers; the modalities meet after layer `fusion`: 1 is early fusion, `depth`
late fusion. Its output is `W_A x_A + W_B x_B` with total weights W_A and W_B, its loss half the mean
squared error. x_A is learned first. `ratio` is the deviation of x_A over that of x_B, whose own is 1,
`rho` their correlation. The target is `w_A x_A + w_B x_B`; both weights are 1 unless stated.

Axes: N networks, H hidden units, 2 modalities.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad, solve_ivp

WIDTH = 100
CHANGE = 0.02  # the most by which a step may change a layer's signal, as a share of it
MAX_STEPS = 10_000


@dataclass(frozen=True)
class Setting:
    """What decides how long a network uses one modality alone; `scale` is each layer's first norm."""

    ratio: float
    rho: float = 0.0
    depth: int = 4
    fusion: int = 4
    scale: float = 0.1
    weights: tuple[float, float] = (1.0, 1.0)

    @property
    def covariance(self) -> np.ndarray:
        """Return the covariance of (x_A, x_B): (2, 2)."""
        shared = self.rho * self.ratio
        return np.array([[self.ratio**2, shared], [shared, 1.0]])

    @property
    def cross(self) -> np.ndarray:
        """Return the covariance of the target with (x_A, x_B): (2,)."""
        return self.covariance @ np.array(self.weights)

    @property
    def plateau(self) -> float:
        """Return the total weight of x_A while it is used alone: the best that it can do alone."""
        return self.cross[0] / self.covariance[0, 0]


# --- what the theory predicts


def time_ratio(setting: Setting) -> float:
    """Return the predicted t_B / t_A: when the second modality is learned over when the first is.

    >>> round(time_ratio(Setting(ratio=2.0, rho=0.5)), 6)
    5.0
    """
    r, rho, scale = setting.ratio, setting.rho, setting.scale
    depth, fusion = setting.depth, setting.fusion
    if fusion == 1:
        return 1.0
    if fusion == depth:
        return 1 + (r**2 - 1) / (1 - rho**2)
    fast, slow = r**2 + rho * r, 1 + rho * r
    k = slow / fast
    if fusion == 2:
        head_start = (1 - k) * math.log(1 / scale)
    else:
        head_start = (1 - k) * scale ** (2 - fusion) / (fusion - 2)
    lag = head_start * (1 + rho / r) ** (fusion / depth - 1) / (1 - rho**2)
    return 1 + lag / quad(_slowness, scale, 1, args=(fast, k, setting), limit=200)[0]


def _slowness(u: float, fast: float, k: float, setting: Setting) -> float:
    """Return the time that x_A's layers of norm `u` take to grow by one."""
    depth, fusion, scale = setting.depth, setting.fusion, setting.scale
    if fusion == 2:
        other = u**k * scale ** (1 - k)
    else:
        power = 2 - fusion
        other = (k * u**power + (1 - k) * scale**power) ** (1 / power)
    return 1 / (fast * u ** (fusion - 1) * (u**2 + other**2) ** ((depth - fusion) / 2))


def two_layer_time_ratio(covariance: np.ndarray, cross: np.ndarray, size: int) -> float:
    """Return the predicted t_B / t_A of late fusion in two layers, for vectors of any covariance.

    Args:
        covariance: of the inputs, (D, D); the first `size` are those of one modality.
        cross: covariance of the target with the inputs, (D,).
        size: of the first modality. Which of the two is learned first follows from `cross`.
    """
    first, second, left = _order(covariance, cross, size)
    lead = np.linalg.norm(cross[first]) - np.linalg.norm(cross[second])
    return float(1 + lead / np.linalg.norm(left))


def turn(covariance: np.ndarray, cross: np.ndarray, size: int) -> float:
    """Return by how many degrees the second modality's gradient turns once the first is learned."""
    _, second, left = _order(covariance, cross, size)
    cosine = left @ cross[second] / (np.linalg.norm(left) * np.linalg.norm(cross[second]))
    return math.degrees(math.acos(np.clip(cosine, -1, 1)))


def _order(covariance: np.ndarray, cross: np.ndarray, size: int) -> tuple[slice, slice, np.ndarray]:
    """Return which inputs are learned first and second, and the latter's gradient in between."""
    first, second = slice(None, size), slice(size, None)
    if np.linalg.norm(cross[first]) < np.linalg.norm(cross[second]):
        first, second = second, first
    alone = np.linalg.solve(covariance[first, first], cross[first])
    return first, second, cross[second] - alone @ covariance[first, second]


def misattribution(setting: Setting) -> float:
    """Return by what share x_A's weight is too large while x_A is used alone.

    >>> misattribution(Setting(ratio=2.0, rho=0.5))
    0.25
    """
    return setting.plateau / setting.weights[0] - 1


def is_first(setting: Setting) -> bool:
    """Say whether x_A is learned first."""
    return bool(abs(setting.cross[0]) > abs(setting.cross[1]))


def is_more_useful(setting: Setting) -> bool:
    """Say whether x_A alone lowers the loss more than x_B alone."""
    gains = setting.cross**2 / np.diag(setting.covariance)
    return bool(gains[0] > gains[1])


# --- simulations


def balanced(setting: Setting) -> float:
    """Return t_B / t_A of gradient flow from balanced weights: every layer is one number.

    Each layer before the fusion starts as `scale`; those after it are aligned with both modalities,
    so that their number is the root of the sum of squares of the two before it.
    """
    depth, fusion = setting.depth, setting.fusion

    def total(u: np.ndarray) -> np.ndarray:
        return u**fusion * np.hypot(*u) ** (depth - fusion)

    def slope(_: float, u: np.ndarray) -> np.ndarray:
        error = setting.cross - total(u) @ setting.covariance
        return u ** (fusion - 1) * np.hypot(*u) ** (depth - fusion) * error

    def reached(modality: int, target: float):
        def distance(_: float, u: np.ndarray) -> float:
            return total(u)[modality] - target

        distance.direction, distance.terminal = 1, modality == 1
        return distance

    events = [reached(0, setting.plateau / 2), reached(1, setting.weights[1] / 2)]
    found = solve_ivp(
        slope,
        (0, 1e12),
        np.full(2, setting.scale),
        method="LSODA",
        events=events,
        rtol=1e-8,
        atol=1e-13 * setting.scale,
    )
    first, second = found.t_events
    return float(second[0] / first[0])


@dataclass(frozen=True)
class Course:
    """Total weights of N networks over time: times (T, N), weights (T, N, 2)."""

    times: np.ndarray
    weights: np.ndarray

    def half_times(self, settings: Sequence[Setting]) -> np.ndarray:
        """Return (N, 2): when W_A is half its value alone, and when W_B is half its highest."""
        found = []
        for i, setting in enumerate(settings):
            a, b = self.weights[:, i, 0], self.weights[:, i, 1]
            found.append(
                [
                    crossing(self.times[:, i], a, setting.plateau / 2),
                    crossing(self.times[:, i], b, b.max() / 2),
                ]
            )
        return np.array(found)

    def at(self, times: np.ndarray) -> np.ndarray:
        """Return the total weights at a time for each network: (N, 2)."""
        return np.array(
            [
                [np.interp(t, self.times[:, i], self.weights[:, i, j]) for j in (0, 1)]
                for i, t in enumerate(times)
            ]
        )


def crossing(times: np.ndarray, values: np.ndarray, target: float) -> float:
    """Return when `values` first rises to `target`, between two points on a line; NaN if never.

    >>> crossing(np.array([0.0, 1.0]), np.array([0.0, 4.0]), 1.0)
    0.25
    """
    above = np.flatnonzero(values >= target)
    if not above.size or above[0] == 0:
        return math.nan
    i = above[0]
    share = (target - values[i - 1]) / (values[i] - values[i - 1])
    return float(times[i - 1] + share * (times[i] - times[i - 1]))


def random_networks(
    settings: Sequence[Setting], seeds: Sequence[int], *, width: int = WIDTH, change: float = CHANGE
) -> Course:
    """Return the course of gradient flow from random weights, for networks of equal depth and fusion.

    Layer norms start near `scale`, after the fusion near √2 `scale`. The step is chosen for each
    network, so that no layer's signal changes by more than the share `change`. The error in a step
    is that at its end to first order (linearly implicit), so that steps may be long where one
    modality is learned and the other still waits.

    Args:
        settings: one for each network; equal in depth and fusion.
        seeds: one for each network.
        width: hidden units.
        change: the largest share by which a step may change a layer's signal.
    """
    layers = _random_layers(settings, seeds, width)
    covariance = np.stack([setting.covariance for setting in settings])
    cross = np.stack([setting.cross for setting in settings])
    time, longest = np.zeros(len(settings)), None
    times, weights = [], []
    for _ in range(MAX_STEPS):
        signals, backs = _signals(layers)
        total = np.stack([signals[m][-1][:, 0] for m in (0, 1)], axis=1).astype(float)  # (N, 2)
        error = cross - np.einsum("nij,nj->ni", covariance, total)
        times.append(time.copy())
        weights.append(total)
        done = (np.abs(error) < 0.005 * np.abs(cross).max(axis=1, keepdims=True)).all(axis=1)
        if done.all():
            break
        step = change / _fastest(signals, backs, error, len(layers[0]))
        longest = step if longest is None else longest
        step = np.where(done, 0, np.minimum(step, longest + change * time))
        kernel = _kernel(signals, backs, len(layers[0]))
        damped = np.linalg.solve(
            np.eye(2) + step[:, None, None] * covariance @ kernel, error[..., None]
        )[..., 0]
        _move(layers, signals, backs, step[:, None] * damped)
        time += step
    return Course(np.array(times), np.array(weights))


Layers = tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]  # of x_A, of x_B, shared


def _random_layers(settings: Sequence[Setting], seeds: Sequence[int], width: int) -> Layers:
    """Draw weights; float32 where layers are square, since those take the time."""
    depth, fusion = settings[0].depth, settings[0].fusion
    kind = np.float64 if depth == 2 else np.float32
    generators = [np.random.default_rng(seed) for seed in seeds]

    def draw(number: int, factor: float) -> np.ndarray:
        shape = (1 if number == depth else width, 1 if number == 1 else width)
        drawn = [
            generator.normal(0, factor * setting.scale / math.sqrt(math.prod(shape)), shape)
            for generator, setting in zip(generators, settings, strict=True)
        ]
        return np.stack(drawn).astype(kind)

    own = [[draw(number, 1) for number in range(1, fusion + 1)] for _ in (0, 1)]
    shared = [draw(number, math.sqrt(2)) for number in range(fusion + 1, depth + 1)]
    return own[0], own[1], shared


def _signals(layers: Layers) -> tuple[list, list]:
    """Return for each modality what enters and leaves each layer, and the output's slopes there."""
    signals, backs = [], []
    for m in (0, 1):
        chain = [*layers[m], *layers[2]]
        forward = [np.ones((len(chain[0]), 1), chain[0].dtype)]
        for layer in chain:
            forward.append((layer @ forward[-1][..., None])[..., 0])
        signals.append(forward)
        back = [np.ones((len(chain[0]), 1), chain[0].dtype)]
        shared = 0 if m == 0 else len(layers[2])  # those are known from the other modality
        back.extend(backs[0][-2 - j] for j in range(shared))
        for layer in chain[len(chain) - shared - 1 :: -1]:
            back.append((back[-1][:, None, :] @ layer)[:, 0])
        backs.append(back[::-1])  # entry i: at what enters layer i
    return signals, backs


def _norm(x: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x.astype(float), axis=1)


def _fastest(signals: list, backs: list, error: np.ndarray, own: int) -> np.ndarray:
    """Return the largest rate of change of a hidden signal as a share of itself: (N,).

    Total weights do not count: they may pass through zero.
    """
    depth, rates = len(signals[0]) - 1, []
    for i in range(depth):
        entering = [_norm(signals[m][i]) for m in (0, 1)]
        leaving = [_norm(signals[m][i + 1]) for m in (0, 1)]
        slopes = [[_norm(backs[m][i + j]) for j in (0, 1)] for m in (0, 1)]
        if i < own:
            for m in (0, 1):
                update = np.abs(error[:, m]) * slopes[m][1] * entering[m]  # norm of its slope
                rates += [update * entering[m] / leaving[m]] * (i < depth - 1)
                rates += [update * slopes[m][1] / slopes[m][0]] * (i > 0)
        else:
            both = sum(error[:, m, None] * signals[m][i] for m in (0, 1))
            update = _norm(both) * slopes[0][1]
            rates += [update * np.hypot(*entering) / np.hypot(*leaving)] * (i < depth - 1)
            rates.append(update * slopes[0][1] / slopes[0][0])
    return np.max(rates, axis=0)


def _kernel(signals: list, backs: list, own: int) -> np.ndarray:
    """Return how the total weights answer to errors, (N, 2, 2): the tangent kernel."""
    kernel = np.zeros((len(signals[0][0]), 2, 2))
    for i in range(len(signals[0]) - 1):
        for a in (0, 1):
            for b in (0, 1):
                if i >= own or a == b:
                    slopes = (backs[a][i + 1].astype(float) * backs[b][i + 1]).sum(axis=1)
                    entering = (signals[a][i].astype(float) * signals[b][i]).sum(axis=1)
                    kernel[:, a, b] += slopes * entering
    return kernel


def _move(layers: Layers, signals: list, backs: list, push: np.ndarray) -> None:
    """Add the step's change to each layer, in place; `push` is the error times the step's length."""
    for m in (0, 1):
        for i, layer in enumerate(layers[m]):
            column = (push[:, m, None] * backs[m][i + 1]).astype(layer.dtype)
            layer += column[:, :, None] * signals[m][i][:, None, :]
    own = len(layers[0])
    for i, layer in enumerate(layers[2], start=own):
        row = sum(push[:, m, None] * signals[m][i] for m in (0, 1)).astype(layer.dtype)
        layer += backs[0][i + 1][:, :, None] * row[:, None, :]
