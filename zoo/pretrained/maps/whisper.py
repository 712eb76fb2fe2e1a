"""Names of Whisper: transformers', with or without the "model." in front; the output is tied."""

from zoo.pretrained.names import NameMap

_ENCODER, _DECODER = "encoder.layers.{b}", "decoder.layers.{b}"
_RULES = {
    "encoder.conv{i}": "stem{i}_conv",
    "encoder.embed_positions": "frame_positions",
    "encoder.layer_norm": "encoder_norm",
    "decoder.embed_tokens": "embedding",
    "decoder.embed_positions": "positions",
    "decoder.layer_norm": "decoder_norm",
    **{
        f"{theirs}.{attention}.{part}_proj": f"{ours}_{kind}_{name}"
        for theirs, ours, attention, kind in (
            (_ENCODER, "encoder_block{b+1}", "self_attn", "attention"),
            (_DECODER, "decoder_block{b+1}", "self_attn", "attention"),
            (_DECODER, "decoder_block{b+1}", "encoder_attn", "cross"),
        )
        for part, name in (("q", "query"), ("k", "key"), ("v", "value"), ("out", "out"))
    },
    **{
        f"{theirs}.{part}": f"{ours}_{name}"
        for theirs, ours in (
            (_ENCODER, "encoder_block{b+1}"),
            (_DECODER, "decoder_block{b+1}"),
        )
        for part, name in (
            ("self_attn_layer_norm", "attention_norm"),
            ("final_layer_norm", "mlp_norm"),
            ("fc{i}", "mlp_{i}"),
        )
    },
    f"{_DECODER}.encoder_attn_layer_norm": "decoder_block{b+1}_cross_norm",
}

MAPS = {
    "torch": NameMap(
        {f"model.{theirs}": ours for theirs, ours in _RULES.items()}, ignored=("proj_out.weight",)
    ),
    "torch, without the head": NameMap(_RULES),
}
