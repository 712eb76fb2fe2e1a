"""Rules from the tensor names of other projects to the layers of a model."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_PLACE = re.compile(r"\{(\w+)([+-]\d+)?\}")


@dataclass(frozen=True)
class NameMap:
    """How one project names the parts of a family.

    Attributes:
        rules: from their module, "layer{s}.{b}.conv{i}", to our layer, "stage{s}_block{b+1}_{i}_conv".
            A name in braces stands for a whole number; ours may add to it. A single tensor of theirs
            goes to "LAYER/VARIABLE". A layer of the head begins with "head_".
        style: how their tensors are laid out, "torch" or "keras".
        ignored: patterns of their tensors that a model does not need, as regular expressions.
        averaged: a module of theirs, and the one with which they average its outputs, such as the two
            heads of a distilled network. Both must be linear: ours is one layer with the mean numbers.
        summed: a tensor of theirs, as rules name modules, and the one that theirs is added to, such as
            the two biases of a recurrent layer.
    """

    rules: Mapping[str, str]
    style: str = "torch"
    ignored: tuple[str, ...] = ()
    averaged: Mapping[str, str] = field(default_factory=dict)
    summed: Mapping[str, str] = field(default_factory=dict)

    def target(self, module: str) -> str | None:
        """Return the layer that a module of theirs goes to, or None where no rule fits.

        >>> NameMap({"layer{s}.{b}.conv{i}": "stage{s}_block{b+1}_{i}_conv"}).target("layer2.0.conv1")
        'stage2_block1_1_conv'
        """
        return _translated(self.rules, module)

    def with_averages(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return tensors in which each averaged module is merged into the other.

        >>> NameMap({}, averaged={"dist": "head"}).with_averages({"head.bias": 1.0, "dist.bias": 3.0})
        {'head.bias': 2.0}
        """
        merged = dict(tensors)
        for module, other in self.averaged.items():
            for name in [name for name in merged if name.startswith(f"{module}.")]:
                partner = other + name.removeprefix(module)
                if partner in merged and np.shape(merged[partner]) == np.shape(merged[name]):
                    merged[partner] = (merged[partner] + merged.pop(name)) / 2
        return merged

    def with_sums(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return tensors in which each summed one is added to the other.

        >>> NameMap({}, summed={"rnn.b{i}": "rnn.a{i}"}).with_sums({"rnn.a0": 1.0, "rnn.b0": 2.0})
        {'rnn.a0': 3.0}
        """
        merged = dict(tensors)
        for name in tensors:
            partner = _translated(self.summed, name)
            if partner in merged and np.shape(merged[partner]) == np.shape(merged[name]):
                merged[partner] = merged[partner] + merged.pop(name)
        return merged

    def is_ignored(self, name: str) -> bool:
        """Tell whether a model does not need a tensor of theirs."""
        return any(re.fullmatch(pattern, name) for pattern in (*_COUNTERS, *self.ignored))


_COUNTERS = (r".*num_batches_tracked",)


def _translated(rules: Mapping[str, str], name: str) -> str | None:
    for theirs, ours in rules.items():
        match = _pattern(theirs).fullmatch(name)
        if match:
            return _filled(ours, {key: int(value) for key, value in match.groupdict().items()})
    return None


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return the regular expression of a template; a number that is named twice must be the same."""
    parts, end, seen = [], 0, set()
    for place in _PLACE.finditer(template):
        name = place[1]
        parts += [re.escape(template[end : place.start()])]
        parts += [f"(?P={name})" if name in seen else rf"(?P<{name}>\d+)"]
        seen.add(name)
        end = place.end()
    return re.compile("".join([*parts, re.escape(template[end:])]))


def _filled(template: str, numbers: Mapping[str, int]) -> str:
    return _PLACE.sub(lambda place: str(numbers[place[1]] + int(place[2] or 0)), template)
