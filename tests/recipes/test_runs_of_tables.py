"""From one table of several inputs to a run, and from another to its predictions."""

import numpy as np
import pytest

from recipes.runs.run import load
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png

COUNT = 40


@pytest.fixture
def table(tmp_path):
    """Two classes: bright and dark pictures, loud and soft sounds; some cells are empty."""
    rows = ["photo,clip,caption,kind"]
    for i in range(COUNT):
        bright = i % 2
        write_png(tmp_path / f"{i}.png", np.full((8, 8, 1), 30 + 200 * bright, "uint8"))
        wave = np.sin(np.arange(4000) * (0.2 + bright)).astype("float32") / 2
        write_wav(tmp_path / f"{i}.wav", wave, sample_rate_hz=8000)
        cells = [f"{i}.png", f"{i}.wav", "light day" if bright else "dark night"]
        if i % 5 == 0:
            cells[i % 3] = ""
        rows.append(",".join([*cells, "ab"[bright]]))
    (tmp_path / "a.csv").write_text("\n".join(rows))
    return tmp_path / "a.csv"


def recipe(path):
    encoders = {
        "photo": {"name": "cnn_small", "arguments": {"widths": [4, 4]}},
        "clip": {"name": "ds_cnn_s", "arguments": {"width": 4, "num_blocks": 1}},
        "caption": {"name": "textcnn", "arguments": {"num_filters": 4, "embedding_dim": 4}},
    }
    values = {
        "name": "multimodal/table",
        "summary": "Three inputs of one table.",
        "data": {
            "name": str(path),
            "arguments": {
                "input_columns": ["photo", "clip", "caption"],
                "absent": "allow",
                "label_column": "kind",
            },
        },
        "task": {
            "name": "multimodal_classification",
            "arguments": {"max_tokens": 4, "num_mels": 16, "clip_seconds": 0.5},
        },
        "model": {"name": "late_fusion", "arguments": {"encoders": encoders}},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.01},
        "training": {"epochs": 2, "batch_size": 8},
    }
    return Recipe.parse(values, source="test")


@pytest.mark.slow
def test_a_table_trains_and_another_is_predicted(table, tmp_path):
    run = train(recipe(table), run_dir=tmp_path / "run", progress=False)
    new = tmp_path / "new.csv"
    new.write_text("photo,clip,caption\n1.png,1.wav,light day\n,1.wav,\n,,dark night\n")
    answers = load(run.path).predict([str(new)])
    assert [answer["row"] for answer in answers] == ["line 2", "line 3", "line 4"]
    absent = load(run.path).predict([{"caption": "dark night"}])
    found, expected = (
        {p["label"]: p["probability"] for p in one["predictions"]}
        for one in (absent[0], answers[2])
    )
    assert found == pytest.approx(expected, abs=2e-6)
