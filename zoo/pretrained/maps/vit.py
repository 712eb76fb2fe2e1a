"""Names of vision transformers: timm's, which DeiT's and DINOv2's own files share, and torchvision's."""

from zoo.pretrained.names import NameMap

_TIMM = {
    "patch_embed.proj": "patches",
    "cls_token": "class_token/token",
    "pos_embed": "positions/embeddings",
    "blocks.{b}.norm{i}": "block{b+1}_norm{i}",
    "blocks.{b}.attn.qkv": "block{b+1}_qkv",
    "blocks.{b}.attn.proj": "block{b+1}_project",
    "blocks.{b}.mlp.fc{i}": "block{b+1}_mlp_{i}",
    "blocks.{b}.ls{i}": "block{b+1}_{i}_scale",
    "norm": "final_norm",
    "head": "head_logits",
}
_LAYER = "encoder.layers.encoder_layer_{b}"
_TORCHVISION = {
    "conv_proj": "patches",
    "class_token": "class_token/token",
    "encoder.pos_embedding": "positions/embeddings",
    f"{_LAYER}.ln_{{i}}": "block{b+1}_norm{i}",
    f"{_LAYER}.self_attention.in_proj_weight": "block{b+1}_qkv/kernel",
    f"{_LAYER}.self_attention.in_proj_bias": "block{b+1}_qkv/bias",
    f"{_LAYER}.self_attention.out_proj": "block{b+1}_project",
    f"{_LAYER}.mlp.0": "block{b+1}_mlp_1",
    f"{_LAYER}.mlp.3": "block{b+1}_mlp_2",
    f"{_LAYER}.mlp.linear_{{i}}": "block{b+1}_mlp_{i}",  # in files of before 0.12
    "encoder.ln": "final_norm",
    "heads.head": "head_logits",
}

MAPS = {
    "torch": NameMap(_TIMM, ignored=("mask_token",)),
    "torch, torchvision's": NameMap(_TORCHVISION),
}
