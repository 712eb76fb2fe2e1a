"""Measure what published speaker vectors are worth: for voices never heard, and words of new ones.

    python benchmarks/speakers.py --write benchmarks/speakers.md

Voices: all pairs of test utterances of AN4, scored by the cosine of their vectors. The interval draws
speakers. Words: digits of spoken_digit, each speaker held out in turn; a logistic regression reads the
features of the other speakers' clips, its penalty chosen by leaving out each of these in turn. Needs
AN4, spoken_digit and the published weights of both encoders (`zoo weights add`).
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from rounds import machine, machine_lines, parser, publish

from zoo.metrics.intervals import Sampling
from zoo.metrics.verification import ESTIMATORS, Trials, verification_statistics

WEIGHTS, WHISPER = "ge2e.resemblyzer", "whisper_base.openai"
RATE, HOP, WINDOW, FRAMES = 16_000, 160, 400, 160
SAMPLES = (FRAMES - 1) * HOP + WINDOW  # of a window, 1.6 s
STEP_FRAMES = 77  # Resemblyzer's 1.3 windows a second
LEAST_COVERAGE = 0.75  # of the last window
LOWEST_RMS = 10**-1.5  # -30 dB
PARTS = 5  # of a word, each with its own mean
COMPONENTS = 100  # of the features of words
PENALTIES = (0.001, 0.01, 0.1)
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")
WHISPER_FRAMES = (64, 128, 256)  # of 10 ms; a digit is heard in the least that hold it
WHISPER_BLOCKS = (2, 4, 6)
BATCH = 50
BEFORE = 72.56  # mean of benchmarks/leave_one_speaker_out.md


def an4_test() -> tuple[list[np.ndarray], np.ndarray]:
    """Return AN4's 130 test utterances, float32 in [-1, 1], and the speaker of each."""
    from zoo.data.load import load_dataset

    test = load_dataset("an4_speakers").splits["test"]
    return test.columns["audio"], np.array(test.columns["group"])


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
    log = keras.ops.log(keras.ops.maximum(mel, 1e-6))
    return keras.Model(model.input, inner(mel) | {"mel": log})


def vectors_of(network: Any, clips: list[np.ndarray]) -> np.ndarray:
    """Return the mean vector of each clip's windows, of length 1, (N, 256)."""
    cut = [windows(clip) for clip in clips]
    found = network.predict(np.concatenate(cut), batch_size=64, verbose=0)["vector"]
    ends = np.cumsum([len(part) for part in cut])
    means = np.stack([part.mean(0) for part in np.split(found, ends[:-1])])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def verification(vectors: np.ndarray, speakers: np.ndarray) -> dict[str, Any]:
    """Return EER and cost of all pairs, with intervals over speakers."""
    _, codes = np.unique(speakers, return_inverse=True)
    statistics = verification_statistics(vectors, codes)
    trials = Trials.of(statistics)
    found: dict[str, Any] = {
        "clips": len(vectors),
        "speakers": int(codes.max()) + 1,
        "of_one": int(trials.same.sum()),
        "of_two": int((~trials.same).sum()),
    }
    for name, estimator in ESTIMATORS.items():
        ends = estimator.interval(statistics, Sampling.of(len(vectors), speakers, noun="speakers"))
        found[name] = [float(estimator(statistics)), ends.low, ends.high]
    return found


def word_features(
    network: Any, clips: list[np.ndarray], *, samples: int, hop: int
) -> dict[str, np.ndarray]:
    """Return features of words at 8 kHz by name, (N, D): means of parts of the word, and the vector.

    Args:
        network: from sounds (B, samples) to vectors (B, D) and frames (B, T, D) by name.
        clips: at 8 kHz.
        samples: that the network takes.
        hop: samples from one frame to the next.
    """
    from zoo.columns.audio import resampled

    found: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(clips), BATCH):
        cut, frames = [], []
        for clip in clips[start : start + BATCH]:
            clip = resampled(clip, to_hz=RATE, from_hz=RATE // 2)[:samples]
            clip = clip * max(1.0, LOWEST_RMS / np.sqrt(np.mean(clip**2)))
            frames.append(max(PARTS, len(clip) // hop))
            cut.append(np.pad(clip, (0, samples - len(clip))).astype("float32"))
        for name, values in network.predict_on_batch(np.stack(cut)).items():
            for one, count in zip(np.asarray(values), frames, strict=True):
                parts = np.array_split(one[:count], PARTS) if one.ndim == 2 else [one[None]]
                found.setdefault(name, []).append(np.concatenate([p.mean(0) for p in parts]))
    return {name: np.stack(rows) for name, rows in found.items()}


def whisper_encoder(whole: Any, frames: int) -> Any:
    """Return the encoder on short sounds, to the outputs of some blocks by name.

    The numbers are those of the published weights; the positions are the first of half a minute's.

    Args:
        whole: the backbone with the published numbers.
        frames: of 10 ms, that it hears.
    """
    import keras

    from zoo import registry
    from zoo.layers.log_mel import LogMel
    from zoo.models.speech.whisper import whisper

    short = whisper(input_shape=(frames, 80))
    for layer in short.layers:
        if layer.weights and layer.name.startswith(("stem", "encoder")):
            layer.set_weights(whole.get_layer(layer.name).get_weights())
    blocks = {
        f"whisper{k}": short.get_layer(f"encoder_block{k}_mlp_add").output for k in WHISPER_BLOCKS
    }
    encoder = keras.Model(short.input["audio"], blocks)
    sound = keras.Input((frames * HOP,))
    front = LogMel(**registry.model_card("whisper_base").preprocessing["audio"].log_mel)
    return keras.Model(sound, encoder(front(sound)))


def whisper_features(clips: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return Whisper's features of words at 8 kHz by name, as `word_features`."""
    import zoo

    whole = zoo.build(WHISPER, features_only=True).get_layer("backbone")
    needed = np.array([len(clip) * 2 / HOP for clip in clips])
    bucket = np.searchsorted(WHISPER_FRAMES[:-1], needed)
    parts, order = [], []
    for place, frames in enumerate(WHISPER_FRAMES):
        own = np.flatnonzero(bucket == place)
        network = whisper_encoder(whole, frames)
        cut = {"samples": frames * HOP, "hop": 2 * HOP}  # the second convolution halves the frames
        parts.append(word_features(network, [clips[i] for i in own], **cut))
        order.append(own)
    back = np.argsort(np.concatenate(order))
    return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}


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
    "vector": "GE2E: the vector of the voice",
    "mel": "GE2E: the mel features that it is made of, their logarithm",
    "lstm1": "GE2E: outputs of the first LSTM layer",
    "lstm2": "GE2E: outputs of the second",
    "lstm3": "GE2E: outputs of the third",
    "whisper2": "Whisper base: outputs of the second block of the encoder",
    "whisper4": "Whisper base: of the fourth",
    "whisper6": "Whisper base: of the sixth and last",
}


def page(result: dict[str, Any], command: str) -> str:
    """Write both tables as Markdown."""
    lines = [
        "# What published speaker vectors are worth",
        "",
        f"Weights: `{WEIGHTS}`, and `{WHISPER}` for words. No voice-activity detection.",
        "",
        "## Voices never heard",
        "",
        "AN4's test utterances, all pairs, scored by cosine. The 95 % intervals "
        "draw speakers (bias-corrected bootstrap, 1,000 draws).",
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
              "(`benchmarks/leave_one_speaker_out.md`)."]  # fmt: skip
    return "\n".join(lines + machine_lines(result["machine"], command=command))


def main() -> None:
    options = parser(__doc__ or "").parse_args()
    result: dict[str, Any] = {"machine": machine()}
    network, (clips, speakers) = encoder(), an4_test()
    whole: dict[str, Callable[[], np.ndarray]] = {
        "the whole utterance, windows of 1.6 s": lambda: vectors_of(network, clips),
        "the middle 1.6 s, as `zoo embed` takes it": lambda: middle_vectors(clips),
    }
    result["voices"] = {}
    for name, make in whole.items():
        result["voices"][name] = verification(make(), speakers)
        sys.stderr.write(f"{name}: {result['voices'][name]}\n")
    sounds, digits, who = spoken_digits()
    features = word_features(network, sounds, samples=SAMPLES, hop=HOP)
    features |= whisper_features(sounds)
    result["words"] = {}
    for name in WHAT:
        result["words"][name] = new_voices(features[name], digits, who)
        sys.stderr.write(f"{name}: {result['words'][name]}\n")
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
