"""Whisper base beside transformers: the same ids, errors of words on AN4, and speed.

The test clips of AN4 (ZOO_DATA_DIR) are transcribed by `whisper_base.openai` from the cache of
weights, and by transformers' network in PyTorch with the numbers of the same file, both greedy and
with five beams, in English, without times, with the same ids left out. transformers' search stops
like that of Whisper's code (`early_stopping=True`) and renormalizes after ids are left out; it divides
sums by the ids with the end, Whisper's code by those without. Then both take turns on a few clips, one
at a time:

    python benchmarks/whisper.py --results FILE.jsonl --write benchmarks/whisper.md

What is in the file of results is not computed again; --page only writes the page. Needs PyTorch and
transformers.
"""

import argparse
import csv
import io
import json
import os
import re
import tarfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rounds import cell, machine, machine_lines, orders, parser, publish, summary

NAME, RATE, LANGUAGE, BEAM = "whisper_base.openai", 16_000, "en", 5
BEAMS = f"{BEAM} beams"
DECODINGS = {"greedy": "", BEAMS: "_beam", "greedy, then higher temperatures": "_again"}
UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
UNITS += " fifteen sixteen seventeen eighteen nineteen"
ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)
ORDINALS += " thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBERS = {word: str(i) for words in (UNITS, ORDINALS) for i, word in enumerate(words.split())}
NUMBERS |= {word: str(10 * i) for i, word in enumerate(TENS.split(), start=2)}
NUMBERS |= {f"{word[:-1]}ieth": str(10 * i) for i, word in enumerate(TENS.split(), start=2)}
NUMBERS |= {"hundred": "00", "thousand": "000", "oh": "0", "o": "0"}


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = _parse(arguments)
    clips = test_clips(Path(os.environ["ZOO_DATA_DIR"]) / "an4")
    known = _read(options.results)
    if not options.page:
        listen_to(clips, known, options)
    heard = [clip for clip in clips[: options.clips] if "ours_again" in known.get(clip["file"], {})]
    rounds = known["rounds"]["seconds"]
    result = {
        "machine": known["rounds"].get("machine") or machine(),
        "settings": {"rounds": options.rounds, "clips": options.clips},
        **scored(heard, known, frozenset(w.lower() for c in clips for w in c["text"].split())),
        "examples": examples(heard, known),
        "speed": speeds(rounds, clips),
    }
    publish(result, to_markdown(result), options)


def listen_to(clips: list[dict[str, Any]], known: Any, options: argparse.Namespace) -> None:
    """Add what is missing to the known results, and to their file."""
    facts, ours, theirs = machine(), Ours(), Theirs()
    if "rounds" not in known:
        seconds = timed(ours, theirs, clips, options.rounds)
        known["rounds"] = {"file": "rounds", "seconds": seconds, "machine": facts}
        _add(options.results, known["rounds"])
    for index, clip in enumerate(clips[: options.clips]):
        row = known.setdefault(clip["file"], {"file": clip["file"]})
        asked = {"ours": ours, "ours_beam": partial(ours, beam=BEAM)}
        asked["ours_again"] = partial(ours, again=True)
        if index < options.compared:
            asked["theirs"] = theirs
        if index < options.searched:
            asked["theirs_beam"] = partial(theirs, beam=BEAM)
        missing = {who: listen for who, listen in asked.items() if who not in row}
        for who, listen in missing.items():
            row[who] = listen(clip["audio"])
        if missing:
            _add(options.results, row)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--results", type=Path, required=True, help="JSON Lines that grow")
    options.add_argument("--page", action="store_true", help="only write of what is in the file")
    options.add_argument("--clips", type=int, default=130, help="test clips, from the first on")
    options.add_argument("--compared", type=int, default=130, help="of them, by transformers too")
    options.add_argument("--searched", type=int, default=8, help="of them, with its beams too")
    return options.parse_args(arguments)


def test_clips(folder: Path) -> list[dict[str, Any]]:
    """Return the 130 test clips: file, speaker, text and float32 sound at 16 kHz."""
    import soundfile

    with (folder / "transcripts.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["split"] == "test"]
    with tarfile.open(folder / "flac16k.tar") as tar:
        for row in rows:
            data = tar.extractfile(row["file"]).read()
            row["audio"], rate = soundfile.read(io.BytesIO(data), dtype="float32")
            assert rate == RATE
    return rows


class Ours:
    """This project's transcription of a clip."""

    def __init__(self):
        from recipes.runs.run import load_run
        from recipes.runs.transcribe import Transcriber

        self.run = load_run(NAME)
        self.scribe = Transcriber(self.run)
        self.signs, self.tokenizer = self.scribe.signs, self.scribe.tokenizer

    def __call__(self, audio: np.ndarray, *, beam: int = 1, again: bool = False) -> list[int]:
        """Return the ids of the text."""
        from zoo.decoding.transcription import TEMPERATURES, Decoding, hear

        padded = np.pad(audio, (0, 30 * RATE - len(audio)))
        decoding = Decoding(beam, TEMPERATURES if again else (0.0,))
        how = {"language": LANGUAGE, "times": False, "decoding": decoding}
        how["text_of"] = self.tokenizer.decode
        return hear(self.scribe.writer, padded, self.signs, **how).ids.tolist()


class Theirs:
    """That of transformers."""

    def __init__(self):
        import torch
        import transformers

        from zoo.decoding.signs import Signs
        from zoo.pretrained import cache
        from zoo.pretrained.loading import numbers_of

        signs = Signs.of(published_tokenizer())
        torch.set_num_threads(os.cpu_count())
        config = transformers.WhisperConfig(
            d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
            decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048,
            decoder_start_token_id=signs.start,
        )  # fmt: skip
        self.network = transformers.WhisperForConditionalGeneration(config)
        numbers = {k: torch.tensor(v) for k, v in numbers_of(cache.path(NAME)).items()}
        missing, more = self.network.load_state_dict(numbers, strict=False)
        assert (missing, more) == (["proj_out.weight"], []), (missing, more)
        self.network.tie_weights()
        self.network.eval()
        asked = self.network.generation_config
        asked.is_multilingual, asked.no_timestamps_token_id = True, signs.no_times
        asked.lang_to_id = {f"<|{code}|>": i for code, i in signs.languages.items()}
        asked.task_to_id = {"transcribe": signs.transcribe, "translate": signs.translate}
        asked.suppress_tokens = sorted(signs.not_said)
        asked.begin_suppress_tokens = [signs.blank, signs.end]
        asked.forced_decoder_ids, asked.max_length = None, 448
        asked.decoder_start_token_id = signs.start
        asked.eos_token_id = asked.pad_token_id = asked.bos_token_id = signs.end
        self.extractor, self.end = transformers.WhisperFeatureExtractor(), signs.end

    def __call__(self, audio: np.ndarray, *, beam: int = 1) -> list[int]:
        """Return the ids of the text."""
        import torch

        features = self.extractor(audio, sampling_rate=RATE, return_tensors="pt").input_features
        with torch.no_grad():
            how = {"early_stopping": True, "renormalize_logits": True} if beam > 1 else {}
            found = self.network.generate(
                features,
                language=LANGUAGE,
                task="transcribe",
                num_beams=beam,
                do_sample=False,
                **how,
            )
        return [one for one in found[0].tolist() if one < self.end]


def timed(ours: Ours, theirs: Theirs, clips: Any, rounds: int) -> dict[str, list[list[float]]]:
    """Return seconds of wall clock and of processor time for the same clips, a pair a round."""
    both, chosen = {"kerazoo": ours, "transformers": theirs}, timed_clips(clips)
    both |= {f"{name}, {BEAMS}": partial(one, beam=BEAM) for name, one in both.items()}
    for one in both.values():  # compile, and bring into memory
        one(chosen[0]["audio"])
    seconds: dict[str, list[list[float]]] = {name: [] for name in both}
    for order in orders(both, rounds):
        for name in order:
            wall, cpu = time.perf_counter(), time.process_time()
            for clip in chosen:
                both[name](clip["audio"])
            seconds[name].append([time.perf_counter() - wall, time.process_time() - cpu])
    return seconds


def timed_clips(clips: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return two clips: those at a third and at two thirds of the order by length."""
    ordered = sorted(clips, key=lambda clip: len(clip["audio"]))
    return [ordered[len(ordered) * i // 3] for i in (1, 2)]


def spoken(text: str, *, words: frozenset[str] = frozenset()) -> str:
    """Return a transcript as single letters, single digits and words.

    >>> spoken("Rabat GMEF39, the 21st."), spoken("TWENTY FIRST NINETEEN OH FOUR")
    ('rabat g m e f 3 9 the 2 1', '2 1 1 9 0 4')
    """
    text = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text)
    found: list[str] = []
    for token in re.findall(r"[A-Za-z']+|\d+", text):
        lower = token.lower().strip("'")
        if token.isdigit():
            found += token
        elif lower in NUMBERS:
            digits = NUMBERS[lower]
            if found and len(digits) == 1 and digits != "0" and found[-1] == "+0":
                found[-1] = digits  # "twenty", "one": 2 and 1
            else:
                tens = len(digits) == 2 and digits[1] == "0" and digits not in ("00", "10")
                found += [digits[0], "+0"] if tens else digits
        elif len(token) > 1 and token.isupper() and lower not in words:
            found += lower  # spelled
        elif lower:
            found.append(lower)
    return " ".join(one.strip("+") for one in found)


def published_tokenizer() -> Any:
    """Return the tokenizer of the weights, from the cache."""
    from zoo.pretrained import tokenizer_files
    from zoo.published_tokenizer import PublishedTokenizer
    from zoo.registry import pretrained_card

    state = tokenizer_files.state_of(pretrained_card(NAME), offline=True)
    return PublishedTokenizer.from_state(state)


def scored(clips: list[dict[str, Any]], known: Any, words: frozenset[str]) -> dict[str, Any]:
    """Return equal clips, and the word error rate with its interval."""
    from zoo.metrics.intervals import Sampling, bootstrap
    from zoo.metrics.transcripts import ESTIMATORS, edits

    tokenizer = published_tokenizer()
    rows = [known[clip["file"]] for clip in clips]
    speakers, codes = np.unique([clip["speaker"] for clip in clips], return_inverse=True)
    sampling = Sampling(len(speakers), f"{len(speakers)} speakers", codes)
    said = [spoken(clip["text"], words=words) for clip in clips]
    result: dict[str, Any] = {"clips": len(rows), "words": 0, "decodings": {}}
    for name, end in DECODINGS.items():
        ours, theirs = f"ours{end}", f"theirs{end}"
        both = [row for row in rows if theirs in row]
        texts = [tokenizer.decode(row[ours]) for row in rows]
        counted = edits([spoken(one, words=words) for one in texts], said)
        wer = partial(ESTIMATORS["wer"], counted)
        found = bootstrap(wer, value := float(wer()), sampling)
        result["words"] = int(counted["words"].sum())
        result["decodings"][name] = {
            "compared": len(both),
            "other": sum(row[ours] != row["ours"] for row in rows),
            "equal": sum(row[ours] == row[theirs] for row in both),
            "unequal": [
                [row["file"], *(tokenizer.decode(row[key]) for key in (ours, theirs))]
                for row in both
                if row[ours] != row[theirs]
            ],
            "wer": {"value": value, "low": found.low, "high": found.high, "method": found.method},
        }
    return result


def examples(clips: list[dict[str, Any]], known: Any) -> list[tuple[str, str, str]]:
    """Return ten clips' transcripts and both texts, first of clips whose texts differ."""
    decode = published_tokenizer().decode
    told = [
        (clip["text"], *(decode(known[clip["file"]][who]) for who in ("ours", "ours_beam")))
        for clip in clips
    ]
    return sorted(told, key=lambda one: one[1] == one[2])[:10]


def error_rate(wer: dict[str, Any]) -> str:
    """Write a word error rate with its interval, if it has one."""
    interval = "" if wer["low"] is None else f" ({wer['low']:.1%}–{wer['high']:.1%})"
    return f"{wer['value']:.1%}{interval}"


def speeds(rounds: dict[str, list[list[float]]], clips: Any) -> dict[str, Any]:
    """Return seconds a clip, and how many times as fast as the reference, by round."""
    count = len(timed_clips(clips))
    told = {
        name: {
            kind: summary([pair[i] / count for pair in pairs])
            for i, kind in enumerate(("wall", "processor"))
        }
        for name, pairs in rounds.items()
    }
    told["ratio"] = {}
    for end in ("", f", {BEAMS}"):
        pairs = list(zip(rounds[f"transformers{end}"], rounds[f"kerazoo{end}"], strict=True))
        told["ratio"][end] = {
            kind: summary([theirs[i] / ours[i] for theirs, ours in pairs])
            for i, kind in enumerate(("wall", "processor"))
        }
    told["seconds of sound"] = sum(len(clip["audio"]) for clip in timed_clips(clips)) / RATE / count
    return told


def to_markdown(result: dict[str, Any]) -> str:
    """Return the page."""
    speed, decodings = result["speed"], result["decodings"]
    compared, searched = (decodings[name]["compared"] for name in ("greedy", BEAMS))
    rounds = result["settings"]["rounds"]
    command = f"python benchmarks/whisper.py --rounds {rounds} --results FILE "
    command += f"--compared {compared} --searched {searched}"
    method = decodings["greedy"]["wer"]["method"]
    return "\n".join([
        "# Whisper base beside transformers",
        "",
        f"`{NAME}` on {result['clips']} of the 130 test clips of AN4, English, no times, "
        f"{result['words']} words. Intervals: {method}.",
        "",
        "| decoding | word error rate | other ids than greedy | same ids as transformers |",
        "|---|---|---|---|",
        *(
            f"| {name} | {error_rate(one['wer'])} | {one['other']} | "
            + (f"{one['equal']} of {one['compared']} |" if one["compared"] else "|")
            for name, one in decodings.items()
        ),
        "",
        *(
            f"- {name}, {file}: {one!r} here, {other!r} there"
            for name, found in decodings.items()
            for file, one, other in found["unequal"]
        ),
        "",
        "transformers' network is in PyTorch; it searches with `early_stopping=True` and "
        "`renormalize_logits=True`. Its score of a text is the mean over its ids and the end, that here "
        "the sum over the number of ids alone, as in Whisper's code; and an end counts there only among "
        "the likeliest five continuations.",
        "",
        "What is compared, on both sides: lower case, no punctuation; numbers as single digits "
        '("twenty first" and "21st" are 2 1; "hundred" is 0 0); the letter O, "oh" and zero are 0; '
        "a word in capitals that no transcript holds as a word is spelled. So a word is a letter, a "
        "digit, or a word.",
        "",
        "Ten clips, first those on which the two decodings differ:",
        "",
        f"| transcript | greedy | {BEAMS} |",
        "|---|---|---|",
        *(f"| {' | '.join(map(str.strip, one))} |" for one in result["examples"]),
        "",
        *_speed_lines(speed),
        "",
        *machine_lines(result["machine"], command=command),
    ])  # fmt: skip


def _speed_lines(speed: dict[str, Any]) -> list[str]:
    """Return the table of seconds, and how they compare."""
    rows = [
        f"| {name} | {cell(one['wall'], 2)} | {cell(one['processor'], 2)} |"
        for name, one in speed.items()
        if name.startswith(("kerazoo", "transformers"))
    ]
    return [
        f"Seconds for a clip ({speed['seconds of sound']:.1f} s of sound, in a window of 30 s), "
        "one at a time: features, encoder and decoder. Median of rounds that take turns, lowest and "
        "highest in brackets.",
        "",
        "| | seconds | processor seconds |",
        "|---|---|---|",
        *rows,
        "",
        *(
            f"kerazoo{end} is {cell(ratio['wall'], 2)} times as fast by the clock, "
            f"{cell(ratio['processor'], 2)} times by processor time.\n"
            for end, ratio in speed["ratio"].items()
        ),
    ]


def _read(path: Path) -> dict[str, dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["file"]: row for row in map(json.loads, lines)}


def _add(path: Path, row: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
