"""Plain English: forms that read as if translated are kept out of pages, messages and comments."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "docs").glob("*.ipynb"),
    *(ROOT / "benchmarks").glob("*.md"),
    *(path for name in ("recipes", "tuning") for path in (ROOT / name).rglob("*.jinja")),
    *(path for name in ("recipes", "tuning") for path in (ROOT / name).rglob("*.yaml")),
]
SOURCES = [
    path
    for name in ("zoo", "recipes", "tuning", "benchmarks")
    for path in (ROOT / name).rglob("*.py")
]
# What follows "is no" in standard English: "it is no longer", "is no use", "is no wonder".
AFTER_NO = "longer|more|different|better|worse|use|doubt|wonder|matter|need|way|reason|secret"
# What is counted per something: "samples a second", "one sub-folder a class".
COUNTED = "one|samples|steps|updates|values|bytes|bits|pixels|masks|bands|spans|sub-folder|row|line"
EACH = (
    "second|minute|epoch|step|class|row|line|file|split|clip|image|pixel|channel|trial|model|side"
)
FORMS = {
    "write 'X is not a Y'": rf"(?<![Tt]here )\b(?:is|are|was|were) no (?!(?:{AFTER_NO})\b)(?=[a-z])",
    "write 'an unknown …' or 'NaN'": r"\b(?:which|that) (?:is|are) none\b",
    "name the thing": r"\bcalled so\b|\bof that sort\b|\bnone of ours\b",
    "write 'overrides' or 'comes before'": r"\bgo(?:es)? before the\b",
    "say what is added": r"\bonly adds?[.:;,)]|\bmachine does only\b",
    "write 'the X of a Y'": r"\bfrom which (?:\S+ ){1,6}(?:an?|the) \w+ is[,.;:)]",
    "write 'is' or 'occurs'": r"\bstands? (?:beside (?:it|an?)|twice|once|there)\b",
    "write 'memorize'": r"\bby heart\b",
    "say who says it": r"\b(?:is|are|was|were|be) (?:said|told)\b(?! apart| to\b)",
    "write 'fix'": r"\b(?:mends?|mended|mending)\b",
    "write 'per'": rf"\b(?:{COUNTED}) an? (?:{EACH})\b",
    "write 'your own X'": r"\bof one's own\b|\b(?:files?|folders?|tables?|texts) of yours\b",
    "write 'leave out'": r"\bleav(?:e|es|ing) (?:it|them|\w+ \w+) away\b",
    "write 'releases' or 'frees'": r"\b(?:lets?|letting) go of\b",
    "write 'continues'": r"\b(?:go|goes|went|going|gone) on with\b",
    "write 'the result'": r"\b(?:comes?|came) of (?:it|them|the|a)\b",
    "write 'different from'": r"\bother \w+ than (?:were|was|are|is)\b",
    "write 'otherwise'": r"(?<!thing)(?<!one)(?<!body)(?<!where)(?<!what) else[.;]",
}
FORMS = {advice: re.compile(form) for advice, form in FORMS.items()}


def prose_of(path: Path) -> list[tuple[int, str]]:
    """Return (line, text) of the paragraphs of a page, or of the comments and strings of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        paragraphs, first = [], 1
        for paragraph in text.split("\n\n"):
            paragraphs.append((first, re.sub(r"\n *# ?", "\n", paragraph)))
            first += paragraph.count("\n") + 2
        return paragraphs
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    kinds = (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1))
    parts: list[tuple[int, str]] = []
    last = None  # literals in a row are one text, and so are comments
    for token in tokens:
        if token.type in kinds:
            if token.type == last:
                first, before = parts.pop()
                parts.append((first, before + re.sub(r"^(?:# ?|[rf]?[\"'])", " ", token.string)))
            else:
                parts.append((token.start[0], token.string))
            last = token.type
        elif token.type not in (tokenize.NL,):
            last = None
    return parts


def found(path: Path) -> list[str]:
    """Return each stumbling form of a file with its line."""
    hits = []
    for first, text in prose_of(path):
        joined = re.sub(r"[\"']? +[\"']?", " ", re.sub(r"\s+", " ", text))
        for advice, form in FORMS.items():
            for match in form.finditer(joined):
                around = joined[max(0, match.start() - 30) : match.end() + 20]
                hits.append(f"{path.relative_to(ROOT)}:{first}: …{around}… ({advice})")
    return hits


@pytest.mark.parametrize("kind", ["pages", "sources"])
def test_english_is_plain(kind):
    hits = [hit for path in (PAGES if kind == "pages" else SOURCES) for hit in found(path)]
    assert not hits, "\n".join(hits)


@pytest.mark.parametrize(
    "text",
    [
        "photo.png is no file.",
        "max_minutes=5 is no time.",
        "labels that were no numbers",
        "the loss becomes a number that is none.",
        "A name that is none raises an error that says which is nearest.",
        "A knob goes before the preset.",
        "of those called so, how many were",
        "It learns from which of 16 modules of Python's library a docstring is.",
        "of the quickest: what else the machine does only adds",
        "the key stands twice",
        "It learns the training set by heart.",
        "where the data differs, that is said instead",
        "say how to mend it",
        "samples a second",
        "Read a folder of one's own.",
        "leave the picture away",
        "add --resume to go on with it",
        "What comes of it is a run.",
        "a run of other values than were given",
        "test examples where there are some, random inputs else.",
    ],
)
def test_forms_that_stumble_are_found(text):
    assert any(form.search(text) for form in FORMS.values())


@pytest.mark.parametrize(
    "text",
    [
        "There is no file photo.png.",
        "It is no longer needed.",
        "There are no labels.",
        "Two classes are told apart.",
        "Nothing else.",
        "It stands for its files.",
        "Add one example per class.",
    ],
)
def test_standard_english_passes(text):
    assert not any(form.search(text) for form in FORMS.values())
