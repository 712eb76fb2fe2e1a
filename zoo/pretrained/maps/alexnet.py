"""Names of AlexNet: torchvision's."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            **{
                f"features.{theirs}": f"conv{index}"
                for index, theirs in enumerate((0, 3, 6, 8, 10), start=1)
            },
            "classifier.1": "fc6",
            "classifier.4": "fc7",
            "classifier.6": "head_logits",
        }
    )
}
