"""The model card is Markdown whose front matter a hub can read."""

import pytest
import yaml

from recipes.report.card import fence, render_card, text

EVIL = "<script>`a`|b</script>\n---\nlicense: mit"


def parts(card: str) -> tuple[dict, str]:
    opening, front_matter, body = card.split("---\n", 2)
    assert opening == ""
    return yaml.safe_load(front_matter), body


def test_every_run_gives_a_card_with_every_section(variant):
    front_matter, body = parts(render_card(variant))
    assert front_matter["library_name"] == "keras"
    headings = [line[3:] for line in body.splitlines() if line.startswith("## ")]
    assert headings == [
        "Intended use",
        "How to use",
        "Data",
        "Training",
        "Results",
        "Limits",
        "Reproduce",
        "Environment",
    ]
    assert "nan" not in str(front_matter["model-index"])


def test_the_front_matter_holds_the_results_by_task_and_data(made):
    front_matter, _ = parts(render_card(made(licence="apache-2.0")))
    assert front_matter["license"] == "apache-2.0"
    assert front_matter["datasets"] == ["digits"]
    assert front_matter["metrics"] == ["accuracy", "loss"]
    [entry] = front_matter["model-index"]
    [result] = entry["results"]
    assert result["task"] == {"type": "image-classification"}
    assert result["dataset"] == {"name": "digits", "type": "digits", "split": "test"}
    assert [metric["type"] for metric in result["metrics"]] == ["accuracy", "loss"]
    assert result["metrics"][1]["value"] == pytest.approx(0.4321)


def test_no_licence_is_claimed_that_nobody_gave(made):
    front_matter, body = parts(render_card(made()))
    assert front_matter["license"] == "other"
    assert "state one before you share" in body


def test_results_stand_with_their_intervals_and_limits_name_the_weakest(made):
    _, body = parts(render_card(made()))
    assert "| Loss | 0.4321 nats | 0.4000–0.5000 nats |" in body
    assert "Weakest recall: class" in body
    assert "Most often mistaken: class" in body


def test_simple_models_are_in_the_results_with_their_verdict(made, metrics_beside):
    _, body = parts(render_card(made(metrics=metrics_beside)))
    results = body[body.index("## Results") : body.index("## Limits")]
    assert "| majority class | 10.00 % | 5.00–20.00 % | – |" in results
    assert "| this network | 80.00 % | 70.00–90.00 % | – |" in results
    assert "does not beat &lt;it&gt;" in results
    assert "- fitted on 20 of 30 training examples" in results


def test_the_card_shows_how_to_use_the_weights(made):
    _, body = parts(render_card(made(weights={"name": "cnn_small.digits"})))
    assert "zoo.load('cnn_small.digits')" in body
    assert "zoo predict cnn_small.digits image.png" in body


def test_commands_quote_names_with_blanks(made):
    _, body = parts(render_card(made(weights={"name": "my runs/a b"})))
    assert "zoo predict 'my runs/a b' image.png" in body


def test_a_language_model_is_used_by_generating(made):
    _, body = parts(render_card(made(task="language_modeling", weights={"name": "runs/gpt"})))
    assert "zoo generate runs/gpt --prompt" in body
    assert "zoo.generate('runs/gpt', " in body
    assert "predict" not in body.partition("## How to use")[2].partition("## Data")[0]


def test_data_of_ones_own_goes_by_its_name_not_by_its_path(made):
    card = render_card(made(dataset={"name": "/home/ann/my photos"}))
    front_matter, body = parts(card)
    assert front_matter["datasets"] == ["my photos"]
    assert "on my photos" in body and "/home/ann" not in card


def test_how_an_interval_was_come_by_is_shown_where_it_is_known(made):
    entry = {"value": 1.0, "low": 0.77, "high": 1.0}
    metrics = {"split": "test", "examples": 14, "metrics": {"accuracy": entry}}
    assert "Method" not in render_card(made(metrics=metrics))
    metrics["metrics"]["accuracy"] = entry | {"method": "Clopper-Pearson"}
    _, body = parts(render_card(made(metrics=metrics)))
    assert "| Accuracy | 100.00 % | 77.00–100.00 % | Clopper-Pearson |" in body


def test_names_can_neither_end_the_front_matter_nor_become_markup(made):
    data = made(
        dataset={"name": EVIL, "licence": EVIL},
        environment={EVIL: EVIL},
        recipe={"name": EVIL, "summary": EVIL, "model": {"name": EVIL}},
    )
    data = type(data)(**{**vars(data), "classes": (EVIL, "b", "c")})
    front_matter, body = parts(render_card(data))
    assert front_matter["license"] == "other"
    assert front_matter["datasets"] == [" ".join(EVIL.split())]
    outside, inside = [], False
    for line in body.splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            outside.append(line)
    assert "<script>" not in "\n".join(outside)


def test_text_is_one_line_without_markup():
    assert text("a|b\n*c* <d>") == r"a\|b \*c\* &lt;d&gt;"


def test_a_code_block_cannot_be_closed_from_within():
    assert fence("a\n```\nb").splitlines()[0] == "````"
