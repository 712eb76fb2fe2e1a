"""Names of MobileNet: timm's, keras.applications' and those of MLPerf Tiny's reference.

Weights of both others belong to padding="same" and norm_epsilon=1e-3; MLPerf Tiny's network has ReLU
and biases.
"""

from zoo.pretrained.mobile import timm_names
from zoo.pretrained.names import NameMap

_DEPTHS = (1, 2, 2, 6, 2)
_BLOCKS = [
    f"stage{stage}_block{block}"
    for stage, depth in enumerate(_DEPTHS, start=1)
    for block in range(1, depth + 1)
]


def _keras() -> dict[str, str]:
    rules = {"conv1": "stem_conv", "conv1_bn": "stem_norm", "conv_preds": "head_logits"}
    for number, ours in enumerate(_BLOCKS, start=1):
        for theirs, part in {"dw": "depthwise", "pw": "project"}.items():
            rules[f"conv_{theirs}_{number}"] = f"{ours}_{part}_conv"
            rules[f"conv_{theirs}_{number}_bn"] = f"{ours}_{part}_norm"
    return rules


def _tiny() -> dict[str, str]:
    """Return the rules of layers that Keras named by their order."""
    rules = {"conv2d": "stem_conv", "batch_normalization": "stem_norm", "dense": "head_logits"}
    for number, ours in enumerate(_BLOCKS):
        depthwise = f"depthwise_conv2d_{number}" if number else "depthwise_conv2d"
        rules |= {
            depthwise: f"{ours}_depthwise_conv",
            f"batch_normalization_{2 * number + 1}": f"{ours}_depthwise_norm",
            f"conv2d_{number + 1}": f"{ours}_project_conv",
            f"batch_normalization_{2 * number + 2}": f"{ours}_project_norm",
        }
    return rules


MAPS = {
    "torch": NameMap(timm_names(["separable"] * 5, {"classifier": "head_logits"})),
    "keras": NameMap(_keras(), style="keras"),
    "keras, MLPerf Tiny": NameMap(_tiny(), style="keras"),
}
