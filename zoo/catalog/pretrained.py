"""Weights that others trained: the places named are the authors' own.

Names, preprocessing, licences and figures are those that the places state. For ImageNet the figure is
the top-1 accuracy on its 50,000 validation images at the resolution named. A licence speaks of the
weights; the pictures that they were trained on have their own terms.
"""

from dataclasses import replace
from typing import Any

from zoo.cards import HubSource, ImagePreprocessing, PretrainedCard, UrlSource
from zoo.catalog.image.photographs import IMAGENET, SIGNED
from zoo.catalog.keras_applications import KERAS_APPLICATIONS
from zoo.catalog.language_models import LANGUAGE_MODELS
from zoo.catalog.published_speech import PUBLISHED_SPEECH
from zoo.catalog.text_encoders import TEXT_ENCODERS
from zoo.catalog.torchvision import torchvision_sources

_RESULTS = (
    "https://github.com/huggingface/pytorch-image-models/blob/0173a139/results/results-imagenet.csv"
)
_UNIT = ImagePreprocessing(scale=1 / 255, mean=(0.0,), deviation=(1.0,))
_COMMERCIAL = {"Apache-2.0": "yes", "BSD-3-Clause": "yes", "BSD-2-Clause": "yes", "MIT": "yes"}
_COMMERCIAL |= {"CC-BY-NC-4.0": "no"}
_AUTHORS = {
    "timm": "timm, https://github.com/huggingface/pytorch-image-models",
    "torchvision": "torchvision, https://github.com/pytorch/vision",
    "pycls": "Meta AI, https://github.com/facebookresearch/pycls",
    "ConvNeXt": "Meta AI, https://github.com/facebookresearch/ConvNeXt",
    "ConvNeXt V2": "Meta AI, https://github.com/facebookresearch/ConvNeXt-V2",
    "DeiT": "Meta AI, https://github.com/facebookresearch/deit",
    "Swin": "Microsoft, https://github.com/microsoft/Swin-Transformer",
    "ViT": "Google, https://github.com/google-research/vision_transformer",
    "PoolFormer": "Sea AI Lab, https://github.com/sail-sg/poolformer",
    "ConvMixer": "https://github.com/locuslab/convmixer",
    "TPU": "Google, https://github.com/tensorflow/tpu",
    "TensorFlow": "Google, https://github.com/tensorflow/models",
    "MIIL": "Alibaba DAMO Academy, https://github.com/Alibaba-MIIL/ImageNet21K",
    "RepVGG": "https://github.com/DingXiaoH/RepVGG",
    "GhostNet": "Huawei, https://github.com/huawei-noah/Efficient-AI-Backbones",
    "CVNets": "Apple, https://github.com/apple/ml-cvnets",
}


def _timm(
    origin: str,
    *,
    rows: tuple[tuple[str, float, int, float], ...],
    licence: str = "Apache-2.0",
    interpolation: str = "bicubic",
    values: ImagePreprocessing = IMAGENET,
    repo: str = "{model}.{tag}",
) -> tuple[PretrainedCard, ...]:
    """Return the cards of weights that timm's own repositories on the Hub hold, and torchvision's own.

    Args:
        origin: who trained them, a key of `_AUTHORS`.
        rows: name, top-1 accuracy, side of the images, share of the crop.
        licence: as the repositories state it.
        interpolation: of the resize.
        values: scale, mean and deviation of the pixels.
        repo: the repository after "timm/".
    """
    cards = []
    for name, value, side, crop in rows:
        model, _, tag = name.partition(".")
        cards.append(
            PretrainedCard(
                name=name,
                model=model,
                sources=(
                    HubSource(f"timm/{repo.format(model=model, tag=tag)}", "model.safetensors"),
                    *torchvision_sources(name),
                ),
                preprocessing=replace(values, crop_share=crop, interpolation=interpolation),
                classes="imagenet_1k",
                licence=licence,
                commercial=_COMMERCIAL.get(licence, "not stated"),
                origin=_AUTHORS[origin],
                metric="accuracy",
                value=value,
                data="imagenet_1k",
                resolution=side,
                stated_at=_RESULTS,
            )
        )
    return tuple(cards)


_AKAMASTER = "https://github.com/akamaster/pytorch_resnet_cifar10"


def _cifar(
    depth: int,
    digits: str,
    error: float,
    *,
    sha256: str | None = None,
    measured: dict[str, Any] | None = None,
) -> PretrainedCard:
    """Return the card of a CIFAR-10 ResNet; its file is named after first digits of its SHA-256."""
    file = f"resnet{depth}-{digits}.th"
    return PretrainedCard(
        name=f"resnet{depth}.cifar10_akamaster",
        model=f"resnet{depth}",
        sources=(UrlSource(f"{_AKAMASTER}/raw/master/pretrained_models/{file}", sha256, digits),),
        preprocessing=ImagePreprocessing(
            scale=IMAGENET.scale, mean=IMAGENET.mean, deviation=IMAGENET.deviation
        ),
        classes="cifar10",
        licence="BSD-2-Clause",
        commercial="yes",
        origin=f"Yerlan Idelbayev, {_AKAMASTER}",
        metric="accuracy",
        value=round(1 - error, 4),
        data="cifar10",
        resolution=32,
        stated_at=_AKAMASTER,
        measured=measured,
    )


_MLPERF = "https://github.com/mlcommons/tiny"
_HERE = {
    "on": "the first 1,000 test images of CIFAR-10",
    "here": "tests/parity/test_real_weights.py",
}

PRETRAINED: tuple[PretrainedCard, ...] = (
    _cifar(
        20,
        "12fca82f",
        0.0827,
        sha256="12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8",
        measured={"value": 0.915, "low": 0.8964, "high": 0.9314, **_HERE},
    ),
    _cifar(32, "d509ac18", 0.0737),
    _cifar(44, "014dd654", 0.0690),
    _cifar(
        56,
        "4bfd9763",
        0.0661,
        measured={"value": 0.926, "low": 0.9084, "high": 0.9414, **_HERE},
    ),
    _cifar(110, "1d1ed7c2", 0.0632),
    PretrainedCard(
        name="resnet8.cifar10_mlperf_tiny",
        model="resnet8",
        sources=(
            UrlSource(
                f"{_MLPERF}/raw/master/benchmark/training/image_classification/trained_models/"
                "pretrainedResnet.h5",
                "5f938a8eea605438cc7360aa13c987bc6d7bd0c8d931b2917361ae7ae4eeda2f",
            ),
        ),
        preprocessing=ImagePreprocessing(scale=1.0, mean=(0.0,), deviation=(1.0,)),
        classes="cifar10",
        licence="Apache-2.0",
        commercial="yes",
        origin=f"MLPerf Tiny, {_MLPERF}",
        measured={
            "value": 0.881,
            "low": 0.8593,
            "high": 0.9004,
            **_HERE,
            "here": "tests/parity/test_resnet8.py",
        },
    ),
    # --- ImageNet-1k
    *_timm(
        "timm",
        rows=(
            ("resnet18.a1_in1k", 0.73158, 288, 1.0),
            ("resnet34.a1_in1k", 0.77918, 288, 1.0),
            ("resnet50.a1_in1k", 0.81214, 288, 1.0),
            ("resnet101.a1_in1k", 0.82322, 288, 1.0),
            ("resnet152.a1_in1k", 0.82732, 288, 1.0),
            ("resnet18d.ra2_in1k", 0.73794, 288, 0.95),
            ("resnet34d.ra2_in1k", 0.78436, 288, 0.95),
            ("resnet50d.a1_in1k", 0.81450, 288, 1.0),
            ("resnet101d.ra2_in1k", 0.83016, 320, 1.0),
            ("resnext50_32x4d.a1_in1k", 0.81466, 288, 1.0),
            ("seresnet50.a1_in1k", 0.81102, 288, 1.0),
            ("mobilenetv2_050.lamb_in1k", 0.65950, 224, 0.875),
            ("mobilenetv2_100.ra_in1k", 0.72976, 224, 0.875),
            ("mobilenetv2_140.ra_in1k", 0.76520, 224, 0.875),
            ("mobilenetv3_large_100.ra_in1k", 0.75766, 224, 0.875),
            ("mobilenetv3_small_100.lamb_in1k", 0.67656, 224, 0.875),
            ("efficientnet_b0.ra_in1k", 0.77694, 224, 0.875),
            ("efficientnet_b1.ft_in1k", 0.78800, 256, 1.0),
            ("efficientnet_b2.ra_in1k", 0.80610, 288, 1.0),
            ("efficientnet_b3.ra2_in1k", 0.82242, 320, 1.0),
            ("efficientnetv2_rw_s.ra2_in1k", 0.83808, 384, 1.0),
            ("mnasnet_100.rmsp_in1k", 0.74650, 224, 0.875),
            ("convnext_atto.d2_in1k", 0.77008, 288, 0.95),
            ("convnext_femto.d1_in1k", 0.78716, 288, 0.95),
            ("convnext_pico.d1_in1k", 0.80414, 288, 0.95),
            ("convnext_nano.d1h_in1k", 0.81482, 288, 1.0),
            ("convnext_nano.in12k_ft_in1k", 0.82862, 288, 1.0),
            ("convnext_tiny.in12k_ft_in1k", 0.84450, 288, 1.0),
            ("densenet121.ra_in1k", 0.76500, 288, 0.95),
            ("regnety_032.ra_in1k", 0.82728, 288, 1.0),
        ),
    ),
    *_timm(
        "torchvision",
        licence="BSD-3-Clause",
        interpolation="bilinear",
        rows=(
            ("resnet18.tv_in1k", 0.69760, 224, 0.875),
            ("resnet50.tv_in1k", 0.76130, 224, 0.875),
            ("resnet50.tv2_in1k", 0.80850, 224, 0.965),
            ("resnet101.tv2_in1k", 0.81890, 224, 0.965),
            ("resnet152.tv2_in1k", 0.82288, 224, 0.965),
            ("resnext50_32x4d.tv_in1k", 0.77618, 224, 0.875),
            ("resnext101_32x8d.tv2_in1k", 0.82832, 224, 0.965),
            ("wide_resnet50_2.tv2_in1k", 0.81606, 224, 0.965),
            ("vgg11.tv_in1k", 0.69022, 224, 0.875),
            ("vgg13.tv_in1k", 0.69932, 224, 0.875),
            ("vgg16.tv_in1k", 0.71592, 224, 0.875),
            ("vgg19.tv_in1k", 0.72378, 224, 0.875),
            ("vgg11_bn.tv_in1k", 0.70382, 224, 0.875),
            ("vgg16_bn.tv_in1k", 0.73370, 224, 0.875),
            ("vgg19_bn.tv_in1k", 0.74216, 224, 0.875),
        ),
    ),
    *_timm(
        "MIIL",
        interpolation="bilinear",
        values=_UNIT,
        rows=(("mobilenetv3_large_100.miil_in21k_ft_in1k", 0.77918, 224, 0.875),),
    ),
    *_timm(
        "TPU",
        values=SIGNED,
        repo="tf_{model}.{tag}",
        rows=(
            ("efficientnet_lite0.in1k", 0.74830, 224, 0.875),
            ("efficientnet_lite1.in1k", 0.76644, 240, 0.882),
            ("efficientnet_lite2.in1k", 0.77464, 260, 0.89),
        ),
    ),
    *_timm(
        "GhostNet",
        rows=(("ghostnet_100.in1k", 0.73982, 224, 0.875),),
    ),
    *_timm(
        "ConvNeXt",
        rows=(
            ("convnext_tiny.fb_in1k", 0.82698, 288, 1.0),
            ("convnext_small.fb_in1k", 0.83700, 288, 1.0),
            ("convnext_base.fb_in1k", 0.84428, 288, 1.0),
        ),
    ),
    *_timm(
        "ViT",
        values=SIGNED,
        repo="{model}_224.{tag}",
        rows=(
            ("vit_tiny_patch16.augreg_in21k_ft_in1k", 0.75454, 224, 0.9),
            ("vit_small_patch16.augreg_in21k_ft_in1k", 0.81384, 224, 0.9),
            ("vit_small_patch32.augreg_in21k_ft_in1k", 0.75994, 224, 0.9),
            ("vit_base_patch16.augreg_in21k_ft_in1k", 0.84532, 224, 0.9),
            ("vit_base_patch32.augreg_in21k_ft_in1k", 0.80716, 224, 0.9),
            ("mixer_b16.goog_in21k_ft_in1k", 0.76602, 224, 0.875),
        ),
    ),
    *_timm(
        "DeiT",
        repo="{model}_224.{tag}",
        rows=(
            ("deit_tiny_patch16.fb_in1k", 0.72172, 224, 0.9),
            ("deit_small_patch16.fb_in1k", 0.79844, 224, 0.9),
            ("deit_base_patch16.fb_in1k", 0.81992, 224, 0.9),
        ),
    ),
    *_timm(
        "Swin",
        licence="MIT",
        repo="{model}_224.{tag}",
        rows=(
            ("swin_tiny_patch4_window7.ms_in1k", 0.81376, 224, 0.9),
            ("swin_small_patch4_window7.ms_in1k", 0.83208, 224, 0.9),
            ("swin_base_patch4_window7.ms_in1k", 0.83606, 224, 0.9),
        ),
    ),
    *_timm(
        "torchvision",
        rows=(
            ("densenet121.tv_in1k", 0.74764, 224, 0.875),
            ("densenet169.tv_in1k", 0.75900, 224, 0.875),
            ("densenet201.tv_in1k", 0.77286, 224, 0.875),
        ),
    ),
    *_timm(
        "torchvision",
        values=SIGNED,
        rows=(("inception_v3.tv_in1k", 0.77434, 299, 0.875),),
    ),
    *_timm(
        "TensorFlow",
        values=SIGNED,
        rows=(("inception_v3.tf_in1k", 0.77862, 299, 0.875),),
    ),
    *_timm(
        "pycls",
        licence="MIT",
        rows=(
            ("regnetx_002.pycls_in1k", 0.68746, 224, 0.875),
            ("regnetx_004.pycls_in1k", 0.72398, 224, 0.875),
            ("regnety_002.pycls_in1k", 0.70278, 224, 0.875),
            ("regnety_008.pycls_in1k", 0.76302, 224, 0.875),
        ),
    ),
    *_timm(
        "torchvision",
        licence="BSD-3-Clause",
        rows=(
            ("regnetx_008.tv2_in1k", 0.77304, 224, 0.965),
            ("regnetx_032.tv2_in1k", 0.80926, 224, 0.965),
            ("regnety_004.tv2_in1k", 0.75598, 224, 0.965),
        ),
    ),
    *_timm(
        "ConvMixer",
        licence="MIT",
        rows=(
            ("convmixer_768_32.in1k", 0.80168, 224, 0.96),
            ("convmixer_1024_20_ks9_p14.in1k", 0.76936, 224, 0.96),
        ),
    ),
    *_timm(
        "PoolFormer",
        rows=(
            ("poolformer_s12.sail_in1k", 0.77234, 224, 0.9),
            ("poolformer_s24.sail_in1k", 0.80296, 224, 0.9),
        ),
    ),
    *_timm(
        "ConvNeXt V2",
        licence="CC-BY-NC-4.0",
        rows=(
            ("convnextv2_atto.fcmae_ft_in1k", 0.77760, 288, 0.95),
            ("convnextv2_femto.fcmae_ft_in1k", 0.79338, 288, 0.95),
            ("convnextv2_pico.fcmae_ft_in1k", 0.81086, 288, 0.95),
            ("convnextv2_nano.fcmae_ft_in1k", 0.82486, 288, 1.0),
            ("convnextv2_tiny.fcmae_ft_in1k", 0.83464, 288, 1.0),
        ),
    ),
    *_timm(
        "CVNets",
        licence="not stated",
        values=_UNIT,
        rows=(
            ("mobilevit_xs.cvnets_in1k", 0.74636, 256, 0.9),
            ("mobilevit_s.cvnets_in1k", 0.78312, 256, 0.9),
        ),
    ),
    *KERAS_APPLICATIONS,
    *PUBLISHED_SPEECH,
    *TEXT_ENCODERS,
    *LANGUAGE_MODELS,
)
