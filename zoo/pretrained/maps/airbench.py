"""Names of AirBench's network: those of its authors' sequence of modules."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            "0": "whiten_conv",
            "{i}.conv{j}": "block{i-1}_{j}_conv",
            "{i}.norm{j}": "block{i-1}_{j}_norm",
            "7": "head_logits",
        },
        ignored=(r"\d+\.norm\d\.weight",),  # ones, never trained
    )
}
