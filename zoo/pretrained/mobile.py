"""What timm's mobile networks call the blocks of `zoo.layers.inverted_residual`."""

from collections.abc import Mapping, Sequence

_PARTS = {  # of each kind of block: their module to what we name the layer
    "inverted": {
        "conv_pw": "expand_conv",
        "bn1": "expand_norm",
        "conv_dw": "depthwise_conv",
        "bn2": "depthwise_norm",
        "conv_pwl": "project_conv",
        "bn3": "project_norm",
    },
    "separable": {
        "conv_dw": "depthwise_conv",
        "bn1": "depthwise_norm",
        "conv_pw": "project_conv",
        "bn2": "project_norm",
    },
    "fused": {
        "conv_exp": "expand_conv",
        "bn1": "expand_norm",
        "conv_pwl": "project_conv",
        "bn2": "project_norm",
    },
    "plain": {"conv": "plain_conv", "bn1": "plain_norm"},
}
_SQUEEZE = {"se.conv_reduce": "se_reduce", "se.conv_expand": "se_expand"}


def timm_names(kinds: Sequence[str], head: Mapping[str, str]) -> dict[str, str]:
    """Return the rules of a network.

    Args:
        kinds: of the blocks of each stage.
        head: rules of what comes after the stages.

    >>> timm_names(["plain"], {})["blocks.0.{b}.conv"]
    'stage1_block{b+1}_plain_conv'
    """
    rules = {"conv_stem": "stem_conv", "bn1": "stem_norm", **head}
    for stage, kind in enumerate(kinds):
        for theirs, ours in (_PARTS[kind] | _SQUEEZE).items():
            rules[f"blocks.{stage}.{{b}}.{theirs}"] = f"stage{stage + 1}_block{{b+1}}_{ours}"
    return rules
