"""What a recipe says of the encoder of one input of a fusion: values only, strict and frozen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self, final

from zoo import registry
from zoo.errors import ArgumentError

ARGUMENT = "encoders"  # the argument of a builder that joins several


@final
@dataclass(frozen=True)
class EncoderValues:
    """An encoder: a model, and the trained weights that it begins with.

    Attributes:
        name: of the model.
        arguments: of its builder.
        weights: a name, the second part of one, or the folder of a run; None for random numbers.
        sha256: checksum of these weights; None until training begins with them.
        frozen: keep the weights as they are, and batch normalization in inference mode.

    >>> EncoderValues.parse("image", {"name": "resnet50", "weights": "a1_in1k"}).frozen
    False
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weights: str | None = None
    sha256: str | None = None
    frozen: bool = False

    @classmethod
    def parse(cls, input_name: str, asked: Any) -> Self:
        """Return the values that a recipe gives for an input, the name of a model or a mapping.

        Raises:
            UnknownNameError: there is no such model.
            ArgumentError: it is neither, a key is unknown, or a value is of another type.
        """
        values = {"name": asked} if isinstance(asked, str) else asked
        if not isinstance(values, Mapping) or not isinstance(values.get("name"), str):
            raise ArgumentError(
                f"encoders.{input_name}={asked!r} does not name a model.",
                expected='"resnet18" or {"name": "resnet18", "arguments": {…}}',
                fix="zoo list shows the models",
            )
        known = [item.name for item in fields(cls)]
        registry.check_arguments(
            f"encoders.{input_name}", values, known, fix=f"give some of: {', '.join(known)}"
        )
        found = cls(**{k: v for k, v in values.items() if v is not None})
        found._check(input_name)
        registry.model_card(found.name)
        return found

    def _check(self, input_name: str) -> None:
        kinds = {"arguments": (Mapping, "a mapping"), "frozen": (bool, "true or false")}
        kinds |= dict.fromkeys(("weights", "sha256"), (str | None, "a text"))
        for key, (kind, word) in kinds.items():
            value = getattr(self, key)
            if not isinstance(value, kind):
                raise ArgumentError(
                    f"encoders.{input_name}.{key}={value!r} is not {word}.", expected=word
                )
        if self.frozen and not self.weights:
            raise ArgumentError(
                f"encoders.{input_name}.frozen=True would keep random numbers.",
                expected="frozen together with weights",
                fix=f"set encoders.{input_name}.weights; zoo list --pretrained shows some",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the values of a recipe."""
        return asdict(self)


def encoder_values(arguments: Mapping[str, Any]) -> dict[str, EncoderValues]:
    """Return the encoders that the arguments of a model name, by input; those left out are not there.

    Raises:
        UnknownNameError, ArgumentError: as `EncoderValues.parse`.

    >>> list(encoder_values({"encoders": {"image": "resnet18"}}))
    ['image']
    """
    asked = arguments.get(ARGUMENT)
    if asked is None:
        return {}
    if not isinstance(asked, Mapping):
        raise ArgumentError(
            f"encoders={asked!r} does not say which encoder each input has.",
            expected='{"image": "resnet18", "audio": {"name": "ds_cnn_s", "arguments": {…}}}',
            fix="leave it out to take the usual ones",
        )
    return {
        name: EncoderValues.parse(name, each) for name, each in asked.items() if each is not None
    }
