"""Train a small run that kills itself: the other half of test_resume.py.

    python killed.py RUN_DIR RESUME WHERE AFTER [RECIPE]

WHERE is "batch" (in the middle of an epoch), "write" (a file is written beside but not renamed) or
"renamed" (the checkpoint stands, the logs do not); AFTER counts those moments. "never" trains on.
With "step" or "step write" there is a checkpoint after every step, and the process dies after one or
while one is written.
"""

import os
import signal
import sys
from pathlib import Path

SMALL = {
    "data.max_examples": 240,
    "model.arguments": {"widths": [4, 8], "dropout_rate": 0.2},
    "regularization.dropout_rate": 0.3,
    "regularization.auto_augment": "trivial",
    "regularization.mixup_alpha": 0.2,
    "regularization.cutmix_alpha": 1.0,
    "regularization.averaging_decay": 0.9,
    "regularization.early_stopping_patience": 5,
    "training.epochs": 8,
    "training.batch_size": 32,
    "training.select": "best",
}


def die() -> None:
    """End this process as the kernel would when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


_SHORT = {
    "data.max_examples": 160,
    "regularization.averaging_decay": 0.9,
    "training.epochs": 6,
    "training.steps_per_epoch": 5,
    "training.batch_size": 16,
    "training.select": "best",
}
SMALL_OF = {  # every kind of run, each with all that draws random numbers in its modality
    "image/digits-cnn": SMALL,
    "text/docstrings-textcnn": _SHORT
    | {
        "model.arguments": {"embedding_dim": 8, "num_filters": 8},
        "regularization.dropout_rate": 0.3,
        "regularization.embedding_dropout_rate": 0.2,
        "regularization.word_dropout_rate": 0.2,
        "regularization.r_drop_alpha": 1.0,
    },
    "text/pydoc-gpt": _SHORT
    | {
        "regularization.r_drop_alpha": 1.0,
        "data.max_examples": 12,
        "model.arguments": {"num_layers": 1, "num_heads": 2, "hidden_dim": 16},
        "task.arguments": {"tokenizer": "character", "context_length": 16},
        "regularization.embedding_dropout_rate": 0.1,
        "regularization.layer_dropout_rate": 0.1,
    },
    "speech/vowels-dscnn": _SHORT
    | {
        "regularization.speed_change": 0.1,
        "regularization.time_shift_ms": 50.0,
        "regularization.noise_probability": 0.8,
        "regularization.frequency_masks": 2,
        "regularization.frequency_mask_width": 5,
        "regularization.time_masks": 2,
        "regularization.time_mask_width": 8,
        "regularization.dropout_rate": 0.2,
    },
    "speech/formant_digits-deep-speech2": _SHORT
    | {
        "model.arguments": {"num_filters": 4, "hidden_dim": 8, "num_layers": 1},
        "task.arguments": {"tokenizer": "subword", "vocabulary_size": 40, "beam_width": 2}
        | {"lm_order": 2, "lm_weight": 0.5, "word_bonus": 1.0},  # choosing them takes minutes
    },
}


def arm(where: str, after: int) -> None:
    """Make the process kill itself at the chosen moment."""
    import recipes.training.callbacks as callbacks

    callbacks.CHECKPOINT_SECONDS = 0  # these epochs are short
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if count >= after:
            die()

    if where in ("batch", "step"):
        recorded = callbacks.Recorder.on_train_batch_end

        def on_train_batch_end(self, batch, logs=None):
            recorded(self, batch, logs)
            if batch + 1 > self.passed_over:
                tick()

        callbacks.Recorder.on_train_batch_end = on_train_batch_end
    elif where in ("write", "step write"):
        rename = Path.replace

        def replace(self, target):
            if Path(target).name == "last.safetensors":
                tick()
            return rename(self, target)

        Path.replace = replace
    elif where == "renamed":
        write = callbacks.write_csv

        def write_csv(path, history):
            tick()
            write(path, history)

        callbacks.write_csv = write_csv


if __name__ == "__main__":
    run_dir, resume, where, after, *recipe = sys.argv[1:]
    from recipes.training.train import train

    arm(where, int(after))
    name = recipe[0] if recipe else "image/digits-cnn"
    train(
        name,
        run_dir=run_dir,
        resume=resume == "resume",
        checkpoint_minutes=1e-9 if where.startswith("step") else 10,
        progress=False,
        **SMALL_OF[name],
    )
