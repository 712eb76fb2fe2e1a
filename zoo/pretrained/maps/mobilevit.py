"""Names of MobileViTs: timm's."""

from zoo.pretrained.names import NameMap

_BLOCK = "stages.{s}.{b}"
_OURS = "stage{s+1}_block{b+1}"
_PARTS = {"conv": "conv", "bn": "norm"}  # of a convolution that is normalized


def _pairs(theirs: str, ours: str) -> dict[str, str]:
    return {f"{theirs}.{part}": f"{ours}_{name}" for part, name in _PARTS.items()}


MAPS = {
    "torch": NameMap(
        {
            **_pairs("stem", "stem"),
            **_pairs(f"{_BLOCK}.conv{{i}}_1x1", f"{_OURS}_{{i}}"),
            **_pairs(f"{_BLOCK}.conv{{i}}_kxk", f"{_OURS}_{{i}}"),
            **_pairs(f"{_BLOCK}.conv_kxk", f"{_OURS}_local"),
            f"{_BLOCK}.conv_1x1": f"{_OURS}_widen",
            f"{_BLOCK}.transformer.{{t}}.norm{{i}}": f"{_OURS}_layer{{t+1}}_norm{{i}}",
            f"{_BLOCK}.transformer.{{t}}.attn.qkv": f"{_OURS}_layer{{t+1}}_qkv",
            f"{_BLOCK}.transformer.{{t}}.attn.proj": f"{_OURS}_layer{{t+1}}_project",
            f"{_BLOCK}.transformer.{{t}}.mlp.fc{{i}}": f"{_OURS}_layer{{t+1}}_mlp_{{i}}",
            f"{_BLOCK}.norm": f"{_OURS}_norm",
            **_pairs(f"{_BLOCK}.conv_proj", f"{_OURS}_project"),
            **_pairs(f"{_BLOCK}.conv_fusion", f"{_OURS}_fuse"),
            **_pairs("final_conv", "final"),
            "head.fc": "head_logits",
        }
    ),
}
