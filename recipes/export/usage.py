"""The page of an exported model: inputs, outputs, and the lines that run it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zoo.columns import Transcript
from zoo.columns.base import PRESENT
from zoo.columns.usage import Usage, variable_of
from zoo.subword_tokenizer import SPACE_MARK
from zoo.tasks.decision import threshold_of

if TYPE_CHECKING:
    from recipes.runs.run import Run

_IMPORTS = {
    "saved_model": "import tensorflow as tf",
    "onnx": "import onnxruntime",
    "litert": "from ai_edge_litert.interpreter import Interpreter",
}
_CALLS = {
    "saved_model": (
        'model = tf.saved_model.load("saved_model")  # keep it: it owns the variables\n'
        "inputs = {{name: tf.constant(value) for name, value in inputs.items()}}\n"
        '{output} = model.signatures["serving_default"](**inputs)["{output}"].numpy()'
    ),
    "onnx": (
        'session = onnxruntime.InferenceSession("model.onnx")\n'
        '({output},) = session.run(["{output}"], inputs)'
    ),
    "litert": (
        'runner = Interpreter(model_path="model.tflite").get_signature_runner()\n'
        '{output} = runner(**inputs)["{output}"]'
    ),
}
_NEEDS = {
    "saved_model": "tensorflow",
    "onnx": "onnxruntime",
    "litert": "ai-edge-litert",
}


def usage_page(run: "Run", facts: Mapping[str, Any]) -> str:
    """Return the README of an exported model, in Markdown.

    Args:
        run: that was exported.
        facts: of `recipes.export.export.export`.
    """
    format = facts["format"]
    usages = [column.usage(name) for name, column in run.assets.x.items()]
    needs = list(dict.fromkeys(usage.needs for usage in usages if usage.needs)) or ["shapes"]
    packages = dict.fromkeys([_NEEDS[format], *(u.package for u in usages if u.package)])
    lines = [
        f"# {facts['name']} as {format}",
        "",
        f"`{facts['file']}` holds {run.contents}. "
        f"`assets.json` holds what else it needs: labels, sizes, {', '.join(needs)}.",
        "",
        "| | name | shape | type | what |",
        "|---|---|---|---|---|",
        *(_row("in", k, facts["inputs"][k], what) for k, what in _inputs(run).items()),
        *(
            _row("out", output, value, _meaning(output, run, facts["temperature"]))
            for output, value in facts["outputs"].items()
        ),
        "",
        "A `?` is an axis of any size." + _one_at_a_time(facts["inputs"]),
        "",
        f"It needs `pip install {' '.join(packages)}`.",
        "",
        "```python",
        *_snippet(run, usages, facts),
        "```",
    ]
    if facts["parity"]:
        lines += ["", compared(facts["parity"])]
    return "\n".join(lines) + "\n"


def compared(parity: Mapping[str, Any]) -> str:
    """Describe in a sentence how a file compares with its model."""
    word = parity.get("word", "labels")
    equal, of = ("equal", "a logit") if word != "vectors" else ("equal up to rounding", "a number")
    return (
        f"Compared with the model on {parity['examples']:,} examples ({parity['source']}): "
        f"{parity['equal']:,} of {parity['of']:,} {word} are {equal}; the largest difference of "
        f"{of} is {parity['max_difference']:.1e}."
    )


def _row(way: str, name: str, facts: Mapping[str, Any], meaning: str) -> str:
    shape = " × ".join("?" if size is None else str(size) for size in facts["shape"])
    return f"| {way} | `{name}` | {shape} | {facts['dtype']} | {meaning} |"


def _meaning(output: str, run: "Run", temperature: float | None) -> str:
    if output == "vector" and run.task.name != "speaker_verification":
        return "what a head would take"
    if output == "vector":
        return "of length 1; the product of two is their score"
    if output != "logits":
        return _meaning_of_vectors(output)
    if run.task.name == "speaker_verification":
        return "cosines with each speaker of train"
    if run.assets.numbers:
        return "one for each target, standardised"
    if run.assets.label_sets:
        return "one for each label; the sigmoid gives its probability"
    if _transcript_of(run) is not None:
        return "one for each token, in each frame; 0 is the blank, as are frames of padding"
    if temperature is not None:
        return (
            f"one for each class, divided by the temperature {temperature:.4g}; the softmax gives "
            "calibrated probabilities"
        )
    return "one for each class" if run.assets.outputs else "of the next token, at each position"


def _meaning_of_vectors(output: str) -> str:
    from zoo.heads.contrastive import EMBEDDING, SCALE

    if output.endswith(EMBEDDING):
        return "of length 1, or zeros where the input is absent; the product of two is their similarity"
    return "that similarities are multiplied by before a softmax" if output == SCALE else "features"


def _inputs(run: "Run") -> dict[str, str]:
    """Return the meaning of each input tensor, by name."""
    said = {}
    for name, column in run.assets.x.items():
        for tensor in column.tensors(name):
            present = tensor == f"{name}.{PRESENT}"
            said[variable_of(tensor)] = (
                f"1 where there is a value of `{name}`, 0 where there is none"
                if present
                else column.usage(name).meaning
            )
    return said


def _one_at_a_time(inputs: Mapping[str, Any]) -> str:
    if all(facts["shape"][0] is None for facts in inputs.values()):
        return ""
    return " This file takes one example at a time: the format cannot hold this model otherwise."


def _snippet(run: "Run", usages: Sequence[Usage], facts: Mapping[str, Any]) -> list[str]:
    format = facts["format"]
    known = (name for name in ("vector", "logits") if name in facts["outputs"])
    output = next(known, next(iter(facts["outputs"])))
    imports = dict.fromkeys([_IMPORTS[format], *(u.imports for u in usages if u.imports)])
    tensors = {name: variable for usage in usages for name, variable in usage.tensors.items()}
    listed = ", ".join(f'"{name}": {variable}' for name, variable in tensors.items())
    return [
        "import json",
        "",
        "import numpy as np",
        *imports,
        "",
        'assets = json.load(open("assets.json", encoding="utf-8"))',
        *(line for usage in usages for line in usage.lines),
        f"inputs = {{{listed}}}",
        *_CALLS[format].format(output=output).splitlines(),
        _answer(run, usages, output),
    ]


def _transcript_of(run: "Run") -> str | None:
    """Return the name of the target that is a transcript; None where there is none."""
    columns = run.assets.y.items()
    return next((name for name, column in columns if isinstance(column, Transcript)), None)


_WRITTEN = {  # kind of tokenizer: where its state has the tokens, and how they make a text
    "character": ("characters", '"".join({})'),
    "subword": ("pieces", f'"".join({{}}).replace("{SPACE_MARK}", " ").strip()'),
    "word": ("words", '" ".join({})'),
}


def _greedy(run: "Run", target: str) -> str:
    """Return lines that decode a transcript greedily, without anything of this project."""
    kept, said = _WRITTEN[run.assets.y[target].loaded.kind]
    return (
        f'tokens = assets["y"]["{target}"]["tokenizer"]["{kept}"]  # from 2 on; 1 is an unknown one\n'
        "path = logits[0].argmax(axis=-1)  # greedy: without the language model in assets.json\n"
        "ids = path[np.flatnonzero(np.diff(path, prepend=-1))]  # repeats are one token\n"
        f"print({said.format('tokens[k - 2] for k in ids if k > 1')})  # 0 is the blank"
    )


def _answer(run: "Run", usages: Sequence[Usage], output: str) -> str:
    if output != "logits":
        return f"print({output})"
    target = _transcript_of(run)
    if target is not None:
        return _greedy(run, target)
    if run.assets.classes and threshold_of(run.assets):
        return (
            'chosen, classes = assets["extra"]["threshold"], assets["classes"]\n'
            'k = classes.index(chosen["positive"])  # of two classes\n'
            "probability = 1 / (1 + np.exp(logits[0][1 - k] - logits[0][k]))\n"
            'print(classes[k] if probability >= chosen["value"] else classes[1 - k])'
        )
    if run.assets.classes:
        return 'print(assets["classes"][logits[0].argmax()])'
    if run.assets.numbers:
        y = 'assets["y"][name]'
        value = f'float(logits[0][t]) * {y}["deviation"] + {y}["mean"]'
        return f'print({{name: {value} for t, name in enumerate(assets["targets"])}})'
    if run.assets.label_sets:
        limits = 'assets["extra"]["thresholds"][name]'
        given = f"1 / (1 + np.exp(-logits[0][k])) >= {limits}"
        return f'print([name for k, name in enumerate(assets["labels"]) if {given}])'
    answers = [usage.answer for usage in usages if usage.answer]
    return f"print({answers[0] if answers else 'logits'})"
