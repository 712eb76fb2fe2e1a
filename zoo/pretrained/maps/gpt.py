"""Names of GPT-2: those of transformers, of the network alone and of the language model."""

from zoo.pretrained.names import NameMap

_PARTS = {
    "ln_1": ("attention_norm", "gamma", "beta"),
    "attn.c_attn": ("attention_in", "kernel", "bias"),
    "attn.c_proj": ("attention_out", "kernel", "bias"),
    "ln_2": ("mlp_norm", "gamma", "beta"),
    "mlp.c_fc": ("mlp_in", "kernel", "bias"),
    "mlp.c_proj": ("mlp_out", "kernel", "bias"),
}


def _names(prefix: str) -> NameMap:
    """Return the rules for names that begin with `prefix`.

    Their dense layers keep kernels as (in, out), which is Keras' layout: nothing is transposed.
    """
    rules = {
        f"{prefix}wte.weight": "embedding/embeddings",
        f"{prefix}wpe.weight": "position_embedding/embeddings",
        f"{prefix}ln_f.weight": "final_norm/gamma",
        f"{prefix}ln_f.bias": "final_norm/beta",
    }
    for theirs, (ours, weight, bias) in _PARTS.items():
        rules[f"{prefix}h.{{b}}.{theirs}.weight"] = f"block{{b+1}}_{ours}/{weight}"
        rules[f"{prefix}h.{{b}}.{theirs}.bias"] = f"block{{b+1}}_{ours}/{bias}"
    # Causal masks, which older files hold, and the head, which is the embedding once more.
    ignored = (r".*\.attn\.(masked_)?bias", r"lm_head\.weight")
    return NameMap(rules, style="keras", ignored=ignored)


MAPS = {
    "transformers": _names(""),
    "transformers, the language model": _names("transformer."),
}
