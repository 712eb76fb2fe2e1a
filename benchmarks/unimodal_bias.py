"""Show when linear networks of two modalities use one alone, beside what theory predicts.

    python benchmarks/unimodal_bias.py --write

Predictions of "Understanding Unimodal Bias in Multimodal Deep Linear Networks" (2312.00935) against
simulations; linear_fusion.py and two_layers.py hold both.
"""

import dataclasses
import itertools
import math
import time
from collections.abc import Iterable, Sequence
from multiprocessing import Pool
from typing import Any

import numpy as np
import unimodal_figures
import unimodal_page
from linear_fusion import (
    WIDTH,
    Course,
    Setting,
    balanced,
    crossing,
    random_networks,
    time_ratio,
    turn,
    two_layer_time_ratio,
)
from looking import parser, publish
from rounds import positive
from two_layers import (
    SPREAD,
    descend,
    late_relu,
    learned_shares,
    noisy_regression,
    random_problem,
    sampled_relu,
    xor_and_linear,
)

from recipes.report import theme

RATIOS, RHOS, FUSIONS, SCALES = (1.5, 2.0, 2.5, 3.0), (-0.5, 0.0, 0.5), (2, 3, 4), (0.1, 0.03, 0.01)
GRID = [Setting(r, rho, fusion=f) for r in RATIOS for rho in RHOS for f in FUSIONS]
RHO_SWEEP = [Setting(2.0, rho, fusion=f) for rho in (-0.75, *RHOS, 0.75) for f in (1, *FUSIONS)]
SCALE_SWEEP = [Setting(2.0, fusion=f, scale=u) for u in (0.03, 0.05, 0.1, 0.18) for f in FUSIONS]
DEEP = list(dict.fromkeys([*GRID, *RHO_SWEEP, *SCALE_SWEEP]))
TINY = SPREAD * math.sqrt(WIDTH)  # a layer's norm where weights have the deviation SPREAD
LATE = [
    Setting(r, rho / 4, depth=2, fusion=2, scale=TINY)
    for r in (3.0, 2.0, 1.5, 1.0)
    for rho in range(-3, 4)
]
PREFERENCE = [
    Setting(r, depth=2, fusion=2, scale=TINY, weights=(factor * r**-power, 1.0))
    for r in (1.25, 1.5, 2.0, 2.5, 3.0)
    for power in (1, 2)
    for factor in (0.8, 0.9, 1.0, 1.1, 1.25)
]
VARIANCES = (0.25, 0.5, 1.0, 2.0, 4.0)
PROBLEMS, HIGHEST = 50, 20


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison, print it, and write it where asked."""
    made = parser(__doc__.partition("\n")[0], seeds=5)
    made.add_argument("--workers", type=positive, default=2, help="processes")
    options = made.parse_args(arguments)
    began = time.perf_counter()
    with Pool(options.workers) as pool:
        jobs = {
            name: pool.starmap_async(run, cells) for name, run, cells in work(range(options.seeds))
        }
        results = {name: job.get() for name, job in jobs.items()}
    print(f"{time.perf_counter() - began:.0f} s")
    for name in ("problems", "preference", "shown"):
        results[name] = results[name][0]
    results["balanced"] = dict(zip(SCALES, results["balanced"], strict=True))
    results["deep"] = {setting: found for part in results["deep"] for setting, found in part}
    with theme.style():
        drawn = unimodal_figures.draw(results)
        publish("unimodal_bias", unimodal_page.lines(results, options.seeds), drawn, options)


def work(seeds: Sequence[int]) -> Iterable[tuple[str, Any, list[tuple]]]:
    """Yield what is measured: name, function, its arguments one call each."""
    yield "deep", deep, [(DEEP[i::18], seeds) for i in range(18)]
    yield "balanced", largest_errors, [(scale,) for scale in SCALES]
    yield "losses", losses, [(f,) for f in (1, *FUSIONS)]
    yield "late", late, [(kind, seeds) for kind in ("linear", "ReLU")]
    yield "problems", problems, [()]
    yield "toys", toy, [(kind, f, seeds) for kind in ("linear", "ReLU") for f in (1, 2)]
    yield "preference", preference, [(seeds,)]
    yield "shown", shown, [()]
    yield (
        "noisy",
        noisy_regression_of,
        [
            (count, is_late, range(4 * len(seeds)))
            for count in (70, 700)
            for is_late in (False, True)
        ],
    )
    yield "xor", xor, [(is_late, seeds) for is_late in (False, True)]


# --- four layers


def deep(settings: Sequence[Setting], seeds: Sequence[int]) -> list[tuple[Setting, dict]]:
    """Return for each setting the predicted time ratio, the balanced one and those of random weights."""
    found = []
    for setting in settings:
        several = [setting] * len(seeds)
        halves = random_networks(several, seeds).half_times(several)
        result = {"theory": time_ratio(setting), "balanced": balanced(setting)}
        found.append((setting, result | {"random": halves[:, 1] / halves[:, 0]}))
    return found


def largest_errors(scale: float) -> dict[int, float]:
    """Return the balanced simulation's largest error over the grid, by fusion layer."""
    found = dict.fromkeys(FUSIONS, 0.0)
    for setting in GRID:
        setting = dataclasses.replace(setting, scale=scale)
        error = abs(balanced(setting) / time_ratio(setting) - 1)
        found[setting.fusion] = max(found[setting.fusion], error)
    return found


def losses(fusion: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times and losses of one random network of four layers."""
    setting = Setting(2.0, fusion=fusion)
    course = random_networks([setting], [0])
    return course.times[:, 0], loss_of(course.weights, setting)[:, 0]


def loss_of(weights: np.ndarray, setting: Setting) -> np.ndarray:
    """Return the loss of total weights (…, 2), as a share of that of zero weights."""
    off = np.array(setting.weights) - weights
    worst = np.array(setting.weights) @ setting.cross
    return ((off @ setting.covariance) * off).sum(axis=-1) / worst


# --- two layers


def late(kind: str, seeds: Sequence[int]) -> dict[Setting, dict[str, np.ndarray]]:
    """Return for late fusion the time ratios and x_A's excess weight between both times, by seed."""
    settings = [setting for setting in LATE for _ in seeds]
    run = random_networks if kind == "linear" else late_relu
    course = run(settings, list(seeds) * len(LATE))
    halves = course.half_times(settings)
    ratios = (halves[:, 1] / halves[:, 0]).reshape(len(LATE), -1)
    excess = (course.at(halves.mean(axis=1))[:, 0] - 1).reshape(len(LATE), -1)
    return {
        setting: {"ratio": ratio, "excess": more}
        for setting, ratio, more in zip(LATE, ratios, excess, strict=True)
    }


def problems() -> dict[str, np.ndarray]:
    """Return predicted and measured time ratios of random problems of two vectors, 2 inputs each."""
    seeds, drawn = [], []
    for seed in itertools.count():
        problem = random_problem(seed)
        if two_layer_time_ratio(*problem, 2) <= HIGHEST:
            seeds.append(seed)
            drawn.append(problem)
        if len(drawn) == PROBLEMS:
            break
    covariance, cross = (np.array(part) for part in zip(*drawn, strict=True))
    fastest = np.linalg.norm(cross.reshape(-1, 2, 2), axis=-1).max(axis=1)
    weights = np.linalg.norm(np.linalg.solve(covariance, cross[..., None])[..., 0], axis=1)
    stiffest = np.linalg.eigvalsh(covariance)[:, -1] * weights
    rates = np.minimum(0.04 / fastest, 0.3 / stiffest)
    steps = 40_000
    totals = descend(covariance, cross, 2, seeds, late=True, rates=rates, steps=steps, every=10)
    found = [problem_ratio(totals[:, i], *problem) for i, problem in enumerate(drawn)]
    return {
        "theory": np.array([two_layer_time_ratio(*problem, 2) for problem in drawn]),
        "measured": np.array(found),
        "turn": np.array([turn(*problem, 2) for problem in drawn]),
    }


def problem_ratio(totals: np.ndarray, covariance: np.ndarray, cross: np.ndarray) -> float:
    """Return t_B / t_A of total weights (T, 4): when the norms are half that alone and the last."""
    a, b = slice(0, 2), slice(2, 4)
    if np.linalg.norm(cross[a]) < np.linalg.norm(cross[b]):
        a, b = b, a
    alone = np.linalg.norm(np.linalg.solve(covariance[a, a], cross[a]))
    last = np.linalg.norm(np.linalg.solve(covariance, cross)[b])
    steps, norms = np.arange(len(totals)), [np.linalg.norm(totals[:, m], axis=1) for m in (a, b)]
    return crossing(steps, norms[1], last / 2) / crossing(steps, norms[0], alone / 2)


def toy(kind: str, fusion: int, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Return times (T, N), losses (T, N) and total weights (T, N, 2) of two layers, ratio 2."""
    setting = Setting(2.0, depth=2, fusion=fusion, scale=TINY)
    several = [setting] * len(seeds)
    if kind == "linear":
        course = random_networks(several, seeds)
        loss = loss_of(course.weights, setting)
    else:
        x = np.random.default_rng(0).multivariate_normal((0, 0), setting.covariance, 128)
        x = np.concatenate([x, -x])  # the mean is 0, and the covariance becomes exact
        root, exact = (np.linalg.cholesky(c) for c in (x.T @ x / len(x), setting.covariance))
        x = x @ np.linalg.inv(root).T @ exact.T
        x = np.repeat(x[None], len(seeds), axis=0)
        y, rate = x.sum(axis=-1), 0.02
        outputs = sampled_relu(
            x,
            y,
            [[0, 1]] if fusion == 1 else [[0], [1]],
            seeds,
            spread=SPREAD,
            rates=np.full(len(seeds), rate),
            steps=3000,
        )
        loss = ((outputs - y) ** 2).mean(axis=-1) / (y[0] ** 2).mean()
        weights = outputs @ np.linalg.pinv(x[0]).T  # slopes of the best linear fit
        times = np.arange(len(outputs))[:, None] * np.full(len(seeds), 20 * rate)
        course = Course(times, weights)
    halves = course.half_times(several)
    ratios = halves[:, 1] / halves[:, 0]
    return {"times": course.times, "loss": loss, "weights": course.weights, "ratios": ratios}


def preference(seeds: Sequence[int]) -> dict[Setting, dict[str, np.ndarray]]:
    """Return for each setting the time ratios, and x_A's gain over x_B's at the end, by seed.

    A modality's gain is by how much the loss grows where the trained network misses its input.
    """
    settings = [setting for setting in PREFERENCE for _ in seeds]
    course = random_networks(settings, list(seeds) * len(PREFERENCE))
    halves = course.half_times(settings)
    gains = []
    for i, setting in enumerate(settings):
        last = course.weights[-1, i]
        without = [loss_of(last * keep, setting) for keep in (np.array([0, 1]), np.array([1, 0]))]
        whole = loss_of(last, setting)
        gains.append((without[0] - whole) / (without[1] - whole))
    ratios = (halves[:, 1] / halves[:, 0]).reshape(len(PREFERENCE), -1)
    gains = np.array(gains).reshape(len(PREFERENCE), -1)
    return {
        setting: {"ratio": ratio, "gain": gain}
        for setting, ratio, gain in zip(PREFERENCE, ratios, gains, strict=True)
    }


def shown() -> dict[str, np.ndarray]:
    """Return the course of a network that learns the less useful modality first."""
    setting = Setting(2.0, depth=2, fusion=2, scale=TINY, weights=(0.35, 1.0))
    course = random_networks([setting], [0])
    loss = loss_of(course.weights, setting)[:, 0]
    return {"times": course.times[:, 0], "loss": loss, "weights": course.weights[:, 0]}


def noisy_regression_of(count: int, is_late: bool, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Return the course of training on `count` noisy examples of 100 inputs."""
    return noisy_regression(count, seeds, late=is_late)


def xor(is_late: bool, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Return the shares learned of x_A and of XOR(x_B), (T, N), and when half of each is learned."""
    variances = np.repeat(VARIANCES, len(seeds))
    x, y = xor_and_linear(variances)
    outputs = sampled_relu(
        x,
        y,
        [[0], [1, 2]] if is_late else [[0, 1, 2]],
        list(seeds) * len(VARIANCES),
        spread=1e-4,
        rates=np.full(len(variances), 0.03),
        steps=6000,
    )
    shares = learned_shares(outputs, x)
    times = np.arange(len(outputs)) * 20 * 0.03
    halves = [[crossing(times, s[:, i], 0.5) for i in range(len(variances))] for s in shares]
    loss = ((outputs - y) ** 2).mean(axis=-1) / (y**2).mean(axis=-1)
    return {
        "times": times,
        "linear": shares[0],
        "xor": shares[1],
        "halves": np.array(halves).reshape(2, len(VARIANCES), -1),
        "loss": loss[-1].reshape(len(VARIANCES), -1),
    }


if __name__ == "__main__":
    main()
