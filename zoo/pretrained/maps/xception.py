"""Names of Xception: keras.applications', in which the shortcuts are numbered and have no names."""

from zoo.pretrained.names import NameMap

_SHORTCUTS = (2, 3, 4, 13)  # blocks
_NAMED = {
    "block1_conv{i}": "stem{i}_conv",
    "block1_conv{i}_bn": "stem{i}_norm",
    "block{b}_sepconv{i}/depthwise_kernel": "block{b}_sepconv{i}_depthwise/kernel",
    "block{b}_sepconv{i}/pointwise_kernel": "block{b}_sepconv{i}_pointwise/kernel",
    "block{b}_sepconv{i}_bn": "block{b}_sepconv{i}_norm",
    "predictions": "head_logits",
}


def _numbered(first: int) -> NameMap:
    """Number the shortcuts from `first`; layer 0 has no number in its name."""
    rules = dict(_NAMED)
    for number, block in enumerate(_SHORTCUTS, start=first):
        suffix = f"_{number}" if number else ""
        rules[f"conv2d{suffix}"] = f"block{block}_shortcut_conv"
        rules[f"batch_normalization{suffix}"] = f"block{block}_shortcut_norm"
    return NameMap(rules, style="keras")


MAPS = {"keras, numbered from 0": _numbered(0), "keras, numbered from 1": _numbered(1)}
