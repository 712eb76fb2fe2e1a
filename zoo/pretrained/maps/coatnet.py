"""Names of CoAtNets: timm's."""

from zoo.pretrained.names import NameMap

_BLOCK = "stages.{s}.blocks.{b}"
_OURS = "stage{s+1}_block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "stem.conv1": "stem1_conv",
            "stem.norm1": "stem1_norm",
            "stem.conv2": "stem2_conv",
            f"{_BLOCK}.shortcut.expand": f"{_OURS}_shortcut",
            f"{_BLOCK}.pre_norm": f"{_OURS}_pre_norm",
            f"{_BLOCK}.conv{{i}}_1x1": f"{_OURS}_conv{{i}}",
            f"{_BLOCK}.conv{{i}}_kxk": f"{_OURS}_conv{{i}}",
            f"{_BLOCK}.se_early.fc1": f"{_OURS}_se_reduce",
            f"{_BLOCK}.se_early.fc2": f"{_OURS}_se_expand",
            f"{_BLOCK}.se.fc1": f"{_OURS}_se_reduce",
            f"{_BLOCK}.se.fc2": f"{_OURS}_se_expand",
            f"{_BLOCK}.norm{{i}}": f"{_OURS}_norm{{i}}",
            f"{_BLOCK}.norm{{i}}.norm": f"{_OURS}_norm{{i}}",  # where pooling follows
            f"{_BLOCK}.attn.qkv": f"{_OURS}_qkv",
            f"{_BLOCK}.attn.proj": f"{_OURS}_project",
            f"{_BLOCK}.attn.rel_pos.relative_position_bias_table": f"{_OURS}_attention/relative_bias",
            f"{_BLOCK}.mlp.fc{{i}}": f"{_OURS}_mlp_{{i}}",
            "norm": "final_norm",
            "head.fc": "head_logits",
        },
        ignored=(r".*relative_position_index",),
    ),
}
