"""Two layers trained by gradient descent: vectors as modalities, ReLU, and a task of two kinds.

Companion of linear_fusion.py, for the parts of 2312.00935 that leave linear networks on scalars.
Weights start from a normal distribution of deviation `spread`. The loss is half the mean squared
error. Axes: N networks, D inputs, H hidden units, P examples, T recorded steps.
"""

import math
from collections.abc import Sequence

import numpy as np
from linear_fusion import WIDTH, Course, Setting
from scipy.stats import invwishart, norm

SPREAD = 1e-9


def descend(
    covariance: np.ndarray,
    cross: np.ndarray,
    size: int,
    seeds: Sequence[int],
    *,
    late: bool,
    rates: np.ndarray,
    steps: int,
    every: int = 1,
) -> np.ndarray:
    """Return the total weights of linear networks during training: (T, N, D).

    Args:
        covariance: of the inputs, (N, D, D).
        cross: covariance of the target with the inputs, (N, D).
        size: of the first modality; the others are the second.
        seeds: one for each network.
        late: give each modality hidden units of its own.
        rates: step sizes, (N,).
        steps: of gradient descent.
        every: how many steps apart the weights are recorded.
    """
    parts = [slice(0, size), slice(size, None)] if late else [slice(None)]
    dim, generators = cross.shape[1], [np.random.default_rng(seed) for seed in seeds]
    first = [_drawn(generators, WIDTH, len(range(dim)[part])) for part in parts]  # (N, H, D)
    second = [_drawn(generators, WIDTH) for _ in parts]  # (N, H)
    rates, found = rates[:, None], []
    for step in range(steps + 1):
        total = np.concatenate(
            [(v[:, None] @ w)[:, 0] for w, v in zip(first, second, strict=True)], axis=1
        )
        if step % every == 0:
            found.append(total)
        error = cross - (total[:, None] @ covariance)[:, 0]
        for part, w, v in zip(parts, first, second, strict=True):
            push = rates * error[:, part]
            change = (w @ push[..., None])[..., 0]
            w += v[:, :, None] * push[:, None, :]
            v += change
    return np.array(found)


def _drawn(generators: Sequence[np.random.Generator], *shape: int) -> np.ndarray:
    return np.stack([generator.normal(0, SPREAD, shape) for generator in generators])


# --- vectors as modalities


def random_problem(seed: int, size: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return a covariance (2 size, 2 size) and a target's covariance with it, drawn at random.

    The covariance is inverse Wishart with 2 size + 2 degrees of freedom, where the first modality's
    variances are twice the second's on average; target weights are uniform from -1 to 1.
    """
    generator = np.random.default_rng(seed)
    dim = 2 * size
    mean = np.diag([2.0] * size + [1.0] * size)
    covariance = invwishart.rvs(df=dim + 2, scale=mean, random_state=generator)
    return covariance, covariance @ generator.uniform(-1, 1, dim)


def noisy_regression(count: int, seeds: Sequence[int], *, late: bool) -> dict[str, np.ndarray]:
    """Train on `count` examples of 2 x 50 inputs; return train and test error and norms, each (T, N).

    x_A has variance 3, x_B variance 1, independent; target weights are 0.1, noise has deviation 0.5.
    Test error is without noise and over that of a network that always answers 0.
    """
    dim, size = 100, 50
    variance = np.array([3.0] * size + [1.0] * size)
    covariance, cross, power = [], [], []
    for seed in seeds:
        generator = np.random.default_rng(seed + 1000)
        x = generator.normal(size=(count, dim)) * np.sqrt(variance)
        y = 0.1 * x.sum(axis=1) + generator.normal(0, 0.5, count)
        covariance.append(x.T @ x / count)
        cross.append(y @ x / count)
        power.append(y @ y / count)
    covariance, cross = np.array(covariance), np.array(cross)
    rates = np.full(len(seeds), 0.04)
    totals = descend(covariance, cross, size, seeds, late=late, rates=rates, steps=1200, every=4)
    train = np.array(power) - 2 * np.einsum("tnd,nd->tn", totals, cross)
    train += np.einsum("tnd,nde,tne->tn", totals, covariance, totals, optimize=True)
    return {
        "train": train / np.array(power),
        "test": ((totals - 0.1) ** 2 @ variance) / (0.01 * variance.sum()),
        "norm_a": np.linalg.norm(totals[..., :size], axis=-1),
        "norm_b": np.linalg.norm(totals[..., size:], axis=-1),
    }


# --- ReLU


def relu_moments(setting: Setting) -> np.ndarray:
    """Return E[f f'] for f = (relu(x_A), relu(-x_A), relu(x_B), relu(-x_B)): (4, 4), x Gaussian.

    Those of one modality are never positive together; for two see the arc-cosine kernel of order 1.
    """
    found = np.diag(np.repeat(np.diag(setting.covariance) / 2, 2))
    for i in (0, 1):
        for j in (0, 1):
            rho = setting.rho * (1 if i == j else -1)
            angle = math.acos(rho)
            value = math.sin(angle) + rho * (math.pi - angle)
            found[i, 2 + j] = found[2 + j, i] = setting.ratio * value / (2 * math.pi)
    return found


def late_relu(settings: Sequence[Setting], seeds: Sequence[int]) -> Course:
    """Return the course of late fusion with ReLU on a linear target.

    A modality's weight is the mean of its slopes on positive and on negative inputs. Steps are at
    most 0.02 over the fastest growth, and short enough to stay stable where x_A is learned.
    """
    moments = np.stack([relu_moments(setting) for setting in settings])  # (N, 4, 4)
    target = np.stack([[w, -w, v, -v] for w, v in (setting.weights for setting in settings)])
    ratios = np.array([setting.ratio for setting in settings])
    generators = [np.random.default_rng(seed) for seed in seeds]
    w, v = (_drawn(generators, 2, WIDTH) for _ in (0, 1))  # (N, 2, H)
    time, times, weights = np.zeros(len(settings)), [], []
    for _ in range(20_000):
        up, down = (np.where(sign * w > 0, sign * w * v, 0).sum(axis=-1) for sign in (1, -1))
        slopes = np.stack([up, down], axis=-1)  # (N, 2, 2)
        error = (moments @ (target - slopes.reshape(-1, 4))[..., None]).reshape(-1, 2, 2)
        times.append(time.copy())
        weights.append((up - down) / 2)
        if (np.abs(error) < 0.005 * ratios[:, None, None] ** 2).all():
            break
        step = np.minimum(0.02 / np.abs(error).max(axis=(1, 2)), 0.3 / ratios**2)
        time += step
        push = np.where(w > 0, error[..., :1], -error[..., 1:]) * step[:, None, None]
        w, v = w + push * v, v + push * w
    return Course(np.array(times), np.array(weights))


def sampled_relu(
    x: np.ndarray,
    y: np.ndarray,
    groups: Sequence[Sequence[int]],
    seeds: Sequence[int],
    *,
    spread: float,
    rates: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Return a ReLU network's outputs on the examples that it learns, each 20 steps: (T, N, P).

    Args:
        x: inputs, (N, P, D).
        y: targets, (N, P).
        groups: the inputs that each part of the hidden layer sees: one group is early fusion.
        seeds: one for each network.
        spread: deviation of the first weights.
        rates: step sizes, (N,).
        steps: of gradient descent.
    """
    generators = [np.random.default_rng(seed) for seed in seeds]
    x, y = x.astype(np.float32), y.astype(np.float32)
    seen = [np.ascontiguousarray(x[..., list(group)]) for group in groups]
    scale = spread / SPREAD
    first = [scale * _drawn(generators, len(group), WIDTH) for group in groups]  # (N, D, H)
    second = [scale * _drawn(generators, WIDTH, 1) for _ in groups]  # (N, H, 1)
    first, second = ([w.astype(np.float32) for w in part] for part in (first, second))
    rates, found = (rates / y.shape[1]).astype(np.float32)[:, None, None], []
    for step in range(steps + 1):
        hidden = [np.maximum(part @ w, 0) for part, w in zip(seen, first, strict=True)]
        output = sum(h @ v for h, v in zip(hidden, second, strict=True))
        if step % 20 == 0:
            found.append(output[..., 0])
        push = rates * (y[..., None] - output)  # (N, P, 1)
        for part, h, w, v in zip(seen, hidden, first, second, strict=True):
            change = h.transpose(0, 2, 1) @ push
            w += part.transpose(0, 2, 1) @ ((h > 0) * push) * v.transpose(0, 2, 1)
            v += change
    return np.array(found)


def xor_and_linear(variances: Sequence[float], nodes: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return x (N, P, 3) and y (N, P): y = x_A + XOR(x_B), x_A Gaussian, x_B both ±1.

    XOR is 1 where the two of x_B differ and -1 where they are equal. x_A takes `nodes` quantiles of
    a normal distribution, scaled to the variance, with each of the four x_B.
    """
    grid = norm.ppf((np.arange(nodes) + 0.5) / nodes)
    grid /= grid.std()
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
    a, b = np.repeat(grid, 4), np.tile(corners, (nodes, 1))
    x = np.stack([np.column_stack([math.sqrt(variance) * a, b]) for variance in variances])
    return x, x[..., 0] - x[..., 1] * x[..., 2]


def learned_shares(outputs: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of x_A and of XOR(x_B) an output holds: two of shape (T, N), 1 is all of it."""
    linear = (outputs * x[..., 0]).mean(axis=-1) / (x[..., 0] ** 2).mean(axis=-1)
    return linear, -(outputs * x[..., 1] * x[..., 2]).mean(axis=-1)
