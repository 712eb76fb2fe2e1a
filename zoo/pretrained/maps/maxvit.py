"""Names of MaxViTs: timm's."""

from zoo.pretrained.names import NameMap

_BLOCK = "stages.{s}.blocks.{b}"
_OURS = "stage{s+1}_block{b+1}"


def _transformer(theirs: str, ours: str) -> dict[str, str]:
    theirs, ours = f"{_BLOCK}.{theirs}", f"{_OURS}_{ours}"
    return {
        f"{theirs}.norm{{i}}": f"{ours}_norm{{i}}",
        f"{theirs}.attn.qkv": f"{ours}_qkv",
        f"{theirs}.attn.proj": f"{ours}_project",
        f"{theirs}.attn.rel_pos.relative_position_bias_table": f"{ours}_attention/relative_bias",
        f"{theirs}.mlp.fc{{i}}": f"{ours}_mlp_{{i}}",
    }


MAPS = {
    "torch": NameMap(
        {
            "stem.conv1": "stem1_conv",
            "stem.norm1": "stem1_norm",
            "stem.conv2": "stem2_conv",
            f"{_BLOCK}.conv.shortcut.expand": f"{_OURS}_conv_shortcut",
            f"{_BLOCK}.conv.pre_norm": f"{_OURS}_conv_pre_norm",
            f"{_BLOCK}.conv.conv{{i}}_1x1": f"{_OURS}_conv_conv{{i}}",
            f"{_BLOCK}.conv.conv{{i}}_kxk": f"{_OURS}_conv_conv{{i}}",
            f"{_BLOCK}.conv.norm{{i}}": f"{_OURS}_conv_norm{{i}}",
            f"{_BLOCK}.conv.se.fc1": f"{_OURS}_conv_se_reduce",
            f"{_BLOCK}.conv.se.fc2": f"{_OURS}_conv_se_expand",
            **_transformer("attn_block", "window"),
            **_transformer("attn_grid", "grid"),
            "head.norm": "pool_norm",
            "head.pre_logits.fc": "pool_dense",
            "head.fc": "head_logits",
        },
        ignored=(r".*(height|width)_lookup",),
    ),
}
