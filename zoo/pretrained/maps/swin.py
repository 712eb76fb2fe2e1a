"""Names of Swin Transformers: timm's, and those of the authors' own files."""

from zoo.pretrained.names import NameMap

_BLOCK = "layers.{s}.blocks.{b}"
_OURS = "stage{s+1}_block{b+1}"
_SHARED = {
    "patch_embed.proj": "patches",
    "patch_embed.norm": "patches_norm",
    f"{_BLOCK}.norm{{i}}": f"{_OURS}_norm{{i}}",
    f"{_BLOCK}.attn.qkv": f"{_OURS}_qkv",
    f"{_BLOCK}.attn.proj": f"{_OURS}_project",
    f"{_BLOCK}.attn.relative_position_bias_table": f"{_OURS}_attention/relative_bias",
    f"{_BLOCK}.mlp.fc{{i}}": f"{_OURS}_mlp_{{i}}",
    "norm": "final_norm",
}
_COMPUTED = (r".*relative_position_index", r".*attn_mask")

MAPS = {
    "torch": NameMap(
        {
            **_SHARED,
            "layers.{s}.downsample.norm": "stage{s+1}_merge_norm",
            "layers.{s}.downsample.reduction": "stage{s+1}_merge_reduce",
            "head.fc": "head_logits",
        },
        ignored=_COMPUTED,
    ),
    "torch, the authors'": NameMap(  # merge at the end of a stage
        {
            **_SHARED,
            "layers.{s}.downsample.norm": "stage{s+2}_merge_norm",
            "layers.{s}.downsample.reduction": "stage{s+2}_merge_reduce",
            "head": "head_logits",
        },
        ignored=_COMPUTED,
    ),
}
