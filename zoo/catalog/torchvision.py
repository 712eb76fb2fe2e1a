"""Files of torchvision, by the names of published weights.

A file is named after the first eight hex digits of its SHA-256; more of it is not published. The names
are those of torchvision 0.24 (torchvision/models/*.py).
"""

from zoo.cards import UrlSource

_PLACE = "https://download.pytorch.org/models"
_FILES = {
    "resnet18.tv_in1k": "resnet18-f37072fd",
    "resnet50.tv_in1k": "resnet50-0676ba61",
    "resnet50.tv2_in1k": "resnet50-11ad3fa6",
    "resnet101.tv2_in1k": "resnet101-cd907fc2",
    "resnet152.tv2_in1k": "resnet152-f82ba261",
    "resnext50_32x4d.tv_in1k": "resnext50_32x4d-7cdf4587",
    "resnext101_32x8d.tv2_in1k": "resnext101_32x8d-110c445d",
    "wide_resnet50_2.tv2_in1k": "wide_resnet50_2-9ba9bcbe",
    "vgg11.tv_in1k": "vgg11-8a719046",
    "vgg13.tv_in1k": "vgg13-19584684",
    "vgg16.tv_in1k": "vgg16-397923af",
    "vgg19.tv_in1k": "vgg19-dcbb9e9d",
    "vgg11_bn.tv_in1k": "vgg11_bn-6002323d",
    "vgg16_bn.tv_in1k": "vgg16_bn-6c64b313",
    "vgg19_bn.tv_in1k": "vgg19_bn-c79401a0",
    "densenet121.tv_in1k": "densenet121-a639ec97",
    "densenet169.tv_in1k": "densenet169-b2777c0a",
    "densenet201.tv_in1k": "densenet201-c1103571",
    "regnetx_008.tv2_in1k": "regnet_x_800mf-94a99ebd",
    "regnetx_032.tv2_in1k": "regnet_x_3_2gf-7071aa85",
    "regnety_004.tv2_in1k": "regnet_y_400mf-e6988f5f",
}


def torchvision_sources(name: str) -> tuple[UrlSource, ...]:
    """Return torchvision's own place of a weight, or nothing where there is none."""
    if name not in _FILES:
        return ()
    file = _FILES[name]
    digits = file.rpartition("-")[2]
    return (UrlSource(f"{_PLACE}/{file}.pth", sha256_prefix=digits),)
