"""What the reference is generated from."""

import dataclasses

import pytest

from recipes.values.schema import Recipe
from zoo import registry
from zoo.docs import agreement, commands, fields, measured, tables
from zoo.docs.notebook import FILE
from zoo.regularization import Regularization


def test_every_field_of_the_recipe_is_described():
    text, whole = fields.recipe_fields(), Recipe.model_json_schema()
    for facts in (whole, *whole["$defs"].values()):
        for name in facts["properties"]:
            assert f"| `{name}` |" in text
    assert "| `learning_rate` | number, > 0 | `0.001` |" in text
    assert "None" not in text


def test_meanings_are_of_fields_that_there_are():
    whole = Recipe.model_json_schema()
    there = {f"Recipe.{name}" for name in whole["properties"]}
    for owner, facts in whole["$defs"].items():
        there |= {f"{owner}.{name}" for name in facts["properties"]}
    assert set(fields.MEANINGS) <= there


def test_every_knob_is_described():
    knobs = {field.name for field in dataclasses.fields(Regularization)}
    assert set(fields.knob_meanings()) == knobs


@pytest.mark.parametrize(
    "schema, words",
    [
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number, > 0, ≤ 1"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number or `null`"),
        ({"anyOf": [{"type": "number"}, {"type": "integer"}]}, "number"),
        ({"enum": ["a", "b"]}, "`a`, `b`"),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        (
            {"anyOf": [{"$ref": "#/$defs/Expects"}, {"const": "unmeasured"}]},
            "section or `unmeasured`",
        ),
    ],
)
def test_types_are_put_in_words(schema, words):
    assert fields.type_of(schema) == words


def test_presets_show_what_they_set():
    text = fields.presets()
    assert "### Image" in text and "### Text" in text
    assert "| `weight_decay` | – | 0.01 | 0.05 | 0.1 |" in text
    assert "| `flip` | – | true | true | true |" in text


def test_every_command_has_a_section_with_an_example():
    text = commands.commands()
    for name in ("list", "info", "data", "recipes copy", "train", "evaluate", "predict", "verify"):
        assert f"\n### zoo {name}\n" in f"\n{text}"
    assert text.count("```sh\n```") == 0
    assert "| `--max-params` | whole number | – |" in text
    assert "[bold]" not in text


def test_public_names_are_read_without_keras(fresh_python):
    code = "from zoo.docs import python_reference as p; import sys; print(p.public_names())"
    out = fresh_python(code + "; assert 'keras' not in sys.modules")
    assert "### zoo.build\n\nBuild a model by name.\n" in out
    assert "zoo.build(name, *, input_shape=None" in out
    assert "| `input_shape` | without the batch axis" in out  # arguments
    assert "| `WeightsError` | the file is missing" in out  # errors
    for method in ("dataset", "evaluate", "predict", "history", "model"):
        assert f"#### zoo.Run.{method}\n" in out


def test_every_model_and_data_set_is_in_a_table():
    models, arguments = tables.models(), tables.model_arguments()
    for name in registry.MODELS:
        assert f"| `{name}` |" in models
        assert f"- `{name}`: " in arguments
    details = tables.dataset_details()
    assert all(f"`{card.name}`" in details for card in registry.list_datasets())


def test_cells_of_a_table_stay_in_their_column():
    assert tables.table(("a",), [("x | y\nz",)]).splitlines()[2] == r"| x \| y z |"


def test_a_measured_page_is_taken_over_without_its_title_and_pictures(tmp_path, monkeypatch):
    page = """# Title

What was done.

## One

![one part](../docs/figures/part.svg)

| a |
|---|
| 1 |

![drawn](../docs/figures/one.svg)

- Processor: Some CPU, 2 cores, load before 1.00
- System: Linux
- Versions: python 3.11.7, tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6
- Again: `python benchmarks/one.py --write`
"""
    (tmp_path / "one.md").write_text(page, encoding="utf-8")
    monkeypatch.setattr(measured, "PAGES", tmp_path)
    assert measured.measured("one").splitlines() == [
        "What was done.",
        "",
        "### One",
        "",
        "![one part](../figures/part.svg)",
        "",
        "| a |",
        "|---|",
        "| 1 |",
        "",
        "Measured on Some CPU, 2 cores; tensorflow 2.21.0, keras 3.15.1. "
        "Again: `python benchmarks/one.py --write`.",
    ]


def test_the_notebook_is_plain_json():
    assert FILE.read_text(encoding="utf-8").endswith("}\n")


def test_agreement_is_given_with_its_interval():
    text = agreement.measured_here()
    resnet20, *_, lite2 = text.splitlines()[2:]
    assert "| 91.5 % (89.6–93.1 %) | 1,000 of 1,000 (99.6–100 %) |" in resnet20
    assert lite2.startswith("| `efficientnet_lite2`") and "| – | 901 of 901 (99.6–100 %)" in lite2
