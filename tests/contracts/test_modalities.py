"""Nothing outside the columns, their transforms and tables of presets asks "is it an image?"."""

import ast

from test_layering import SOURCES, relative

WORDS = {"image", "images", "audio", "sounds", "speech", "ids", "text", "texts"}
MAY_ASK = ("zoo/columns/", "zoo/transforms/", "zoo/catalog/", "zoo/regularization.py")
MAY_ASK += ("zoo/automatic_preset.py",)  # which is about what presets do to each modality
MAY_ASK += ("recipes/baseline/",)  # a simple model is one of pixels, of words or of sounds
MAY_ASK += ("recipes/start/",)  # what is trained is chosen by what the data holds
MAY_ASK += ("recipes/explanations/explainer.py",)  # pixels, tokens and samples are explained
# Only images have a size that can be too small for a network of any modality.
MAY_ASK += ("zoo/image_sizes.py",)
# A network with two inputs names them.
MAY_ASK += ("zoo/models/speech/whisper.py",)
# A table has columns named text and label, and TensorFlow Datasets has types of its own.
READERS = ("zoo/data/table.py", "zoo/data/headers.py", "zoo/data/tfds.py")
# Sets of recordings with transcripts name both columns.
READERS += ("zoo/data/an4.py", "zoo/data/spoken_digit_strings.py")
READERS += ("zoo/data/embedded/formant_digits.py",)
# Sets of several inputs name all of them.
READERS += ("zoo/data/digit_recordings.py", "zoo/data/gcompris_words.py")
READERS += ("zoo/data/mosi_features.py", "zoo/data/embedded/digit_trios.py")


def questions(tree: ast.AST):
    """Comparisons with the name of a modality, and tables with entries for several of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
            parts += [item for part in parts for item in getattr(part, "elts", ())]
            if any(isinstance(part, ast.Constant) and part.value in WORDS for part in parts):
                yield node
        if isinstance(node, ast.Dict):
            keys = [key for key in node.keys if isinstance(key, ast.Constant)]
            if len({key.value for key in keys} & WORDS) > 1:
                yield node


def test_no_file_asks_which_modality_it_has():
    asked = [
        f"{relative(path)}:{node.lineno}: {ast.unparse(node)[:80]}"
        for path in SOURCES
        if not relative(path).startswith(MAY_ASK) and relative(path) not in READERS
        for node in questions(ast.parse(path.read_text(encoding="utf-8")))
    ]
    # What a page shows of an example, the units of a table, the command of an example.
    known = ("recipes/report/html.py", "zoo/docs/tables.py", "zoo/cli/weights_table.py")
    assert [place for place in asked if not place.startswith(known)] == []


def test_questions_are_found():
    found = [
        ast.unparse(node)
        for node in questions(
            ast.parse(
                'name == "image"\n"ids" in x\nname in ("text", 3)\n{"image": 1, "audio": 2}\n'
            )
        )
    ]
    assert len(found) == 4
    assert list(questions(ast.parse('x["image"] == 3\n{"image": 1}'))) == []
