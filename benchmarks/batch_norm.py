"""Time a ResNet-20 training step with the fused and with Keras' own batch normalization.

Both models live in one process and take turns, so that whatever else the machine does hits both:

    python benchmarks/batch_norm.py --rounds 5 --steps 20 --write benchmarks/batch_norm.md

A round is `--steps` steps of one variant; ratios are formed within a round.
"""

import argparse
import time
from typing import Any

import keras
import numpy as np
from rounds import cell, machine, machine_lines, orders, parser, positive, publish, summary

from zoo.models.image.resnet_cifar import resnet_cifar

VARIANTS = {"fused": "batch", "stock": "batch_stock"}  # name to resnet20's `normalization`
POLICIES = ("float32", "mixed_bfloat16")
NUM_CLASSES = 10


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = _parse(arguments)
    result = {
        "machine": machine(),
        "settings": {
            name: getattr(options, name) for name in ("rounds", "steps", "batch", "shape")
        },
        "policies": {policy: measure(policy, options) for policy in options.policies},
    }
    publish(result, to_markdown(result), options)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--steps", type=positive, default=20, help="training steps a turn")
    options.add_argument("--batch", type=positive, default=128, help="examples per step")
    options.add_argument(
        "--shape", type=positive, nargs=3, default=[32, 32, 3], metavar=("H", "W", "C")
    )
    options.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    return options.parse_args(arguments)


def measure(policy: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds a step of both variants, a value a round, and their ratios."""
    keras.config.set_dtype_policy(policy)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(options.batch, *options.shape)).astype("float32")
    y = generator.integers(0, NUM_CLASSES, options.batch)
    models = {name: _compiled_model(kind, options.shape) for name, kind in VARIANTS.items()}
    for model in models.values():  # trace, and warm caches and threads up
        _milliseconds_per_step(model, x, y, 2)
    times: dict[str, list[float]] = {name: [] for name in models}
    for order in orders(models, options.rounds):
        for name in order:
            times[name].append(_milliseconds_per_step(models[name], x, y, options.steps))
    ratios = [stock / fused for stock, fused in zip(times["stock"], times["fused"], strict=True)]
    return {name: summary(values) for name, values in (times | {"ratio": ratios}).items()}


def _compiled_model(normalization: str, shape: list[int]) -> keras.Model:
    keras.utils.set_random_seed(0)
    backbone = resnet_cifar(input_shape=tuple(shape), normalization=normalization)
    x = keras.layers.GlobalAveragePooling2D()(backbone.output["stride_4"])
    # Logits in float32, as any mixed-precision model has them.
    model = keras.Model(backbone.input, keras.layers.Dense(NUM_CLASSES, dtype="float32")(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Without XLA, where the stock layer runs operation by operation; under XLA both are the same.
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, jit_compile=False)
    return model


def _milliseconds_per_step(model: keras.Model, x: np.ndarray, y: np.ndarray, steps: int) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        model.train_on_batch(x, y)  # returns the loss as a number, so the step has ended
    return 1e3 * (time.perf_counter() - start) / steps


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    settings = result["settings"]
    size = "×".join(map(str, settings["shape"]))
    options = f"--rounds {settings['rounds']} --steps {settings['steps']}"
    options += f" --batch {settings['batch']} --shape {' '.join(map(str, settings['shape']))}"
    lines = [
        "# Fused batch normalization",
        "",
        f"ResNet-20, {size} inputs, batch {settings['batch']}: milliseconds a training step "
        "(forward, backward, SGD with momentum, no XLA). Median of "
        f"{settings['rounds']} interleaved rounds of {settings['steps']} steps, lowest and highest "
        "round in brackets; the ratio is stock / fused within a round.",
        "",
        "| dtype policy | fused (ms) | stock (ms) | ratio |",
        "|---|---|---|---|",
    ]
    for policy, row in result["policies"].items():
        cells = [cell(row["fused"], 1), cell(row["stock"], 1), cell(row["ratio"], 2)]
        lines.append(f"| {policy} | {' | '.join(cells)} |")
    command = f"python benchmarks/batch_norm.py {options}"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
