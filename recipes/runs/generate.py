"""Generate text with a trained language model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ArgumentError, DataError, RunError
from zoo.tokenizers import UNKNOWN, Tokenizer

if TYPE_CHECKING:
    import keras

    from recipes.runs.run import Run
    from zoo.columns.assets import Assets

TASK = "language_modeling"
TEMPERATURE = 0.8  # varied enough to be interesting, confident enough to be spelt well
NEWLINE = "\n"  # replaces an empty prompt: the beginning of a line


def generate(
    target: "str | Path | Run",
    prompt: str = "",
    *,
    max_tokens: int = 500,
    temperature: float = TEMPERATURE,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 1,
    count: int = 1,
) -> list[str]:
    """Return texts that continue a prompt, without the prompt.

    Bytes that do not form a character, which a model of byte pairs may write, are left out.

    Args:
        target: run directory, weight name or recipe name of a language model.
        prompt: the text to continue; an empty one starts a new line.
        max_tokens: length of the text, in characters or byte pairs, depending on the tokenizer.
        temperature: 0 always takes the most likely token; higher values give more varied texts.
        top_k: draw among the k most likely tokens only.
        top_p: draw among the fewest tokens that together have this probability, (0, 1].
        seed: of the random draws; the same seed gives the same texts.
        count: number of texts, all from the same prompt.

    Raises:
        RunError: the model is not a language model.
        DataError: the prompt has characters that the model does not know.
        ArgumentError: a value is out of range.

    >>> zoo.generate("runs/text-shakespeare-gpt-1", "ROMEO:", max_tokens=40)  # doctest: +SKIP
    ['\\nWhat say you, sir? I will not be a man.']
    """
    if count < 1:
        raise ArgumentError(
            f"count={count!r} is out of range.", expected="1 or more", fix="give 1 or more"
        )
    run, tokenizer, start = _ready(target, prompt)
    drawn = _sample(
        run.model,
        run.assets,
        np.repeat(start[None], count, axis=0),
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
    rows = np.array(list(drawn), dtype="int32").reshape(-1, count).T
    return [_readable(tokenizer, row) for row in rows]


def stream(
    target: "str | Path | Run",
    prompt: str = "",
    *,
    max_tokens: int = 500,
    temperature: float = TEMPERATURE,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 1,
) -> Iterator[str]:
    """Yield one text in pieces as it is written; joined, they are the text of `generate`.

    Arguments and errors are those of `generate`.
    """
    run, tokenizer, start = _ready(target, prompt)
    drawn = _sample(
        run.model,
        run.assets,
        start[None],
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
    held: list[int] = []  # bytes of a character that is not whole yet
    for (token,) in drawn:
        held.append(int(token))
        if not tokenizer.decode(held).endswith(UNKNOWN):
            yield _readable(tokenizer, held)
            held.clear()
    rest = _readable(tokenizer, held)
    if rest:
        yield rest


def continuations(
    model: "keras.Model", assets: "Assets", prompts: Sequence[str], *, max_tokens: int, seed: int
) -> list[tuple[str, str]]:
    """Return each prompt with its continuation.

    Characters of a prompt that the model does not know are left out.

    Args:
        model: from ids to "logits".
        assets: with its tokenizer and sizes.
        prompts: beginnings of texts.
        max_tokens: how much is written.
        seed: of the draws.
    """
    tokenizer, pairs = assets.x["ids"].loaded, []
    for prompt in prompts:
        ids = tokenizer.encode(prompt or NEWLINE)
        ids = ids[ids != tokenizer.unknown_id]
        ids = ids if ids.size else tokenizer.encode(NEWLINE)
        drawn = _sample(model, assets, ids[None], max_tokens=max_tokens, seed=seed)
        pairs.append((prompt, _readable(tokenizer, (token for (token,) in drawn))))
    return pairs


def _readable(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """Return the text of generated ids without the sign for bytes that make no character."""
    return tokenizer.decode(ids).replace(UNKNOWN, "")


def _sample(
    model: "keras.Model",
    assets: "Assets",
    ids: np.ndarray,
    *,
    temperature: float = TEMPERATURE,
    **values: Any,
) -> Iterator[np.ndarray]:
    from zoo.decoding.sampling import sample

    tokenizer = assets.x["ids"].loaded
    return sample(
        model,
        ids,
        context_length=assets.sizes["context_length"],
        temperature=temperature,
        forbidden=tuple({tokenizer.unknown_id, *tokenizer.kept_ids}),
        **values,
    )


def _ready(target: Any, prompt: str) -> tuple["Run", Tokenizer, np.ndarray]:
    """Return the run, its tokenizer and the prompt's ids, before Keras is loaded."""
    from recipes.runs.run import load_run

    run = load_run(target)
    if run.recipe.task.name != TASK:
        raise RunError(
            f"{run.name} is not a language model; its task is {run.recipe.task.name}.",
            expected=f"a model of the task {TASK}",
            fix=f"`zoo list --task {TASK}` shows the models, `zoo recipes list` how to train one",
        )
    tokenizer = run.assets.x["ids"].loaded
    _check_prompt(prompt, tokenizer.to_dict())
    return run, tokenizer, tokenizer.encode(prompt or NEWLINE)


def _check_prompt(prompt: str, state: Mapping[str, Any]) -> None:
    """Raise DataError that names what a tokenizer of characters does not know."""
    if state["kind"] != "character":
        return  # byte pairs know every text
    known = state["characters"]
    unknown = [sign for sign in dict.fromkeys(prompt or NEWLINE) if sign not in known]
    if unknown:
        raise DataError(
            f"The model does not know {', '.join(map(repr, unknown[:10]))}: it was trained on "
            f"{len(known)} characters, and the prompt has others.",
            expected=f"characters among {known!r}",
            fix="write the prompt with those characters",
        )
