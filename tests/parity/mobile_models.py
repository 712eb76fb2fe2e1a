"""What the parity tests of mobile networks share."""

import numpy as np

from zoo.weights import tensor_keys


def random_statistics(network, seed=0):
    """Draw every scale, offset and statistic of a Keras network so that each of them is seen."""
    generator = np.random.default_rng(seed)
    for layer in network.layers:
        if layer.name.startswith("normalization"):
            continue  # is preprocessing
        for variable in layer.weights:
            if len(variable.shape) == 1:
                low = 0.6 if variable.name in ("gamma", "moving_variance") else -0.2
                variable.assign(generator.uniform(low, low + 0.8, variable.shape))


def keras_tensors(network):
    """Return the tensors of a Keras network as its file names them."""
    return {
        f"{layer.name}/{variable.name}": np.asarray(variable)
        for layer in network.layers
        for variable in layer.weights
    }


def assert_names_reach(model, maps):
    """Check that the rules of each map, of up to 14 stages and 8 blocks, reach every layer."""
    layers = {key.split("/")[-2] for key in tensor_keys(model)}
    numbers = [{"s": stage, "b": block} for stage in range(14) for block in range(8)]
    for names in maps:
        theirs = {rule.format(**values) for rule in names.rules for values in numbers}
        reached = {names.target(name) for name in theirs}
        assert layers <= reached, sorted(layers - reached)


def h5_tensors(path):
    """Return the tensors of a Keras 2 file, "LAYER/VARIABLE"."""
    import h5py

    tensors = {}

    def add(name, value):
        if hasattr(value, "shape"):
            layer, *_, variable = name.split("/")
            tensors[f"{layer}/{variable.partition(':')[0]}"] = np.asarray(value)

    with h5py.File(path) as file:
        file["model_weights"].visititems(add)
    return tensors


def assign(network, tensors):
    """Put tensors by "LAYER/VARIABLE" into a Keras network of the same names."""
    names = keras_tensors(network)
    for layer in network.layers:
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name}"
            theirs = tensors.get(name, tensors.get(f"{layer.name}/depthwise_{variable.name}"))
            variable.assign(theirs)
    assert len(names) == len(tensors)
