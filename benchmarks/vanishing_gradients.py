"""Show how gradients fade with depth, and what keeps them: activation, initialization, shortcuts.

    python benchmarks/vanishing_gradients.py --write

Plain dense networks on digits: gradient by layer at initialization, accuracy after short training.
"""

import argparse
import functools
import math

import keras
import numpy as np
import tensorflow as tf
from looking import panels, parser, percent, plain_powers, publish, start, table

from recipes.report import theme
from zoo.data.load import load_dataset

DEPTHS, WIDTH = (4, 16, 32), 64
ACTIVATIONS = ("sigmoid", "tanh", "relu")
INITIALIZERS = {
    "Glorot": keras.initializers.GlorotUniform,
    "He": keras.initializers.HeNormal,
    "orthogonal": keras.initializers.Orthogonal,
}
SUITED = {"sigmoid": "Glorot", "tanh": "Glorot", "relu": "He"}
KINDS = ("plain", "residual", "normalized", "residual, normalized")
EPOCHS, BATCH_SIZE, RATE = 8, 64, 0.05
FLOOR = 1e-15  # below, a ratio is nought


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison, print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3).parse_args(arguments)
    with start():
        cases = [
            (kind, depth, activation, initializer)
            for kind in KINDS
            for depth in DEPTHS
            for activation in ACTIVATIONS
            for initializer in INITIALIZERS
            if kind == "plain" or initializer == SUITED[activation]
        ]
        results = {case: measure(*case, options) for case in cases}
        publish("vanishing_gradients", to_lines(results, options), draw(results), options)


def network(kind: str, depth: int, activation: str, initializer: str, *, seed: int) -> keras.Model:
    """Return a dense network of `depth` hidden layers; kernels are named by their place."""
    x = keras.Input((64,))
    inputs = x
    for place in range(depth):
        layer = keras.layers.Dense(
            WIDTH,
            kernel_initializer=INITIALIZERS[initializer](seed=1000 * seed + place),
            name=f"dense{place}",
        )
        y = layer(x)
        if "normalized" in kind:
            y = keras.layers.LayerNormalization(name=f"norm{place}")(y)
        y = keras.layers.Activation(activation)(y)
        x = keras.layers.Add()([x, y]) if "residual" in kind else y
    logits = keras.layers.Dense(
        10, kernel_initializer=keras.initializers.GlorotUniform(seed=seed), name="logits"
    )(x)
    return keras.Model(inputs, logits)


@functools.cache
def digits() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return standardized pixels (N, 64) and labels of train and test."""
    found = {}
    for name, split in load_dataset("digits").splits.items():
        pixels = np.stack([example["image"] for example in split]).reshape(len(split), -1)
        found[name] = (pixels.astype("float32") / 127.5 - 1, split.labels)
    return found


LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def measure(
    kind: str, depth: int, activation: str, initializer: str, options: argparse.Namespace
) -> dict:
    """Return the gradient's norm by hidden layer (a list a seed) and test accuracies by seed."""
    seeds = range(1, options.seeds + 1)
    build = [network(kind, depth, activation, initializer, seed=seed) for seed in seeds]
    norms = [gradient_norms(model, depth) for model in build]
    trained = build[0]
    trained.compile(keras.optimizers.SGD(RATE, momentum=0.9), LOSS)
    trained.optimizer.build(trained.trainable_variables)
    accuracies = []
    for seed, start_ in zip(seeds, [model.get_weights() for model in build], strict=True):
        trained.set_weights(start_)
        for variable in trained.optimizer.variables[2:]:  # after the step and the rate
            variable.assign(np.zeros(variable.shape, "float32"))
        accuracies.append(train(trained, seed))
    result = {"norms": norms, "accuracy": accuracies}
    print(kind, depth, activation, initializer, _ratio(result), _learnt(accuracies), flush=True)
    return result


def gradient_norms(model: keras.Model, depth: int) -> list[float]:
    """Return the norm of the loss's gradient by each hidden kernel, on 256 training examples."""
    x, y = (part[:256] for part in digits()["train"])
    with tf.GradientTape() as tape:
        loss = LOSS(y, model(x))
    kernels = [model.get_layer(f"dense{place}").kernel.value for place in range(depth)]
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


def train(model: keras.Model, seed: int) -> float:
    """Train on shuffled batches of one size; return test accuracy, NaN where numbers ran away."""
    (x, y), generator = digits()["train"], np.random.default_rng(seed)
    for _ in range(EPOCHS):
        order = generator.permutation(len(x))[: len(x) // BATCH_SIZE * BATCH_SIZE]
        for batch in order.reshape(-1, BATCH_SIZE):
            model.train_on_batch(x[batch], y[batch])
    logits = model.predict_on_batch(digits()["test"][0])
    right = np.argmax(logits, axis=-1) == digits()["test"][1]
    return float(right.mean()) if np.isfinite(logits).all() else math.nan


def first_to_last(result: dict) -> float:
    """Return the first hidden layer's gradient over the last's, geometric mean over seeds."""
    logs = [math.log(max(norms[0], 1e-30) / max(norms[-1], 1e-30)) for norms in result["norms"]]
    return math.exp(sum(logs) / len(logs))


def to_lines(results: dict, options: argparse.Namespace) -> list[str]:
    """Return the page."""
    plain = [case for case in results if case[0] == "plain"]
    helped = [case for case in results if case[3] == SUITED[case[2]]]
    head = [f"{depth} layers" for depth in DEPTHS]
    return [
        "# Vanishing gradients",
        "",
        f"Dense networks of {WIDTH} units a layer on digits. First number: the gradient's norm in the "
        "first hidden layer over that in the last, at initialization; far below 1 it has vanished on "
        f"its way back, far above it has exploded. Second: test accuracy (%) after {EPOCHS} epochs of "
        f"SGD (rate {RATE}, momentum 0.9), mean of {options.seeds} seeds ± half its 95 % interval "
        "(Student t); chance is 10 %.",
        "",
        "## Activation and initialization, plain networks",
        "",
        *table(
            ("activation", "initialization", *head),
            [
                (activation, initializer, *_cells(results, "plain", activation, initializer))
                for activation in ACTIVATIONS
                for initializer in INITIALIZERS
                if any(case[2:] == (activation, initializer) for case in plain)
            ],
        ),
        "",
        "## Shortcuts and layer normalization, initialized to suit",
        "",
        *table(
            ("activation", "network", *head),
            [
                (activation, kind, *_cells(results, kind, activation, SUITED[activation]))
                for activation in ACTIVATIONS
                for kind in KINDS
                if any(case[0] == kind for case in helped)
            ],
        ),
        "",
        "A ratio near 1 is needed and not enough: plain networks of 32 layers learn little at this rate "
        "with any of them. Shortcuts alone let the signal grow with every layer, which the figure "
        "shows as gradients that are large throughout; with normalization beside them it does not.",
    ]


def _cells(results: dict, kind: str, activation: str, initializer: str) -> list[str]:
    found = [results[kind, depth, activation, initializer] for depth in DEPTHS]
    return [f"{_ratio(one)}; {_learnt(one['accuracy'])}" for one in found]


def _ratio(result: dict) -> str:
    ratio = first_to_last(result)
    return f"{ratio:.1e}" if ratio > FLOOR else f"< {FLOOR:.0e}"


def _learnt(accuracies: list[float]) -> str:
    lost = sum(map(math.isnan, accuracies))
    return f"{lost} of {len(accuracies)} diverged" if lost else percent(accuracies)


def draw(results: dict):
    """Draw the gradient's norm by layer in the deepest networks."""
    figure, row = panels(len(ACTIVATIONS), width=3.2, height=3.0)
    colours = (theme.SECOND, theme.FIRST, theme.THIRD, theme.MUTED)
    for axes, activation in zip(row, ACTIVATIONS, strict=True):
        for kind, colour in zip(KINDS, colours, strict=True):
            norms = np.array(results[kind, DEPTHS[-1], activation, SUITED[activation]]["norms"])
            mean = np.exp(np.log(np.maximum(norms, 1e-30)).mean(axis=0))
            axes.plot(range(1, DEPTHS[-1] + 1), mean, color=colour, label=kind)
        axes.set(yscale="log", ylim=(1e-12, 1e9), xlabel="layer, from the input", title=activation)
        plain_powers(axes.yaxis)
    row[0].set_ylabel("norm of the gradient")
    row[-1].legend(loc="lower right")
    return figure


if __name__ == "__main__":
    main()
