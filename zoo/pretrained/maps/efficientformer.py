"""Names of EfficientFormers: timm's."""

from zoo.pretrained.names import NameMap

_BLOCK = "stages.{s}.blocks.{b}"
_OURS = "stage{s+1}_block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "stem.conv{i}": "stem{i}_conv",
            "stem.norm{i}": "stem{i}_norm",
            "stages.{s}.downsample.conv": "stage{s+1}_down_conv",
            "stages.{s}.downsample.norm": "stage{s+1}_down_norm",
            f"{_BLOCK}.norm{{i}}": f"{_OURS}_norm{{i}}",
            f"{_BLOCK}.token_mixer.qkv": f"{_OURS}_qkv",
            f"{_BLOCK}.token_mixer.proj": f"{_OURS}_project",
            f"{_BLOCK}.token_mixer.attention_biases": f"{_OURS}_attention/biases",
            f"{_BLOCK}.ls{{i}}": f"{_OURS}_{{i}}_scale",
            f"{_BLOCK}.mlp.fc{{i}}": f"{_OURS}_mlp_{{i}}",
            f"{_BLOCK}.mlp.norm{{i}}": f"{_OURS}_mlp_norm{{i}}",
            "norm": "final_norm",
            "head": "head_logits",
        },
        ignored=(r".*attention_bias_idxs",),
        averaged={"head_dist": "head"},  # the head that learned from a teacher
    ),
}
