"""The page beside an exported model: what goes in, what comes out, and ten lines that run it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.errors import ArgumentError

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
        'logits = model.signatures["serving_default"]({input}=tf.constant(x))["logits"].numpy()'
    ),
    "onnx": (
        'session = onnxruntime.InferenceSession("model.onnx")\n'
        '(logits,) = session.run(["logits"], {{"{input}": x}})'
    ),
    "litert": (
        'runner = Interpreter(model_path="model.tflite").get_signature_runner()\n'
        'logits = runner({input}=x)["logits"]'
    ),
}
_NEEDS = {
    "saved_model": "tensorflow",
    "onnx": "onnxruntime",
    "litert": "ai-edge-litert",
}
_MEANINGS = {
    "image": "pixels 0–255, as they are in the file; scaling is inside",
    "ids": "token ids of the tokenizer in `assets.json`; 0 is padding",
    "audio": "a waveform in [-1, 1], one channel at {rate} Hz; the log-mel front end is inside",
}


def usage_page(run: "Run", facts: Mapping[str, Any]) -> str:
    """Return the README of an exported model, in Markdown.

    Args:
        run: that was exported.
        facts: of `recipes.export.export.export`.
    """
    format, (name,) = facts["format"], facts["inputs"]
    rate = run.assets.extra.get("front", {}).get("sample_rate_hz")
    lines = [
        f"# {facts['name']} as {format}",
        "",
        f"`{facts['file']}` holds {run.recipe.model.name}, trained with {run.recipe.name}. "
        "`assets.json` holds what it needs besides: labels, sizes, "
        + ("the tokenizer." if name == "ids" else "shapes."),
        "",
        "| | name | shape | type | what |",
        "|---|---|---|---|---|",
        _row("in", name, facts["inputs"][name], _MEANINGS[name].format(rate=rate)),
        *(
            _row("out", output, value, _meaning(output, run))
            for output, value in facts["outputs"].items()
        ),
        "",
        "A `?` is an axis of any size." + _one_at_a_time(facts["inputs"][name]),
        "",
        f"It needs `pip install {_NEEDS[format]} {_READERS[name][0]}`.",
        "",
        "```python",
        *_snippet(run, name, format),
        "```",
    ]
    if facts["parity"]:
        lines += ["", compared(facts["parity"])]
    return "\n".join(lines) + "\n"


def compared(parity: Mapping[str, Any]) -> str:
    """Say in a sentence how a file compares with its model."""
    return (
        f"Compared with the model on {parity['examples']:,} examples ({parity['source']}): "
        f"{parity['equal']:,} of {parity['of']:,} labels are equal; the largest difference of a "
        f"logit is {parity['max_difference']:.1e}."
    )


def _row(way: str, name: str, facts: Mapping[str, Any], meaning: str) -> str:
    shape = " × ".join("?" if size is None else str(size) for size in facts["shape"])
    return f"| {way} | `{name}` | {shape} | {facts['dtype']} | {meaning} |"


def _meaning(output: str, run: "Run") -> str:
    if output != "logits":
        return "features"
    return "one for each class" if run.assets.classes else "of the next token, at each position"


def _one_at_a_time(facts: Mapping[str, Any]) -> str:
    if facts["shape"][0] is None:
        return ""
    return " This file takes one example at a time: the format holds this model in no other way."


_READERS = {
    "image": ("pillow", "from PIL import Image"),
    "ids": ("kerazoo", "from zoo.tokenizers import load_tokenizer"),
    "audio": ("soundfile", "import soundfile"),
}


def _snippet(run: "Run", name: str, format: str) -> list[str]:
    if name not in _READERS:
        raise ArgumentError(f"There is no example of use for the input {name!r}.")
    return [
        "import json",
        "",
        "import numpy as np",
        _IMPORTS[format],
        _READERS[name][1],
        "",
        'assets = json.load(open("assets.json", encoding="utf-8"))',
        *_reading(run, name),
        *_CALLS[format].format(input=name).splitlines(),
        _answer(run),
    ]


def _reading(run: "Run", name: str) -> list[str]:
    shape = run.assets.x[name].shape
    if name == "image":
        height, width, channels = shape
        mode = "L" if channels == 1 else "RGB"
        return [
            f'image = Image.open("picture.png").convert("{mode}").resize(({width}, {height}))',
            f'x = np.asarray(image, "float32").reshape(1, {height}, {width}, {channels})',
        ]
    if name == "audio":
        (samples,) = shape
        rate = run.assets.extra["front"]["sample_rate_hz"]
        return [
            f'clip, _ = soundfile.read("clip.wav", dtype="float32")  # one channel at {rate} Hz',
            f"missing = max(0, {samples} - len(clip))  # silence around, or the middle of it",
            "clip = np.pad(clip, (missing // 2, missing - missing // 2))",
            f"start = (len(clip) - {samples}) // 2",
            f"x = clip[None, start : start + {samples}]",
        ]
    return [
        'tokenizer = load_tokenizer(assets["extra"]["tokenizer"])',
        'ids = tokenizer.encode("What is this?")[: assets["sizes"]["context_length"]]',
        'x = np.asarray([ids], "int32")',
    ]


def _answer(run: "Run") -> str:
    if run.assets.classes:
        return 'print(assets["classes"][logits[0].argmax()])'
    return "print(tokenizer.decode([logits[0, -1].argmax()]))"
