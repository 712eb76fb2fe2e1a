"""The written rules: from what data holds to what is trained on it. Values only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recipes.start.look import Look

SMALL_SIDE = 64  # pixels up to which an image is small: others' networks would shrink it away
LARGEST_SIDE = 64  # pixels that large images are resized to where no pretrained weights are at hand
GOOD_FOR_RESNET = 5000  # training images; with fewer the small network does as well, and is faster
MANY_TEXTS = 20_000  # from which on few passes suffice, and simple models can be beaten
FEW_A_CLASS = 20  # examples up to which only a head is fitted on pretrained features
FEW_IN_ALL = 200  # the same where there are no classes: as many as ten classes would have
# Examples of the rarest class that a network without pretrained weights needs. With 5 or 20 a class it
# was worse than logistic regression on pixels on Fashion-MNIST and CIFAR-10, and with 5 on blood cells;
# on MNIST it was better (benchmarks/fine_tuning.md).
TOO_FEW = 20
GOOD_ENOUGH = 0.97  # accuracy from which a network has three points to gain at most
LONGEST_TEXT, LONGEST_CLIP = 256, 3.0  # words, seconds
SMALLEST_BATCH, FULL_BATCH = 16, 64
LEAST_EPOCHS, MOST_EPOCHS = 3, 60
LEAST_STEPS = (
    20  # updates of an epoch, where the data has fewer batches, as `zoo finetune` has them
)
FINETUNE_EPOCHS = 20


@dataclass(frozen=True)
class Base:
    """A shipped recipe whose values are a beginning, and the updates that it was found good with."""

    recipe: str
    updates: int


DIGITS = Base("image/digits-cnn", 1140)
RESNET = Base("image/fashion_mnist-resnet20", 10_300)
LABELS, NUMBERS = Base("image/digit_pairs-cnn", 800), Base("image/digit_pairs-cnn-sum", 800)
FEW_TEXTS, TEXTS = Base("text/trec-textcnn", 650), Base("text/sst2-textcnn", 1000)
SOUNDS = Base("speech/spoken_digit-dscnn", 2500)
PAIRS = Base("text/stsb-bigru", 540)
CHARACTERS = Base("text/shakespeare-gpt", 1600)


@dataclass(frozen=True)
class Plan:
    """What to train, and why.

    Attributes:
        recipe: shipped recipe that the values belong to; empty for a fine-tune.
        weights: name of pretrained weights that are fine-tuned; empty for a training from scratch.
        values: fields of the recipe by dotted path.
        least_epochs: passes below which it is not worth beginning.
        reasons: a sentence for each rule that applied.
    """

    recipe: str
    weights: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    least_epochs: int = 1
    reasons: Sequence[str] = ()


def plans(look: Look, weights: Sequence[str] = ()) -> list[Plan]:
    """Return what could be trained on the data, the best first; the last one always fits.

    Args:
        look: what the data holds.
        weights: names of pretrained image weights at hand, the fastest first.
    """
    if look.modality == "image":
        return _images(look, weights)
    if look.task == "language_modeling":
        return [_plan(look, CHARACTERS, {}, ["texts alone: a model of their characters"])]
    if look.task in ("sentence_pairs", "sentence_similarity"):
        return [_pairs(look)]
    return [_texts(look) if look.modality == "text" else _sounds(look)]


def advice(look: Look, plan: Plan, best: Mapping[str, Any], metric: str) -> str:
    """Return why the best simple model is enough, before anything is trained; empty if it may not be.

    Args:
        look: what the data holds.
        plan: that was chosen.
        best: the simple model, scored on validation as `recipes.baseline.beside.on_validation` does.
        metric: that decides; only of an accuracy it is known where it ends.
    """
    name, found = best["name"], best["metrics"][metric]
    if 0 < look.fewest < TOO_FEW and not plan.weights:
        return (
            f"The rarest class has {look.fewest} training examples, and a network without pretrained "
            f"weights needs {TOO_FEW} at least: take {name}, or find more examples."
        )
    if metric == "accuracy" and (found["low"] or 0) >= GOOD_ENOUGH:
        return (
            f"{name} is right in at least {100 * GOOD_ENOUGH:g} % of cases, as validation shows, and a "
            f"network has little to gain: take {name}, unless the last mistakes matter."
        )
    learned = look.task in ("text_classification", "regression")
    if look.modality == "text" and learned and look.train < MANY_TEXTS:
        return (
            f"{name} is fitted in seconds, and on fewer than {MANY_TEXTS:,} texts a network that begins "
            f"with random vectors has not beaten it (benchmarks/start.md): take {name}."
        )
    return ""


def batch_size(look: Look, *, full: int = FULL_BATCH) -> int:
    """Return a batch of which an epoch has 20 at least, within limits.

    >>> batch_size(Look(modality="text", task="", train=700, test=9, outputs=2))
    32
    """
    size = 2 ** int(math.log2(max(1, look.train / 20)))
    return max(min(size, full), min(SMALLEST_BATCH, full))


def epochs_for(look: Look, *, updates: int, batch: int) -> int:
    """Return the passes that make the updates, within limits: fewer the more examples there are."""
    steps = max(LEAST_STEPS, look.train // batch)
    least = 1 if look.train >= MANY_TEXTS and look.modality == "text" else LEAST_EPOCHS
    return min(max(round(updates / steps), least), MOST_EPOCHS)


def _plan(
    look: Look,
    base: Base,
    values: Mapping[str, Any],
    reasons: Sequence[str],
    *,
    least: int = 1,
    full: int = FULL_BATCH,
) -> Plan:
    """Return a plan with batch and epochs by the size of the data; `full` is the largest batch."""
    if look.task == "language_modeling":  # an epoch is a number of updates there
        return Plan(base.recipe, values=values, reasons=reasons)
    batch = batch_size(look, full=full)
    epochs = epochs_for(look, updates=base.updates, batch=batch)
    fitted = {"training.batch_size": batch, "training.epochs": epochs, "training.select": "last"}
    steps = look.train // batch
    if steps < LEAST_STEPS:
        fitted["training.steps_per_epoch"] = steps = LEAST_STEPS
    why = _updates(base, epochs=epochs, steps=steps, batch=batch)
    return Plan(base.recipe, "", {**values, **fitted}, least, (*reasons, why))


def _updates(base: Base, *, epochs: int, steps: int, batch: int) -> str:
    """Say how many updates there are, and how many the recipe was found good with."""
    made = f"{epochs} epochs of {steps:,} updates with {batch} examples each: {epochs * steps:,} updates"
    more, less = epochs * steps > 1.3 * base.updates, epochs * steps < 0.75 * base.updates
    against = "more than" if more else "fewer than" if less else "about as many as"
    return f"{made}, {against} the {base.updates:,} of {base.recipe}"


def _images(look: Look, weights: Sequence[str]) -> list[Plan]:
    large = look.side > SMALL_SIDE
    if large and weights:
        return [_finetune(look, weights[0])]
    side = LARGEST_SIDE if large else look.side
    values = {
        "regularization.flip": look.colour,
        "regularization.crop_padding": max(1, round(side / 14)),  # 2 of 28 pixels
    }
    why = [
        "colour images may be mirrored (regularization.flip=false turns that off)"
        if look.colour
        else "gray images are not mirrored, since they may be signs (regularization.flip=true does)"
    ]
    found = []
    if large:
        values["task.arguments.image_size"] = LARGEST_SIDE
        why.append(
            f"no pretrained weights of images are at hand (zoo weights pull NAME fetches some), so a "
            f"small network begins from nothing on images of {LARGEST_SIDE} pixels"
        )
    elif look.task == "image_classification" and look.train >= GOOD_FOR_RESNET:
        reasons = [f"{look.train:,} small images are enough for a ResNet-20", *why]
        found.append(_plan(look, RESNET, values, reasons, least=8, full=128))
    base = {"multilabel_classification": LABELS, "regression": NUMBERS}.get(look.task, DIGITS)
    reasons = ["a small convolutional network for small images", *why]
    return [*found, _plan(look, base, values, reasons)]


def _finetune(look: Look, name: str) -> Plan:
    """Return the plan to begin with pretrained weights."""
    classes = look.task == "image_classification"
    few = look.fewest <= FEW_A_CLASS if classes else look.train <= FEW_IN_ALL
    examples = (
        f"{look.fewest} examples of the rarest class"
        if classes
        else f"{look.train} training images"
    )
    more = FEW_A_CLASS + 1 if classes else FEW_IN_ALL + 1
    why = (
        f"images of more than {SMALL_SIDE} pixels begin with pretrained weights; {name} is at hand"
    )
    epochs = 0 if few else FINETUNE_EPOCHS
    reason = (
        f"{examples}: only a head is fitted on features, which takes no training (from {more} on all "
        "weights are trained)"
        if few
        else f"{FINETUNE_EPOCHS} epochs of all weights, the earlier blocks more slowly"
    )
    values = {"training.epochs": epochs} | ({} if classes else {"task.name": look.task})
    return Plan("", name, values, 0, (why, reason))


def _texts(look: Look) -> Plan:
    many = look.train >= MANY_TEXTS
    longest = min(LONGEST_TEXT, max(16, 8 * math.ceil(look.length / 8)))
    values = {"task.arguments.max_tokens": longest, "task.arguments.lowercase": True}
    values |= {} if look.task == "text_classification" else {"task.name": look.task}
    reasons = [
        "a convolutional network over words, from random vectors",
        f"{longest} words a text, which holds 95 % of them"
        if longest < LONGEST_TEXT
        else f"the first {longest} words of a text, which is most of what a minute of training reads",
    ]
    return _plan(look, TEXTS if many else FEW_TEXTS, values, reasons, full=128 if many else 64)


def _pairs(look: Look) -> Plan:
    longest = min(LONGEST_TEXT, max(16, 8 * math.ceil(look.length / 8)))
    values = {"task.name": look.task, "task.arguments.max_tokens": longest}
    reasons = [
        "two towers with a GRU, from random vectors (zoo finetune minilm_l6.all_v2 begins with a "
        "pretrained encoder)",
        f"the first {longest} words of each text",
    ]
    return _plan(look, PAIRS, values, reasons)


def _sounds(look: Look) -> Plan:
    seconds = min(LONGEST_CLIP, max(0.3, math.ceil(10 * look.length) / 10))
    values = {"task.arguments.clip_seconds": seconds}
    values |= {} if look.task == "keyword_spotting" else {"task.name": look.task}
    reasons = [
        "a small convolutional network on log-mel features",
        f"{seconds:g} s of each clip" + (", which holds 95 % of them" * (seconds < LONGEST_CLIP)),
    ]
    return _plan(look, SOUNDS, values, reasons, full=32)
