"""The preset that `regularization.preset: auto` stands for, by written rules.

A training applies them once, before its first step, and records the preset that they give. They were
written from three measured recipes (benchmarks/presets.md: digits, docstrings, vowels) and from the
recipes that publications state. benchmarks/auto_preset.md tests them on three others; the rule on short
trainings of images and sounds was added after that test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from zoo.regularization import AUTO

# Fewer passes or updates memorize little; one pass is best without dropout (1906.06669).
FEW_PASSES, FEW_UPDATES = 2, 200
# Images and sounds that change at every visit are learned slowly. In 380 updates "light" cost digits 13
# points, spoken digits 11 and vowels 0.5 (benchmarks/auto_preset.md); in 2,520 spoken digits reach
# 99.6 % with it (recipes/speech/spoken_digit-dscnn.yaml).
SHORT_UPDATES = 1000
# The crop of "light" moves an image by up to 4 pixels, which belongs to 32 (1512.03385); of the 8
# pixels of digits it is half the image, and cost 2.7 points.
SMALL_SIDE = 16
# Docstrings have 420 parameters for each text, most of them of words, and are learned without an error
# in 12 passes: "medium" gained 2.8 points. A quarter of either should show the same.
TEXT_SHARE, TEXT_PASSES = 100, 3
# Networks below a million parameters train without masks (BC-ResNet-1, 2106.04140) or mixing, and
# short trainings with weak augmentation (ResNet A3 against A1, 2110.00476).
MEDIUM = {"parameters": 1_000_000, "examples": 10_000, "passes": 100}
# DeiT (2012.12877): from 5 million parameters, for 300 passes.
STRONG = {"parameters": 5_000_000, "examples": 50_000, "passes": 300}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules look at.

    Attributes:
        examples: of the training split, in the units that are trained on, >= 1.
        parameters: of the model, >= 0.
        passes: times that training sees each example, >= 0.
        updates: of the weights, >= 0.
        modality: "image", "text", "speech" or another of a model's card.
        one_class: the task predicts one class for each example.
        pretrained: training starts from trained weights.
        image_side: shorter side of the images that the model takes, in pixels; None where there are
            none, or their size varies.
    """

    examples: int
    parameters: int
    passes: float
    updates: int
    modality: str
    one_class: bool
    pretrained: bool = False
    image_side: int | None = None


@dataclass(frozen=True)
class Rule:
    """One rule; the first that holds decides.

    Attributes:
        holds: whether it applies.
        when: the same in words.
        preset: that it gives.
        reason: why, with the source.
        said: what of the facts decided, where the number of examples, passes and parameters does
            not show it.
    """

    holds: Callable[[Facts], bool]
    when: str
    preset: str
    reason: str
    said: str = ""


def _reaches(facts: Facts, least: dict[str, int]) -> bool:
    return all(getattr(facts, name) >= number for name, number in least.items())


def _in_words(least: dict[str, int]) -> str:
    words = [f"{number:,} {name}" for name, number in least.items()]
    return f"at least {', '.join(words[:-1])} and {words[-1]}"


RULES = (
    Rule(
        lambda facts: facts.passes < FEW_PASSES or facts.updates < FEW_UPDATES,
        f"fewer than {FEW_PASSES} passes over the examples, or fewer than {FEW_UPDATES} updates",
        "none",
        "there is no time to memorize; a single pass is best without dropout (1906.06669)",
        " in {updates:,} updates",
    ),
    Rule(
        lambda facts: facts.pretrained,
        "training starts from trained weights",
        "light",
        "the weights fit other data already; BERT is fine-tuned with a decay of 0.01 and dropout of "
        "0.1 (1810.04805)",
        " that starts from trained weights",
    ),
    Rule(
        lambda facts: facts.modality != "text" and facts.updates < SHORT_UPDATES,
        f"images or sounds, fewer than {SHORT_UPDATES:,} updates",
        "none",
        "examples that change at every visit are learned slowly; in 380 updates `light` cost spoken "
        "digits 11 points",
        " in {updates:,} updates",
    ),
    Rule(
        lambda facts: facts.image_side is not None and facts.image_side < SMALL_SIDE,
        f"images smaller than {SMALL_SIDE} pixels",
        "none",
        "crops and shifts are made for 32 pixels (1512.03385); `light` cost the 8 pixels of digits "
        "2.7 points",
        " that takes images of {image_side} pixels",
    ),
    Rule(
        lambda facts: not facts.one_class,
        "the task does not predict one class",
        "light",
        "R-Drop, mixed images and smoothed labels compare probabilities of classes",
        " that does not predict one class",
    ),
    Rule(
        lambda facts: (
            facts.modality == "text"
            and facts.parameters >= TEXT_SHARE * facts.examples
            and facts.passes >= TEXT_PASSES
        ),
        f"texts, at least {TEXT_SHARE} parameters for each example, at least {TEXT_PASSES} passes",
        "medium",
        "word vectors memorize small sets, and hidden words seldom change a label; docstrings gained "
        "2.8 points",
    ),
    Rule(
        lambda facts: facts.modality != "text" and _reaches(facts, STRONG),
        f"images or sounds, {_in_words(STRONG)}",
        "strong",
        "so DeiT was trained, whose augmentation `strong` has (2012.12877)",
    ),
    Rule(
        lambda facts: facts.modality != "text" and _reaches(facts, MEDIUM),
        f"images or sounds, {_in_words(MEDIUM)}",
        "medium",
        "smaller networks and shorter trainings take less: BC-ResNet-1 (2106.04140), ResNet A3 "
        "(2110.00476); vowels lost 14 points",
    ),
    Rule(
        lambda facts: True,
        "anything else",
        "light",
        "crops, mirroring, noise and decay are what most published recipes share",
    ),
)


def automatic_preset(facts: Facts) -> tuple[str, str]:
    """Return the preset of the first rule that holds, and a sentence that says why.

    >>> digits = Facts(examples=1222, parameters=288_170, passes=60, updates=1140, modality="image",
    ...                one_class=True, image_side=8)
    >>> automatic_preset(digits)[0]
    'none'
    """
    rule = next(rule for rule in RULES if rule.holds(facts))
    article = "an" if facts.modality[0] in "aeiou" else "a"
    said = rule.said.format(updates=facts.updates, image_side=facts.image_side)
    times = f"{facts.passes:.0f}" if facts.passes >= 10 else f"{facts.passes:.2g}"
    return rule.preset, (
        f"regularization.preset {AUTO}: {rule.preset}, since {facts.examples:,} examples are seen "
        f"{times} times by {facts.parameters:,} parameters of {article} {facts.modality} "
        f"model{said}."
    )
