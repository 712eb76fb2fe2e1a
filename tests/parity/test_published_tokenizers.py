"""Tokenizers of published weights give the ids of transformers' on 10,000 lines of odd text.

transformers has BERT's tokenizer twice: the one it uses, which runs the same library as ours, and an
older one in Python. Their tables of Unicode differ (new letters, the Greek sigma at the end of a word,
letters of two), so that the older one is compared on lines of common characters.
"""

import json

import numpy as np
import pytest

from tests.parity.real_files import fetched_file
from zoo.errors import DataError
from zoo.published_tokenizer import PublishedTokenizer, wordpiece

transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install .[parity]"
)
from transformers.models.bert.tokenization_bert_legacy import (  # noqa: E402
    BertTokenizerLegacy,
)

FEW = 500
several_lines = pytest.mark.parametrize(
    "count", [FEW, pytest.param(10_000, marks=pytest.mark.slow)]
)
_PIECES = (
    "the", "Film", "UNAFFABLE", "don't", "3.14", "e-mail", "naïve", "Ångström", "ﬁnest",
    "İstanbul", "straße", "ΣΊΣΥΦΟΣ", "привет", "中文", "日本語テキスト",
    "한국어", "मनीष", "שלום", "العربية", "ไทย", "😀", "👩‍👩‍👧",
    "🇨🇭", "é", "a\u0308\u0323", "zero\u200bwidth", "\u200d", "\ufeff",
    "soft\u00adhyphen", "\t", "\r", "\x00", "\x07", "\u2028", "\u3000", "\u00a0", "…",
    "—", "“quoted”", "$", "`", "^", "@#%&", "[SEP]", "[unused1]", "##ing", "<s>",
    "\ufffd", "𝒳", "𠀀", "①", "½", "Ⅷ", "ǅ", "ŉ",
)  # fmt: skip


def odd_lines(count, seed=0):
    """Return lines of odd pieces, random code points and very long words."""
    generator = np.random.default_rng(seed)
    lines = []
    for number in range(count):
        parts = list(generator.choice(_PIECES, generator.integers(0, 9)))
        if number % 3 == 0:
            points = generator.integers(32, 0x3000, generator.integers(1, 9))
            parts.append("".join(map(chr, points)))
        if number % 50 == 0:
            parts.append("long" * int(generator.integers(20, 60)))
        joint = generator.choice(["", " ", "  "])
        lines.append(joint.join(parts))
    return lines


def is_plain(line):
    """Tell whether a line is made of Latin letters, accents, signs, Chinese and pictures."""
    ranges = ((0, 0x180), (0x300, 0x370), (0x2000, 0x2030), (0x4E00, 0xA000), (0x1F1E6, 0x1F650))
    return all(any(low <= ord(sign) < high for low, high in ranges) for sign in line)


def made_vocabulary():
    """Return words that cover letters, some pieces of words and signs of other scripts."""
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    signs = [chr(code) for code in range(33, 0x600) if chr(code).isprintable()]
    signs += [*"中文日本語한국मनीשלוםไทย😀👩🇨①½", "\u0308", "\u0323", "\u200d"]
    signs = list(dict.fromkeys(signs))
    words = ["the", "film", "don", "na", "##ive", "##ng", "##str", "un", "##aff", "##able", "long"]
    return [*marks, *signs, *(f"##{sign}" for sign in signs), *words]


@several_lines
@pytest.mark.parametrize("lowercase", [True, False])
def test_wordpiece_gives_the_reference_s_ids(tmp_path, lowercase, count):
    words = made_vocabulary()
    file = tmp_path / "vocab.txt"
    file.write_text("\n".join(words) + "\n", encoding="utf-8")
    used = transformers.BertTokenizer(vocab=str(file), do_lower_case=lowercase)
    older = BertTokenizerLegacy(str(file), do_lower_case=lowercase)
    ours, compared = PublishedTokenizer(wordpiece(words, lowercase=lowercase)), 0
    for line in odd_lines(count):
        found = ours.encode(line).tolist()
        assert found == used(line)["input_ids"], ascii(line)
        if lowercase and is_plain(line):  # with the case kept, the older one composes accents
            assert found == older(line)["input_ids"], ascii(line)
            compared += 1
    assert compared > count / 20 or not lowercase
    print(f"{compared:,} of {count:,} lines equal the tokenizer in Python too")


def test_texts_are_cut_as_the_reference_cuts_them(tmp_path):
    words = made_vocabulary()
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    theirs = transformers.BertTokenizer(vocab=str(tmp_path / "vocab.txt"))
    ours = PublishedTokenizer(wordpiece(words))
    for line in odd_lines(500):
        expected = theirs(line, truncation=True, max_length=12)["input_ids"]
        assert ours.encode(line, length=12).tolist() == expected


@several_lines
def test_byte_pairs_of_roberta_give_the_reference_s_ids(count):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    engine = Tokenizer(models.BPE())
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=alphabet, special_tokens=marks, show_progress=False
    )
    engine.train_from_iterator(odd_lines(FEW, seed=1), trainer)
    model = json.loads(engine.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    theirs = transformers.RobertaTokenizer(vocab=model["vocab"], merges=merges)
    ours = PublishedTokenizer(theirs.backend_tokenizer.to_str())
    assert ours.padding_id == 1 and ours.separator_id == 2
    for line in odd_lines(count):
        assert ours.encode(line).tolist() == theirs(line)["input_ids"], ascii(line)


@several_lines
def test_the_tokenizer_of_minilm_gives_the_ids_of_its_vocabulary(count):
    file = fetched_file("minilm", "vocab.txt")
    words = file.read_text(encoding="utf-8").splitlines()
    used, older = transformers.BertTokenizer(vocab=str(file)), BertTokenizerLegacy(str(file))
    text = fetched_file("minilm", "tokenizer.json").read_text(encoding="utf-8")
    from_json, from_words = PublishedTokenizer(text), PublishedTokenizer(wordpiece(words))
    for line in odd_lines(count):
        expected = used(line)["input_ids"]
        assert from_json.encode(line).tolist() == expected, ascii(line)
        assert from_words.encode(line).tolist() == expected, ascii(line)
        assert not is_plain(line) or expected == older(line)["input_ids"], ascii(line)


def test_half_a_character_is_refused():
    with pytest.raises(DataError, match="not valid Unicode"):
        PublishedTokenizer(wordpiece(made_vocabulary())).encode("a \ud800 b")
