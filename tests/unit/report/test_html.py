"""The report is one whole, safe HTML file for every kind of run."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from recipes.diagnosis.rules import Finding
from recipes.report.html import overrides, render_report

SECTIONS = (
    "findings",
    "curves",
    "classes",
    "confusion",
    "calibration",
    "mistakes",
    "samples",
    "gradients",
    "data",
    "recipe",
    "reproduce",
)
OF_TRAINING = ("curves", "gradients")  # a model that was not trained has none
VOID = {"meta", "br", "img", "link", "hr", "input"}
EVIL = '<script>alert("x")</script> & $5'


class Page(HTMLParser):
    """Elements, addresses and text of a page; fails on tags that don't match."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [found[name] for _, found in self.elements if name in found]


@pytest.fixture(scope="module")
def rendered(variant) -> str:
    return render_report(variant)


def test_every_run_gives_a_whole_page_with_every_section(variant, rendered):
    page = Page(rendered)
    assert page.elements[0][0] == "html"
    sections = [found["id"] for tag, found in page.elements if tag == "section"]
    expected = [name for name in SECTIONS if variant.history or name not in OF_TRAINING]
    assert [name for name in sections if name != "simple"] == expected
    targets = [address for address in page.attributes("href") if address.startswith("#")]
    assert {target[1:] for target in targets} >= set(expected)


def test_simple_models_are_a_table_with_a_verdict_and_the_network_last(made, metrics_beside):
    page = render_report(made(metrics=metrics_beside))
    section = page[page.index('<section id="simple">') : page.index('<section id="curves">')]
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", section)
    assert rows == [
        ("majority class", "10.00 %", "5.00–20.00 %"),
        ("logistic regression on pixels", "90.00 %", "85.00–95.00 %"),
        ("<strong>this network</strong>", "80.00 %", "70.00–90.00 %"),
    ]
    assert "C = 0.1, chosen on 9 validation examples" in section
    assert "does not beat &lt;it&gt;" in section
    assert "fitted on 20 of 30" in section
    assert '<a href="#simple">' in page
    assert "Beside simple models" not in render_report(made())


def test_nothing_is_fetched_from_anywhere(rendered):
    page = Page(rendered)
    assert all(source.startswith("data:image/png;base64,") for source in page.attributes("src"))
    for tag, found in page.elements:
        address = found.get("href") or found.get("xlink:href") or "#"
        assert address.startswith("#") or (tag == "a" and address.startswith("https://arxiv.org/"))
    assert "@import" not in rendered
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", rendered))
    assert not {"script", "iframe", "object", "embed", "link"} & {tag for tag, _ in page.elements}


def test_ids_are_unique(rendered):
    ids = Page(rendered).attributes("id")
    assert len(ids) == len(set(ids))


def test_references_within_the_figures_lead_somewhere(made):
    text = render_report(made())
    ids = set(Page(text).attributes("id"))
    assert set(re.findall(r"(?:url\(|href=\")#([\w-]+)", text)) <= ids


def test_markup_in_names_stays_text(made):
    text = render_report(
        made(
            recipe={"name": EVIL, "model": {"name": EVIL}, "summary": EVIL},
            dataset={
                "name": EVIL,
                "licence": EVIL,
                "skipped": (EVIL,),
                "counts": {EVIL: [1, 2, 3]},
            },
            environment={EVIL: EVIL},
            findings=[Finding("overfitting", "problem", EVIL, EVIL, EVIL)],
            name_of=lambda index: EVIL,
            command=EVIL,
            train_samples=[(np.zeros((4, 4, 1), "uint8"), EVIL)],
            weights={"file": EVIL},
        )
    )
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.elements}
    assert EVIL in "".join(page.text)
    assert EVIL in page.attributes("alt")


@pytest.mark.parametrize("classes", [3, 40])
def test_markup_in_class_names_stays_text_also_within_figures(made, classes):
    data = made(classes=classes, right=0.5)
    names = tuple(f"{EVIL} {i}" for i in range(classes))
    data = type(data)(**{**vars(data), "classes": names})
    page = Page(render_report(data))
    assert "script" not in {tag for tag, _ in page.elements}
    assert any(piece.startswith("<script>alert(") and "…" in piece for piece in page.text)


def test_the_main_number_and_its_interval_stand_in_front(made):
    metrics = {"split": "test", "examples": 897, "metrics": {}}
    metrics["metrics"] = {"accuracy": {"value": 0.87291, "low": 0.8559, "high": 0.88886}}
    text = render_report(made(metrics=metrics))
    assert "87.29 %" in text and "85.59–88.89 %" in text and "897 test examples" in text
    assert "<title>cnn_small on digits: 87.29 %</title>" in text


def test_findings_come_with_what_they_mean_and_what_to_try(made):
    finding = Finding("dead_units", "problem", "Dead.", "9 of 10", "optimizer.learning_rate=0.03")
    text = render_report(made(findings=[finding]))
    assert "gets no gradient" in text
    assert "<code>optimizer.learning_rate=0.03</code>" in text
    assert "Problem" in text


def test_a_run_without_faults_says_what_was_checked(made):
    text = render_report(made(findings=[Finding("exploding", "fine", "Bounded.", "norm 0.5")]))
    assert "Nothing stands out" in text and "norm 0.5" in text


def test_overrides_are_set_as_code_and_all_else_is_escaped():
    text = overrides("<b> one of regularization.preset=light, =medium; or optimizer.x=1e-3.")
    assert text == (
        "&lt;b&gt; one of <code>regularization.preset=light</code>, <code>=medium</code>; or "
        "<code>optimizer.x=1e-3</code>."
    )


def test_the_same_run_gives_the_same_page(made):
    assert render_report(made()) == render_report(made())


def test_pages_with_large_images_stay_below_two_megabytes(made):
    assert len(render_report(made(image_shape=(224, 224, 3), right=0.3))) < 2_000_000
