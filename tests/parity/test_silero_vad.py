"""Silero's voice-activity network against PyTorch, written here, chunk after chunk as it is used."""

import io
import tarfile

import numpy as np
import pytest
import safetensors.numpy
import soundfile

from tests.parity.real_files import corpus, weight_file
from tests.parity.timm_models import assert_close, torch
from zoo.composition import build
from zoo.models.speech.silero_vad import silero_vad
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.silero_vad import MAPS
from zoo.weights import load_into

F = torch.nn.functional
SHAPES = {
    "stft_conv.weight": (258, 1, 256),
    "final_conv.weight": (1, 128, 1),
    "final_conv.bias": (1,),
}
SHAPES |= {
    f"conv{i}.weight": (out, channels, 3)
    for i, (out, channels) in enumerate(((128, 129), (64, 128), (64, 64), (128, 64)), start=1)
}
SHAPES |= {f"conv{i}.bias": (out,) for i, out in enumerate((128, 64, 64, 128), start=1)}
SHAPES |= {f"lstm_cell.weight_{part}": (512, 128) for part in ("ih", "hh")}
SHAPES |= {f"lstm_cell.bias_{part}": (512,) for part in ("ih", "hh")}


def silero_torch(audio, tensors):
    """Return the probabilities of clips (N, S): each chunk of 512 samples after the 64 before it."""
    t = {name: torch.tensor(array) for name, array in tensors.items()}
    cell = torch.nn.LSTMCell(128, 128)
    cell.load_state_dict({name: t[f"lstm_cell.{name}"] for name in cell.state_dict()})
    audio = F.pad(torch.tensor(audio), (64, -audio.shape[1] % 512))
    state, found = None, []
    for begin in range(0, audio.shape[1] - 64, 512):
        x = F.pad(audio[:, None, begin : begin + 576], (0, 64), mode="reflect")
        x = F.conv1d(x, t["stft_conv.weight"], stride=128)
        x = (x[:, :129] ** 2 + x[:, 129:] ** 2).sqrt()
        for i, stride in enumerate((1, 2, 2, 1), start=1):
            weight, bias = t[f"conv{i}.weight"], t[f"conv{i}.bias"]
            x = F.conv1d(x, weight, bias, stride=stride, padding=1).relu()
        state = cell(x[..., 0], state)
        x = F.conv1d(state[0].relu()[..., None], t["final_conv.weight"], t["final_conv.bias"])
        found.append(x.sigmoid()[:, 0])
    return torch.stack(found, 1).detach()


def ours_of(tensors, samples=None):
    model = silero_vad(input_shape=(samples,))
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    return model


@pytest.mark.parametrize("samples", [5_120, 4_700])
def test_equals_pytorch(samples):
    generator = np.random.default_rng(0)
    tensors = {
        name: generator.normal(0, (2 / max(1, np.prod(shape[1:]))) ** 0.5, shape).astype("float32")
        for name, shape in SHAPES.items()
    }
    audio = generator.normal(0, 0.3, (2, samples)).astype("float32")
    expected = silero_torch(audio, tensors)
    assert expected.shape == (2, 10, 1)
    assert_close(ours_of(tensors)(audio)["speech"], expected, what="silero")


@pytest.fixture(scope="module")
def published():
    return safetensors.numpy.load_file(weight_file("silero_vad_16k.safetensors"))


def an4_clip():
    with tarfile.open(corpus("an4") / "flac16k.tar") as tar:
        member = next(m for m in tar if m.name.startswith("test/") and m.name.endswith(".flac"))
        audio, rate = soundfile.read(io.BytesIO(tar.extractfile(member).read()))
    assert rate == 16_000
    return audio.astype("float32")


def test_published_weights_hear_speech_as_the_reference_does(published):
    second = np.zeros(16_000, "float32")
    audio = np.concatenate([second, an4_clip(), second])[None]
    found = np.asarray(ours_of(published)(audio)["speech"])
    expected = silero_torch(audio, published).numpy()
    assert np.abs(found - expected).max() < 1e-4
    silent = slice(0, 16_000 // 512)
    assert found[0, silent].max() < 0.2 and found[0, -16_000 // 512 :].max() < 0.5
    assert (found > 0.5).mean() > 0.3


def test_the_model_by_name_gives_its_features(published):
    model = build("silero_vad_16k", features_only=True, input_shape=(8_192,))
    load_into(model, converted(model, published, MAPS, source="the file").tensors)
    audio = an4_clip()[None, :8_192]
    assert_close(model(audio)["speech"], silero_torch(audio, published), what="by name")
