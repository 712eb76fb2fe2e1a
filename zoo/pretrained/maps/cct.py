"""Names of compact convolutional transformers: those of the authors' files."""

from zoo.pretrained.names import NameMap

_BLOCK = "classifier.blocks.{b}"
_OURS = "block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "tokenizer.conv_layers.{i}.0": "tokenizer{i+1}",
            "classifier.positional_emb": "positions/embeddings",
            f"{_BLOCK}.pre_norm": f"{_OURS}_norm1",
            f"{_BLOCK}.self_attn.qkv": f"{_OURS}_qkv",
            f"{_BLOCK}.self_attn.proj": f"{_OURS}_project",
            f"{_BLOCK}.norm1": f"{_OURS}_norm2",
            f"{_BLOCK}.linear{{i}}": f"{_OURS}_mlp_{{i}}",
            "classifier.norm": "final_norm",
            "classifier.attention_pool": "pool_scores",
            "classifier.fc": "head_logits",
        }
    ),
}
