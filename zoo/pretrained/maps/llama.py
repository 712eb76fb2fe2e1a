"""Names of networks in Llama's form: those of transformers."""

from zoo.pretrained.names import NameMap

_BLOCK = "model.layers.{b}"
_RULES = {
    "model.embed_tokens": "embedding",
    f"{_BLOCK}.input_layernorm.weight": "block{b+1}_attention_norm/scale",
    f"{_BLOCK}.self_attn.q_proj": "block{b+1}_query",
    f"{_BLOCK}.self_attn.k_proj": "block{b+1}_key",
    f"{_BLOCK}.self_attn.v_proj": "block{b+1}_value",
    f"{_BLOCK}.self_attn.o_proj": "block{b+1}_project",
    f"{_BLOCK}.post_attention_layernorm.weight": "block{b+1}_mlp_norm/scale",
    f"{_BLOCK}.mlp.gate_proj": "block{b+1}_gate",
    f"{_BLOCK}.mlp.up_proj": "block{b+1}_up",
    f"{_BLOCK}.mlp.down_proj": "block{b+1}_down",
    "model.norm.weight": "final_norm/scale",
    "lm_head": "logits",
}
_FREQUENCIES = r".*\.rotary_emb\.inv_freq"  # in older files

MAPS = {
    "transformers": NameMap(_RULES, ignored=(_FREQUENCIES,)),
    "transformers, tied": NameMap(_RULES, ignored=(_FREQUENCIES, r"lm_head\.weight")),
}
