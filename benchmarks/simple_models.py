"""Put simple models of scikit-learn beside the recorded results of the recipes, on the same splits.

    python benchmarks/simple_models.py --write benchmarks/simple_models.md

Nothing is trained but the simple models. Recipes whose data is neither embedded nor under
TFDS_DATA_DIR or ZOO_DATA_DIR are left out.
"""

import sys
import time
from typing import Any

from rounds import machine, machine_lines, parser, publish

from recipes.baseline.beside import beside
from recipes.baseline.verdict import best_of
from recipes.objects import make_dataset, make_task
from recipes.values.load import load_recipe, recipe_names
from zoo import devices
from zoo.errors import ZooError

OUTCOMES = {"beats": "yes", "within": "within its interval", "does not beat": "no"}


def measure(name: str) -> dict[str, Any]:
    """Fit the simple models to the data of a recipe, as `zoo train` does after training it."""
    recipe = load_recipe(name)
    dataset, task = make_dataset(recipe), make_task(recipe)
    assets = task.fit(dataset.splits["train"], features=dataset.features, classes=dataset.classes)
    recorded, metric = recipe.expects, task.metrics[0]
    began = time.process_time()
    network = {metric.name: {"value": recorded.mean}}
    found = beside(dataset, task, assets, network=network, progress=False)
    seconds = time.process_time() - began
    best = best_of(found["models"], metric)
    network_span = metric.span({"low": recorded.low, "high": recorded.high})
    values = {m["name"]: metric.text(m["metrics"][metric.name]["value"]) for m in found["models"]}
    return {
        "recipe": name,
        "network": f"{metric.label.lower()} {metric.text(recorded.mean)} ({network_span})",
        "values": values,
        "best": best["name"],
        "span": metric.span(best["metrics"][metric.name]),
        "outcome": found["outcome"],
        "seconds": seconds,
        "minutes": recorded.minutes,
        "notes": found["notes"],
    }


def page(rows: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """Write the table as Markdown."""
    lines = [
        "# Simple models beside the recipes",
        "",
        "The network's number is the recorded mean over its seeds, with the 95 % interval of a further "
        "run. The simple models saw the same training examples and were scored on the same test "
        "examples; the best one has the 95 % interval over other test examples. It is the best on "
        "test, which favours it. Seconds are those of the processor for all simple models of a row.",
        "",
        "| recipe | network | simple models | does the network beat the best? | seconds | its minutes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        models = "; ".join(
            f"**{name} {value}** ({row['span']})" if name == row["best"] else f"{name} {value}"
            for name, value in row["values"].items()
        )
        lines.append(
            f"| `{row['recipe']}` | {row['network']} | {models} | {OUTCOMES[row['outcome']]} | "
            f"{row['seconds']:.1f} | {row['minutes']} |"
        )
    for row in rows:
        for note in row["notes"]:
            lines += ["", f"`{row['recipe']}`: {note}"]
    command = "python benchmarks/simple_models.py --write benchmarks/simple_models.md"
    return "\n".join([*lines, *machine_lines(facts, command=command)])


def main() -> None:
    """Measure every recipe whose data is there."""
    options = parser(__doc__.partition("\n")[0]).parse_args()
    facts, rows = machine(), []
    devices.prepare("cpu")
    for name in recipe_names():
        try:
            rows.append(measure(name))
        except ZooError as error:
            print(f"{name} is left out: {error.problem}", file=sys.stderr)
    publish({"machine": facts, "rows": rows}, page(rows, facts), options)


if __name__ == "__main__":
    main()
