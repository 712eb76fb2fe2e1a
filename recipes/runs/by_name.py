"""Evaluate and predict in one call, with a run, an ensemble, or a weight by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.abstention import check_error, promised_on
from recipes.runs.inputs import Input
from recipes.runs.run import load, load_run
from recipes.runs.transcribe import TASK, Listening, transcribe_each
from zoo.errors import ArgumentError


def evaluate(
    target: Any,
    *,
    data: str | Path | None = None,
    data_dir: str | None = None,
    batch_size: int = 256,
    tta: int = 0,
    calibrated: bool | float = False,
    shift: str | Sequence[str] | None = None,
    examples: int | None = None,
    against: str | Sequence[str] | None = None,
    abstain: float | None = None,
    by: str | Sequence[str] | None = None,
    beside_own: bool = False,
) -> dict[str, Any]:
    """Score a run, a shipped weight or a recipe's weight on its test split, or on other data.

    Args:
        target: run directory, folder of an ensemble, weight name or recipe name.
        data, data_dir, batch_size, tta, calibrated: as in `Run.evaluate`, which also describes the
            result.
        shift: names of corruptions or of groups of them, or "all": "shift" of the result holds the
            first metric and the calibration error at severity 1 to 5 of each, and their differences
            from clean (`recipes.shift.measure.shifted` describes it). None measures none.
        examples: that are corrupted, drawn at random; None for all.
        against: other data sets, folders or tables, whose classes do not matter: "against" of the
            result holds how well three scores tell them from the test examples
            (`recipes.out_of_distribution.measure.compared_with` describes it). None compares none.
        abstain: as in `predict`: "abstain" of the result holds which share of the test examples is
            accepted, and which of these is answered wrongly.
        by: columns of a table or other attributes of examples, in a list or with commas between: "by" of
            the result holds the scores by group, and the worst (`recipes.groups.measure.by_group`
            describes it). None measures none.
        beside_own: of other data: "domain" of the result holds the scores of the run's own test
            examples, too, and the differences (`recipes.shift.domain.beside_own` describes it).

    Raises:
        ArgumentError: the model has several inputs, no classes, or an input that no corruption is for;
            or an attribute makes no groups.
        UnknownNameError: there is no corruption or attribute of that name.

    >>> zoo.evaluate("cnn_small.digits")["metrics"]["accuracy"]  # doctest: +SKIP
    """
    how = {"data_dir": data_dir, "batch_size": batch_size, "tta": tta, "calibrated": calibrated}
    asked = {"shift": shift, "against": against, "abstain": abstain, "by": by}
    asked |= {"beside_own": beside_own or None}
    if all(value is None for value in asked.values()):
        return load(target).evaluate(data=data, **how)
    run = (
        load(target) if shift is None and against is None and abstain is None else load_run(target)
    )
    place = None if data is None else str(data)
    _check_sections(run, place, asked)
    found = run.scored(data=place, **how)
    result = found.result_of(run, data=data)
    result |= _sections(run, found, result, {**asked, "examples": examples}, how | {"data": place})
    return result


def _check_sections(run: Any, data: str | None, asked: Mapping[str, Any]) -> None:
    """Refuse further sections of a result that cannot be measured, before anything is computed."""
    from recipes.groups.measure import check_attributes
    from recipes.out_of_distribution.answers import check_model
    from recipes.shift.domain import check_domain
    from recipes.shift.measure import chosen_for

    if asked["beside_own"]:
        check_domain(data)
    if asked["shift"] is not None:
        chosen_for(run, asked["shift"])
    if asked["by"] is not None:
        check_attributes(run, asked["by"], data=data)
    if asked["against"] is not None:
        check_model(run)
    if asked["abstain"] is not None:
        check_error(run, asked["abstain"])


def _sections(
    run: Any,
    found: Any,
    result: Mapping[str, Any],
    asked: Mapping[str, Any],
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the sections of a result that are asked for beside the metrics, by name."""
    from recipes.groups.measure import by_group
    from recipes.out_of_distribution.measure import compared_with
    from recipes.shift.domain import beside_own
    from recipes.shift.measure import shifted

    def of(*names: str) -> dict[str, Any]:
        return {name: how[name] for name in names}

    told: dict[str, Any] = {}
    if asked["beside_own"]:
        scoring = of("data_dir", "batch_size", "tta", "calibrated")
        told["domain"] = beside_own(run, found, result["metrics"], **scoring)
    if asked["by"] is not None:
        told["by"] = by_group(run, found, asked["by"], data=how["data"])
    if asked["shift"] is not None:
        corrupted = {"names": asked["shift"], "examples": asked["examples"]}
        told["shift"] = shifted(run, found, **corrupted, **of("batch_size", "tta"))
    if asked["against"] is not None:
        others = {"against": asked["against"], **of("batch_size", "data", "data_dir")}
        told["against"] = compared_with(run, found, **others)[0]
    if asked["abstain"] is not None:
        promise = of("tta", "calibrated", "data", "data_dir")
        told["abstain"] = promised_on(run, found, asked["abstain"], **promise)
    return told


def predict(
    target: Any,
    inputs: Sequence[Input],
    *,
    batch_size: int = 64,
    column: str | None = None,
    text_column: str | None = None,
    keep_going: bool = False,
    tta: int = 0,
    calibrated: bool | float = False,
    top: int | None = None,
    threshold: float | None = None,
    abstain: float | None = None,
) -> list[dict[str, Any]]:
    """Predict with a run, a shipped weight or a recipe's weight.

    Args:
        target: run directory, folder of an ensemble, weight name or recipe name.
        inputs: paths of files, of folders with files, patterns ("photos/**/*.jpg"), and tables (.csv,
            .tsv, .jsonl) of texts or of file names, or values as a dataset gives them: uint8 images,
            float32 waveforms at the model's rate, texts. For text models a `str` is a text and a `Path`
            a file. Models of several inputs take a dictionary for each example, by column of the data,
            or a table with these columns; an optional input may be left out or None.
        batch_size: examples per prediction step.
        column: the column of a table that holds the texts, or names the files relative to the table;
            None takes "text", the input's own name, "file" or "path", or the only column.
        text_column: the same, by its earlier name.
        keep_going: for an input that cannot be read, return a result with "error" and no predictions
            instead of raising.
        tta: views of each image, made by the recipe's own crops and flips, whose answers are averaged; 0
            shows the image as it is.
        calibrated: True divides logits by the temperature that was fitted on validation; a number is
            such a temperature. The answers stay the same.
        top: classes that are listed; None lists five.
        threshold: probability below which "uncertain" is True; of several labels those that reach it are
            listed.
        abstain: share of wrong answers among accepted ones, such as 0.02, that is promised with a
            probability of 90 % (`recipes.runs.abstention.Abstention`): each result says whether it is
            "abstained". The run's validation examples must be at hand. None accepts all.

    Returns:
        One {"file", "task", "predictions"} for each input and each row of a table ("row" says which);
        the task decides the type of predictions. For models of several inputs, "inputs" repeats the
        example.

    Raises:
        ArgumentError: an option does not suit the model.
        RunError: `calibrated` is True, and no temperature was fitted; or no threshold keeps what
            `abstain` promises.

    >>> zoo.predict("cnn_small.digits", ["seven.png"])[0]["predictions"][0]  # doctest: +SKIP
    {'label': '7', 'probability': 0.999}
    """
    run, how = load(target), {"tta": tta, "calibrated": calibrated, "keep_going": keep_going}
    if abstain is not None:
        check_error(run, abstain)
        how["abstain"] = abstain
    how |= {"batch_size": batch_size, "column": column or text_column}
    return run.predict(inputs, top=top, threshold=threshold, **how)


def embed(
    target: Any,
    inputs: Sequence[Input],
    *,
    batch_size: int = 64,
    column: str | None = None,
    text_column: str | None = None,
) -> np.ndarray:
    """Return what the head of a model takes for each input: vectors for search, clusters, a probe.

    Args:
        target: run directory, weight name, name of published weights, or recipe name.
        inputs, batch_size, column, text_column: as in `predict`.

    Returns:
        float32, (N, D).

    >>> zoo.embed("resnet50.a1_in1k", ["cat.jpg", "dog.jpg"]).shape  # doctest: +SKIP
    (2, 2048)
    """
    return load_run(target).embed(inputs, batch_size=batch_size, column=column or text_column)


def transcribe(
    target: Any,
    inputs: Sequence[Input],
    *,
    language: str | None = None,
    vad: bool = False,
    beam: int = 1,
    temperature: float | None = None,
    previous_text: bool = False,
    seed: int = 1,
    column: str | None = None,
    keep_going: bool = False,
) -> list[dict[str, Any]]:
    """Transcribe recordings; `predict` does the same with the defaults of these options.

    Args:
        target: name of published weights that transcribe speech, such as "whisper_base.openai".
        inputs: paths of files, folders, patterns or tables that name files, or float32 (samples,) at
            16 kHz, of any length.
        language: code of what is spoken, such as "en"; None finds it in the first half minute.
        vad: hear only where Silero's network (`silero_vad_16k.silero`) finds speech.
        beam: texts that are searched side by side, 1 (the likeliest token at each place) to 64.
        temperature: None decodes at 0, and again at 0.2, 0.4, …, 1 where a text repeats itself or the
            model is unsure of it (2212.04356 §4.5); a number in [0, 1] decodes at it alone.
        previous_text: give each half minute the text of those before it.
        seed: of the tokens that are drawn, at temperatures above 0.
        column: of a table, that names the files.
        keep_going: for a recording that cannot be read, return a result with "error" instead of raising.

    Returns:
        One {"file", "task", "predictions": [{"text", "language", "seconds", "stretches"}]} each; a
        stretch of speech is {"start", "end", "text"}, in seconds.

    Raises:
        ArgumentError: the model does not transcribe, or a value is out of range.
        UnknownNameError: the model does not know the language.

    >>> found = zoo.transcribe("whisper_base.openai", ["talk.mp3"], beam=5)  # doctest: +SKIP
    >>> found[0]["predictions"][0]["text"]  # doctest: +SKIP
    """
    run = load_run(target)
    if run.task.name != TASK:
        raise ArgumentError(
            f"{run.name} does not transcribe speech.",
            expected=f"a model of {TASK}, such as whisper_base.openai",
            fix="name such a model, or predict with this one: zoo.predict",
        )
    listening = Listening(language, vad, beam, temperature, previous_text, seed)
    how = {"column": column, "keep_going": keep_going}
    return list(transcribe_each(run, inputs, listening=listening, **how))
