"""Time a ResNet-20 training step with the fused and with Keras' own batch normalization.

Both models live in one process and take turns, so that whatever else the machine does hits both:

    python benchmarks/batch_norm.py --rounds 5 --steps 20 --write docs/benchmarks/batch_norm.md

A round is `--steps` steps of one variant; ratios are formed within a round.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.files import write_text
from zoo.models.image.resnet import resnet20

VARIANTS = {"fused": "batch", "stock": "batch_stock"}  # name to resnet20's `normalization`
POLICIES = ("float32", "mixed_bfloat16")
NUM_CLASSES = 10


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = _parse(arguments)
    result = {
        "machine": describe_machine(),
        "settings": {
            name: getattr(options, name) for name in ("rounds", "steps", "batch", "shape")
        },
        "policies": {policy: measure(policy, options) for policy in options.policies},
    }
    markdown = to_markdown(result)
    print(json.dumps(result, indent=2) if options.json else markdown)
    if options.write:
        write_text(options.write, markdown)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=_positive, default=5, help="turns of each variant")
    parser.add_argument("--steps", type=_positive, default=20, help="training steps a turn")
    parser.add_argument("--batch", type=_positive, default=128, help="examples a step")
    parser.add_argument(
        "--shape", type=_positive, nargs=3, default=[32, 32, 3], metavar=("H", "W", "C")
    )
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown here too")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


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
    for round_index in range(options.rounds):
        order = list(models) if round_index % 2 == 0 else list(reversed(models))
        for name in order:
            times[name].append(_milliseconds_per_step(models[name], x, y, options.steps))
    ratios = [stock / fused for stock, fused in zip(times["stock"], times["fused"], strict=True)]
    return {name: _summary(values) for name, values in (times | {"ratio": ratios}).items()}


def _compiled_model(normalization: str, shape: list[int]) -> keras.Model:
    keras.utils.set_random_seed(0)
    backbone = resnet20(input_shape=tuple(shape), normalization=normalization)
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


def _summary(values: list[float]) -> dict[str, Any]:
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "rounds": values,
    }


def describe_machine() -> dict[str, Any]:
    """Return processor, its vector extensions, cores, load and library versions."""
    name, flags = platform.processor() or platform.machine(), []
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        lines = [line.partition(":") for line in cpu_info.read_text().splitlines()]
        fields = {key.strip(): value.strip() for key, _, value in lines if value}
        name = fields.get("model name", name)
        wanted = ("avx", "amx", "fma", "f16c", "asimd", "sve")
        flags = sorted(flag for flag in fields.get("flags", "").split() if flag.startswith(wanted))
    versions = {"python": platform.python_version(), "keras": keras.__version__}
    versions["numpy"] = np.__version__
    if keras.backend.backend() in sys.modules:  # the backend was imported with Keras
        versions[keras.backend.backend()] = sys.modules[keras.backend.backend()].__version__
    return {
        "cpu": name,
        "flags": flags,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "versions": versions,
    }


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    machine, settings = result["machine"], result["settings"]
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
        cells = [_cell(row["fused"], 1), _cell(row["stock"], 1), _cell(row["ratio"], 2)]
        lines.append(f"| {policy} | {' | '.join(cells)} |")
    versions = ", ".join(f"{name} {value}" for name, value in machine["versions"].items())
    load = "" if machine["load_before"] is None else f", load before {machine['load_before']:.2f}"
    lines += [
        "",
        f"- Processor: {machine['cpu']}, {machine['cores']} cores{load}",
        f"- Vector extensions: {' '.join(machine['flags']) or 'unknown'}",
        f"- System: {machine['system']}",
        f"- Versions: {versions}",
        f"- Again: `python benchmarks/batch_norm.py {options}`",
        "",
    ]
    return "\n".join(lines)


def _cell(summary: dict[str, Any], digits: int) -> str:
    median, low, high = (f"{summary[key]:.{digits}f}" for key in ("median", "low", "high"))
    return f"{median} ({low}–{high})"


if __name__ == "__main__":
    main()
