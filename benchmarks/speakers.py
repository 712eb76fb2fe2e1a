"""Measure what published speaker vectors are worth: for voices never heard, and words of new ones.

    python benchmarks/speakers.py --write benchmarks/speakers.md

Voices: all pairs of test utterances of AN4, scored by the cosine of their vectors. The interval draws
speakers. Words: digits of spoken_digit, each speaker held out in turn; a logistic regression reads the
features of the other speakers' clips, its penalty chosen by leaving out each of these in turn.
"""

import csv
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rounds import machine, machine_lines, parser, publish

from zoo.errors import DataError
from zoo.metrics.verification import eer, min_dcf

WEIGHTS = "ge2e.resemblyzer"
RATE, HOP, WINDOW, FRAMES = 16_000, 160, 400, 160
SAMPLES = (FRAMES - 1) * HOP + WINDOW  # of a window, 1.6 s
STEP_FRAMES = 77  # Resemblyzer's 1.3 windows a second
LEAST_COVERAGE = 0.75  # of the last window
LOWEST_RMS = 10**-1.5  # -30 dB
RESAMPLES, TAIL = 2_000, 2.5  # per cent at each end
PARTS = 5  # of a word, each with its own mean
COMPONENTS = 100  # of the features of words
PENALTIES = (0.001, 0.01, 0.1)
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")
BEFORE = 72.56  # mean of benchmarks/leave_one_speaker_out.md


def an4_test() -> tuple[list[np.ndarray], np.ndarray]:
    """Return AN4's 130 test utterances, float32 in [-1, 1], and the speaker of each."""
    import soundfile

    folder = Path(os.environ.get("ZOO_DATA_DIR", "")) / "an4"
    if not (folder / "transcripts.tsv").is_file():
        raise DataError(f"{folder} does not hold AN4.", fix="set ZOO_DATA_DIR to the folder above")
    with (folder / "transcripts.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [row for row in rows if row["split"] == "test"]
    with tarfile.open(folder / "flac16k.tar") as tar:
        files = [tar.extractfile(row["file"]).read() for row in rows]
    clips = [soundfile.read(io.BytesIO(file), dtype="float32")[0] for file in files]
    return clips, np.array([row["speaker"] for row in rows])


def windows(clip: np.ndarray) -> np.ndarray:
    """Return a clip cut as Resemblyzer cuts it, (W, SAMPLES): raised to -30 dB, silence around it."""
    clip = clip * max(1.0, LOWEST_RMS / np.sqrt(np.mean(clip**2)))
    frames = -(-(len(clip) + 1) // HOP)
    starts = list(range(0, max(1, frames - FRAMES + STEP_FRAMES + 1), STEP_FRAMES))
    covered = (len(clip) - starts[-1] * HOP) / (FRAMES * HOP)
    if covered < LEAST_COVERAGE and len(starts) > 1:
        starts.pop()
    padded = np.pad(clip, (WINDOW // 2, SAMPLES))  # frame 0 lies around sample 0
    return np.stack([padded[start * HOP :][:SAMPLES] for start in starts]).astype("float32")


def encoder() -> Any:
    """Return the network from windows to vectors, and the outputs of its layers by name."""
    import keras

    import zoo
    from zoo import registry

    front = dict(registry.model_card("ge2e").preprocessing.log_mel)
    model = zoo.build(
        WEIGHTS, num_classes=0, preprocessing={"log_mel": front | {"lowest_rms": 0.0}}
    )
    backbone = model.get_layer("backbone")
    layers = {layer.name: layer.output[0] for layer in backbone.layers if "lstm" in layer.name}
    inner = keras.Model(backbone.input, layers | {"vector": backbone.output["pooled"]})
    mel = model.get_layer("log_mel")(model.input)
    return keras.Model(model.input, inner(mel) | {"mel": mel})


def vectors_of(network: Any, clips: list[np.ndarray]) -> np.ndarray:
    """Return the mean vector of each clip's windows, of length 1, (N, 256)."""
    cut = [windows(clip) for clip in clips]
    found = network.predict(np.concatenate(cut), batch_size=64, verbose=0)["vector"]
    ends = np.cumsum([len(part) for part in cut])
    means = np.stack([part.mean(0) for part in np.split(found, ends[:-1])])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def verification(vectors: np.ndarray, speakers: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Return EER and cost of all pairs, with intervals over speakers."""
    first, second = np.triu_indices(len(vectors), 1)
    scores = (vectors[first] * vectors[second]).sum(1)
    names, codes = np.unique(speakers, return_inverse=True)
    same = codes[first] == codes[second]
    generator, drawn = np.random.default_rng(seed), {"eer": [], "min_dcf": []}
    for _ in range(RESAMPLES):
        counts = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
        counts = counts.astype("float64")
        weights = counts[codes[first]] * np.where(same, 1, counts[codes[second]])
        if (counts > 0).sum() < 2:  # no pair of two people
            continue
        drawn["eer"].append(eer(scores, same, weights))
        drawn["min_dcf"].append(min_dcf(scores, same, weights))
    ends = {key: np.percentile(values, [TAIL, 100 - TAIL]) for key, values in drawn.items()}
    return {
        "clips": len(vectors),
        "speakers": len(names),
        "of_one": int(same.sum()),
        "of_two": int((~same).sum()),
        "eer": [eer(scores, same), *ends["eer"].tolist()],
        "min_dcf": [min_dcf(scores, same), *ends["min_dcf"].tolist()],
    }


def word_features(network: Any, clips: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return features of words at 8 kHz by name, (N, D): means of parts of the word, and the vector."""
    from zoo.columns.audio import resampled

    cut, frames = [], []
    for clip in clips:
        clip = resampled(clip, to_hz=RATE, from_hz=RATE // 2)[:SAMPLES]
        clip = clip * max(1.0, LOWEST_RMS / np.sqrt(np.mean(clip**2)))
        frames.append(min(FRAMES, max(PARTS, 1 + (len(clip) - WINDOW) // HOP)))
        cut.append(np.pad(clip, (0, SAMPLES - len(clip))).astype("float32"))
    outputs = dict(network.predict(np.stack(cut), batch_size=64, verbose=0))
    sounds = {"log-mel": np.log(np.maximum(outputs.pop("mel"), 1e-6))}
    sounds |= {name: values for name, values in outputs.items() if name != "vector"}
    found = {"vector": outputs["vector"]}
    for name, values in sounds.items():  # (N, T, D)
        parts = [
            [part.mean(0) for part in np.array_split(one[:count], PARTS)]
            for one, count in zip(values, frames, strict=True)
        ]
        found[name] = np.reshape(parts, (len(parts), -1))
    return found


def new_voices(features: np.ndarray, digits: np.ndarray, who: np.ndarray) -> list[float]:
    """Return the accuracy in per cent on each speaker, read from the features of the others."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found, size = [], min(COMPONENTS, features.shape[1])
    for held_out in SPEAKERS:
        train, test = who != held_out, who == held_out
        reduced = make_pipeline(StandardScaler(), PCA(size, whiten=True, random_state=0))
        known, new = reduced.fit_transform(features[train]), reduced.transform(features[test])
        reader = LogisticRegression(max_iter=300, tol=1e-3)
        search = GridSearchCV(reader, {"C": PENALTIES}, cv=LeaveOneGroupOut())
        search.fit(known, digits[train], groups=who[train])
        found.append(100 * search.score(new, digits[test]))
    return found


def spoken_digits() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return the clips at 8 kHz, the digit and the speaker of each."""
    from zoo.data.spoken_digit import load

    splits = [load(held_out=name).splits["test"] for name in SPEAKERS]
    clips = [clip for split in splits for clip in split.columns["audio"]]
    digits = np.concatenate([split.labels for split in splits])
    return clips, digits, np.repeat(SPEAKERS, [len(split) for split in splits])


WHAT: dict[str, str] = {
    "vector": "the vector of the voice",
    "log-mel": "the mel features that it is made of, their logarithm",
    "lstm1": "outputs of the first LSTM layer",
    "lstm2": "outputs of the second",
    "lstm3": "outputs of the third",
}


def page(result: dict[str, Any], command: str) -> str:
    """Write both tables as Markdown."""
    lines = [
        "# What published speaker vectors are worth",
        "",
        f"Weights: `{WEIGHTS}`. No voice-activity detection.",
        "",
        "## Voices never heard",
        "",
        "AN4's test utterances, all pairs, scored by cosine. Intervals hold 95 % of "
        f"{RESAMPLES:,} draws of speakers.",
        "",
        "| vector of | pairs of one / of two people | EER, % | minDCF (1 % of one) |",
        "|---|---|---|---|",
    ]
    for name, row in result["voices"].items():
        rate = "{:.1f} ({:.1f}–{:.1f})".format(*(100 * value for value in row["eer"]))
        cost = "{:.2f} ({:.2f}–{:.2f})".format(*row["min_dcf"])
        lines.append(f"| {name} | {row['of_one']:,} / {row['of_two']:,} | {rate} | {cost} |")
    some = next(iter(result["voices"].values()))
    lines += [
        "",
        f"{some['clips']} utterances of {some['speakers']} speakers.",
        "",
        "## Words of a new voice",
        "",
        "spoken_digit, each speaker held out in turn: accuracy in per cent of a logistic regression on "
        f"features, of which the {COMPONENTS} main components are kept. Of outputs by frame, the means "
        f"of {PARTS} equal parts of the word.",
        "",
        f"| features | {' | '.join(SPEAKERS)} | mean |",
        "|---|" + "---|" * (len(SPEAKERS) + 1),
    ]
    for name, values in result["words"].items():
        cells = " | ".join(f"{value:.1f}" for value in values)
        lines.append(f"| {WHAT[name]} | {cells} | **{np.mean(values):.1f}** |")
    lines += ["", f"DS-CNN-S trained on the same speakers: {BEFORE:.1f} "
              "([each speaker](leave_one_speaker_out.md))."]  # fmt: skip
    return "\n".join(lines + machine_lines(result["machine"], command=command))


def main() -> None:
    options = parser(__doc__ or "").parse_args()
    result: dict[str, Any] = {"machine": machine()}
    network, (clips, speakers) = encoder(), an4_test()
    whole: dict[str, Callable[[], np.ndarray]] = {
        "the whole utterance, windows of 1.6 s": lambda: vectors_of(network, clips),
        "the middle 1.6 s, as `zoo embed` takes it": lambda: middle_vectors(clips),
    }
    result["voices"] = {
        name: verification(make(), speakers, seed=0) for name, make in whole.items()
    }
    sounds, digits, who = spoken_digits()
    features = word_features(network, sounds)
    result["words"] = {name: new_voices(features[name], digits, who) for name in WHAT}
    publish(
        result,
        page(result, "python benchmarks/speakers.py --write benchmarks/speakers.md"),
        options,
    )


def middle_vectors(clips: list[np.ndarray]) -> np.ndarray:
    """Return the vectors that `zoo embed` gives, (N, 256)."""
    import zoo

    return zoo.embed(WEIGHTS, clips)


if __name__ == "__main__":
    main()
