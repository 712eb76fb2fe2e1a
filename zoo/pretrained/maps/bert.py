"""Names of BERT and its descendants in transformers' files, whatever model's head they were saved with.

BERT, RoBERTa, ELECTRA and MiniLM share names but for the prefix of models with a head; DistilBERT has
its own. Heads of pretraining, which predict masked tokens, have no place. A sentence encoder has no use
for the pooler that its file may hold.
"""

from zoo.pretrained.names import NameMap

_LAYER = "encoder.layer.{b}"
_SHARED = {
    "embeddings.word_embeddings": "embedding",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "embedding_norm",
    "embeddings_project": "embedding_project",
    f"{_LAYER}.attention.self.query": "block{b+1}_query",
    f"{_LAYER}.attention.self.key": "block{b+1}_key",
    f"{_LAYER}.attention.self.value": "block{b+1}_value",
    f"{_LAYER}.attention.output.dense": "block{b+1}_project",
    f"{_LAYER}.attention.output.LayerNorm": "block{b+1}_attention_norm",
    f"{_LAYER}.intermediate.dense": "block{b+1}_mlp_1",
    f"{_LAYER}.output.dense": "block{b+1}_mlp_2",
    f"{_LAYER}.output.LayerNorm": "block{b+1}_mlp_norm",
}
_POOLER = {"pooler.dense": "pooler"}
_DISTILLED_LAYER = "transformer.layer.{b}"
_DISTILLED = {
    "embeddings.word_embeddings": "embedding",
    "embeddings.position_embeddings": "positions",
    "embeddings.LayerNorm": "embedding_norm",
    f"{_DISTILLED_LAYER}.attention.q_lin": "block{b+1}_query",
    f"{_DISTILLED_LAYER}.attention.k_lin": "block{b+1}_key",
    f"{_DISTILLED_LAYER}.attention.v_lin": "block{b+1}_value",
    f"{_DISTILLED_LAYER}.attention.out_lin": "block{b+1}_project",
    f"{_DISTILLED_LAYER}.sa_layer_norm": "block{b+1}_attention_norm",
    f"{_DISTILLED_LAYER}.ffn.lin1": "block{b+1}_mlp_1",
    f"{_DISTILLED_LAYER}.ffn.lin2": "block{b+1}_mlp_2",
    f"{_DISTILLED_LAYER}.output_layer_norm": "block{b+1}_mlp_norm",
}
_HEAD = {"classifier": "head_logits"}
_PRETRAINING = (  # heads that predict masked or replaced tokens
    r"cls\..*",
    r"lm_head\..*",
    r"discriminator_predictions\..*",
    r"vocab_(transform|layer_norm|projector)\..*",
)


def _map(rules: dict[str, str], prefix: str, *ignored: str) -> NameMap:
    """Return the map of files whose backbone's names begin with a prefix."""
    own = {f"{prefix}{theirs}": ours for theirs, ours in rules.items()}
    counters = r"(\w+\.)?embeddings\.(position_ids|token_type_ids)"
    return NameMap(own | _HEAD, ignored=(counters, *_PRETRAINING, *ignored))


MAPS = {
    f"torch, {prefix or 'without a prefix'}{'' if pooler else ', pooler left out'}": (
        _map(_SHARED | _POOLER, prefix) if pooler else _map(_SHARED, prefix, rf"{prefix}pooler\..*")
    )
    for prefix in ("", "bert.", "roberta.", "electra.")
    for pooler in (True, False)
} | {
    f"torch, DistilBERT's, {prefix or 'without a prefix'}": _map(_DISTILLED, prefix)
    for prefix in ("", "distilbert.")
}

# Words of their config.json, and our arguments; the sizes of tables are seen in the tensors.
CONFIGURATION = {
    "hidden_size": "hidden_dim",
    "dim": "hidden_dim",
    "num_hidden_layers": "num_layers",
    "n_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "n_heads": "num_heads",
    "layer_norm_eps": "epsilon",
    "vocab_size": "vocabulary_size",
    "pad_token_id": "padding_id",
}
FIXED = {
    "hidden_act": "gelu",
    "activation": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
}
