"""Corruptions at every severity, beside independent implementations where there are some."""

import io
import itertools

import numpy as np
import pytest
from matplotlib import colors
from PIL import Image as Pillow
from PIL import ImageFilter
from rapidfuzz.distance import Levenshtein
from scipy import signal
from sklearn.datasets import load_sample_image

from zoo.columns import Audio, Image, Text, Vector
from zoo.errors import ArgumentError, UnknownNameError
from zoo.transforms.corruptions import SEVERITIES, chosen, corruptions, fields

IMAGES, SOUNDS = corruptions(Image()), corruptions(Audio(8000))
TEXTS = corruptions(Text())
RATE = 8000


def picture(side: int, channels: int = 3) -> np.ndarray:
    """Return a photograph, uint8 (side, side, channels)."""
    cut = Pillow.fromarray(load_sample_image("china.jpg")).crop((200, 20, 600, 420))
    small = cut.resize((side, side), Pillow.Resampling.BOX)
    return np.asarray(small if channels == 3 else small.convert("L")).reshape(side, side, channels)


def tone() -> np.ndarray:
    """Return a second of three partials that fades."""
    t = np.arange(RATE) / RATE
    partials = sum(np.sin(2 * np.pi * f * t) for f in (220, 900, 2500)) / 4
    return (partials * np.exp(-2 * t)).astype("float32")


def differences(corruption, value, seeds=range(3)) -> list[float]:
    """Return the mean squared difference from the value at each severity."""
    return [
        float(
            np.mean(
                [
                    np.mean((corruption(value, severity=s, seed=k) - value.astype("float64")) ** 2)
                    for k in seeds
                ]
            )
        )
        for s in SEVERITIES
    ]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("side, channels", [(64, 3), (28, 1), (8, 1)])
def test_images_keep_their_form_and_differ_more_at_each_severity(name, side, channels):
    image = picture(side, channels)
    before = image.copy()
    for severity in SEVERITIES:
        found = IMAGES[name](image, severity=severity, seed=4)
        assert (found.shape, found.dtype) == (image.shape, np.uint8)
        np.testing.assert_array_equal(found, IMAGES[name](image, severity=severity, seed=4))
    np.testing.assert_array_equal(image, before)
    rising = differences(IMAGES[name], image)
    if side == 64:
        assert all(a < b for a, b in itertools.pairwise(rising)), rising
    assert 0 < rising[0] < rising[-1]


def test_images_need_not_be_square():
    image = picture(64)[:40]
    for corruption in IMAGES.values():
        assert corruption(image, severity=5).shape == (40, 64, 3)


@pytest.mark.parametrize("name", [name for name in SOUNDS if name != "speed"])
def test_sounds_keep_their_form_and_differ_more_at_each_severity(name):
    sound = tone()
    for severity in SEVERITIES:
        found = SOUNDS[name](sound, severity=severity, seed=(4, 2))
        assert (found.shape, found.dtype) == (sound.shape, np.float32)
        assert np.abs(found).max() <= 1
        np.testing.assert_array_equal(found, SOUNDS[name](sound, severity=severity, seed=(4, 2)))
    rising = differences(SOUNDS[name], sound)
    assert all(0 < a < b for a, b in itertools.pairwise(rising)), rising


def test_speed_moves_the_pitch_and_the_length_together():
    sound = np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE).astype("float32")
    for severity in SEVERITIES:
        found = SOUNDS["speed"](sound, severity=severity, seed=1)
        factor = len(sound) / len(found)
        heard = np.abs(np.fft.rfft(found)).argmax() * RATE / len(found)
        assert abs(heard - 500 * factor) < 2
    assert abs(np.log(factor)) == pytest.approx(np.log(1.3), abs=1e-3)


def test_silence_and_short_sounds_are_taken():
    for corruption in SOUNDS.values():
        assert np.isfinite(corruption(np.zeros(1, "float32"), severity=5)).all()
        assert np.isfinite(corruption(np.zeros(0, "float32"), severity=1)).all()


@pytest.mark.parametrize("name", TEXTS)
def test_texts_differ_more_at_each_severity(name):
    text = (
        "I do not think that it is a good film, but we'll find a new story. They are happy to help; "
        "you can't buy a big house in this old city, and that's a hard problem to fix. "
    ) * 3
    changed = []
    for severity in SEVERITIES:
        found = TEXTS[name](text, severity=severity, seed=3)
        assert found == TEXTS[name](text, severity=severity, seed=3)
        changed.append(Levenshtein.distance(text, found))
    assert changed == sorted(changed)
    assert 0 < changed[0] < changed[-1]
    assert isinstance(TEXTS[name]("", severity=5), str)


def test_texts_say_what_they_should():
    full = {"severity": 5, "seed": 0}
    assert TEXTS["contractions"]("I'm sure. Do not go", **full) == "I am sure. Don't go"
    assert TEXTS["synonyms"]("A good Film", **full) == "A fine Movie"
    assert TEXTS["case"]("To be", **full) == "TO BE"
    assert TEXTS["dropped_words"]("word", **full) == "word"
    typos = TEXTS["typos"]("g" * 400, **full)
    assert set(typos) <= set("gfhtyvb") and 60 < 400 - typos.count("g") < 140


def test_severities_and_names_that_are_unknown_are_refused():
    for severity in (0, 6, True, 2.5):
        with pytest.raises(ArgumentError, match="severity"):
            IMAGES["fog"](picture(8), severity=severity)
    with pytest.raises(UnknownNameError, match="gaussian_noise"):
        chosen(IMAGES, ["gausian_noise"])
    assert list(chosen(IMAGES, "noise,fog")) == [
        *("gaussian_noise", "shot_noise", "impulse_noise", "fog")
    ]
    assert chosen(IMAGES, "all") == IMAGES
    assert corruptions(Vector()) == {}


def test_brightness_is_that_of_hsv():
    image = picture(32)
    hsv = colors.rgb_to_hsv(image / 255)
    hsv[..., 2] = np.clip(hsv[..., 2] + 0.3, 0, 1)
    expected = np.rint(colors.hsv_to_rgb(hsv) * 255)
    found = IMAGES["brightness"](image, severity=3).astype("float64")
    assert np.abs(found - expected).max() <= 1


def test_pixelate_and_jpeg_are_those_of_pillow():
    image, buffer = picture(40), io.BytesIO()
    small = Pillow.fromarray(image).resize((16, 16), Pillow.Resampling.BOX)
    expected = np.asarray(small.resize((40, 40), Pillow.Resampling.BOX))
    np.testing.assert_array_equal(IMAGES["pixelate"](image, severity=3), expected)
    Pillow.fromarray(image).save(buffer, "JPEG", quality=10)
    expected = np.asarray(Pillow.open(buffer))
    np.testing.assert_array_equal(IMAGES["jpeg_compression"](image, severity=4), expected)


def test_a_rotation_is_that_of_pillow_inside():
    image = picture(64)
    found = IMAGES["rotation"](image, severity=5, seed=0).astype("float64")
    turned = [
        np.asarray(Pillow.fromarray(image).rotate(angle, Pillow.Resampling.BILINEAR), "float64")
        for angle in (30, -30)
    ]
    inside = (slice(16, 48), slice(16, 48))
    assert min(np.abs(found - other)[inside].max() for other in turned) <= 2


def test_a_disk_has_the_variance_of_its_definition():
    found = fields.disk_kernel(4.0)
    reach = found.shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    assert found.sum() == pytest.approx(1)
    # r² / 2 of a disk; shares among pixels add 1/6 along each axis, the mean of f (1 - f)
    assert (found * (x**2 + y**2)).sum() == pytest.approx(4**2 / 2 + 1 / 3, abs=0.02)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    assert found[reach, reach] == pytest.approx(1 / (np.pi * 16), rel=0.01)


def test_a_large_kernel_filters_as_a_small_one_does():
    image = picture(32, 1) / 255
    kernel = np.zeros((9, 9))
    kernel[3:6, 3:6] = fields.disk_kernel(0.8)
    np.testing.assert_allclose(
        fields.filtered(image, kernel), fields.filtered(image, kernel[3:6, 3:6]), atol=1e-12
    )
    whole = signal.convolve2d(image[..., 0], kernel, mode="same", boundary="symm")
    np.testing.assert_allclose(fields.filtered(image, kernel)[..., 0], whole, atol=1e-12)


def test_noise_has_the_ratio_that_it_says():
    generator = np.random.default_rng(0)
    sound = np.concatenate([np.zeros(4000), generator.normal(0, 0.05, 20000)]).astype("float32")
    added = SOUNDS["noise"](sound, severity=3, seed=1) - sound
    ratio = 10 * np.log10(np.mean(sound[4000:] ** 2) / np.mean(added**2))
    assert ratio == pytest.approx(10, abs=0.2)


def test_reverberation_falls_by_60_db_within_its_time():
    click = np.zeros(2 * RATE, "float32")
    click[0] = 0.5
    tail = SOUNDS["reverberation"](click, severity=3, seed=1)[1:].astype("float64")
    first, last = (np.mean(tail[int(a * RATE) :][:400] ** 2) for a in (0.0, 0.5))
    assert 10 * np.log10(first / last) == pytest.approx(50, abs=2)  # 60 dB in 0.6 s
    direct = 10 * np.log10(0.25 / np.sum(tail**2))
    assert direct == pytest.approx(3, abs=0.5)


def test_a_narrow_line_loses_what_is_above_half_its_rate():
    t = np.arange(RATE) / RATE
    for hertz, kept in ((300, True), (3000, False)):
        sound = np.sin(2 * np.pi * hertz * t).astype("float32")
        found = SOUNDS["sample_rate"](sound, severity=3)[1000:-1000]
        assert np.std(found) > 0.6 if kept else np.std(found) < 0.05


def test_eight_bits_of_mu_law_are_nearly_transparent():
    sound = tone()
    error = SOUNDS["mu_law"](sound, severity=1) - sound
    assert 10 * np.log10(np.mean(sound**2) / np.mean(error**2)) > 35  # as G.711 is known to have


def test_a_blur_removes_what_a_gaussian_of_pillow_removes():
    image = picture(224)
    found = IMAGES["defocus_blur"](image, severity=1)
    lens = Pillow.fromarray(image).filter(ImageFilter.GaussianBlur(1.5))  # deviation of a disk of 3
    near = np.abs(found.astype("float64") - np.asarray(lens)).mean()
    assert near < 0.4 * np.abs(found.astype("float64") - image).mean()
