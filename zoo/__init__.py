"""kerazoo: a Keras 3 model zoo with recipes that come true.

Names resolve on first use, so that listing and help never load Keras.
"""

import importlib
from typing import Any

__version__ = "0.2.0.dev0"

_PUBLIC = {
    "Run": "recipes.runs.run",
    "ZooError": "zoo.errors",
    "baseline": "recipes.baseline.beside",
    "build": "zoo.composition",
    "check_dataset": "zoo.data.checks",
    "check_explanations": "recipes.explanations.checks.check",
    "compare": "recipes.comparison.compare",
    "compare_data": "recipes.drift.compare",
    "convert": "zoo.weight_conversion",
    "embed": "recipes.runs.by_name",
    "ensemble": "recipes.ensembles.chosen",
    "evaluate": "recipes.runs.by_name",
    "explain": "recipes.explanations.explain",
    "export": "recipes.export.export",
    "find_shortcuts": "recipes.explanations.shortcuts",
    "finetune": "recipes.training.finetune",
    "generate": "recipes.runs.generate",
    "list_datasets": "zoo.registry",
    "list_models": "zoo.registry",
    "list_pretrained": "zoo.registry",
    "load": "recipes.runs.run",
    "load_dataset": "zoo.data.load",
    "model_info": "zoo.registry",
    "predict": "recipes.runs.by_name",
    "register": "zoo.registration",
    "regularize": "zoo.layers.regularize",
    "repeat": "recipes.repeats.repeat",
    "same_speaker": "recipes.runs.speakers",
    "start": "recipes.start.start",
    "train": "recipes.training.train",
    "transcribe": "recipes.runs.by_name",
    "tune": "tuning.tune",
    "verify": "recipes.records.verify",
    "visualize": "recipes.visualization.visualize",
    "zero_shot": "recipes.runs.zero_shot",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    from zoo.ownership import check_names, import_error

    check_names(_PUBLIC[name])
    try:
        module = importlib.import_module(_PUBLIC[name])
    except ImportError as error:
        raise import_error(_PUBLIC[name], error) from None  # one screen, also in a script
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
