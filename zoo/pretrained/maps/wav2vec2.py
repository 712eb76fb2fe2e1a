"""Names of wav2vec 2.0 in transformers' files, whatever model's head they were saved with.

A head of CTC is one of ours; what only pretraining uses has no place. The kernel of positions is stored
as lengths and directions, under names that PyTorch changed once.
"""

from zoo.pretrained.names import NameMap

_LAYER, _POSITIONS = "encoder.layers.{b}", "encoder.pos_conv_embed.conv"
_RULES = {
    "feature_extractor.conv_layers.{i}.conv": "conv{i+1}",
    "feature_extractor.conv_layers.{i}.layer_norm": "conv{i+1}_norm",
    "feature_projection.layer_norm": "latents_norm",
    "feature_projection.projection": "project",
    _POSITIONS: "position_conv",
    f"{_POSITIONS}.weight_g": "position_conv/lengths",
    f"{_POSITIONS}.weight_v": "position_conv/kernel",
    f"{_POSITIONS}.parametrizations.weight.original0": "position_conv/lengths",
    f"{_POSITIONS}.parametrizations.weight.original1": "position_conv/kernel",
    "encoder.layer_norm": "position_norm",
    f"{_LAYER}.attention.q_proj": "block{b+1}_query",
    f"{_LAYER}.attention.k_proj": "block{b+1}_key",
    f"{_LAYER}.attention.v_proj": "block{b+1}_value",
    f"{_LAYER}.attention.out_proj": "block{b+1}_project",
    f"{_LAYER}.layer_norm": "block{b+1}_attention_norm",
    f"{_LAYER}.feed_forward.intermediate_dense": "block{b+1}_mlp_1",
    f"{_LAYER}.feed_forward.output_dense": "block{b+1}_mlp_2",
    f"{_LAYER}.final_layer_norm": "block{b+1}_mlp_norm",
}
_PRETRAINING = (r"(wav2vec2\.)?masked_spec_embed", r"(quantizer|project_q|project_hid)\..*")

MAPS = {
    f"torch, {prefix or 'without a prefix'}": NameMap(
        {f"{prefix}{theirs}": ours for theirs, ours in _RULES.items()} | {"lm_head": "head_tokens"},
        ignored=_PRETRAINING,
    )
    for prefix in ("", "wav2vec2.")
}
