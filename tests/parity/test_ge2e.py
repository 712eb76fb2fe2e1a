"""The speaker encoder against PyTorch's LSTM and librosa's mel features, as Resemblyzer joins them."""

import io
import shutil
import tarfile

import librosa
import numpy as np
import pytest
import safetensors.numpy
import soundfile

import zoo
from tests.parity.real_files import corpus, weight_file
from tests.parity.timm_models import assert_close, ours_with_numbers_of, randomized, torch
from zoo.composition import build
from zoo.pretrained import cache, sources
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.ge2e import MAPS
from zoo.weights import load_into

HOP, WINDOW, FRAMES = 160, 400, 160
SAMPLES = (FRAMES - 1) * HOP + WINDOW
LOWEST_RMS = 10 ** (-30 / 20)


class Encoder(torch.nn.Module):
    """1710.10467 §2.1 in Resemblyzer's form: the last hidden state, a dense layer, ReLU, length 1."""

    def __init__(self, hidden=256, embedding=256):
        super().__init__()
        self.lstm = torch.nn.LSTM(40, hidden, 3, batch_first=True)
        self.linear = torch.nn.Linear(hidden, embedding)

    def forward(self, mel):
        hidden = self.lstm(mel)[1][0][-1]
        vectors = torch.relu(self.linear(hidden))
        return vectors / vectors.norm(dim=1, keepdim=True)


def test_equals_pytorch():
    network = randomized(Encoder(12, 20), gain=3)
    sizes = {"hidden_dim": 12, "embedding_dim": 20, "input_shape": (2_400,), "num_classes": 0}
    model = ours_with_numbers_of("ge2e", network, **sizes)
    mel = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:])).astype("float32")
    with torch.no_grad():
        assert_close(model(mel), network(torch.tensor(mel)), what="ge2e")


def an4_clips(count):
    """Return test clips of AN4 that are long enough, float32 in [-1, 1]."""
    found = []
    with tarfile.open(corpus("an4") / "flac16k.tar") as tar:
        for member in tar:
            if member.name.startswith("test/") and member.name.endswith(".flac"):
                audio, rate = soundfile.read(io.BytesIO(tar.extractfile(member).read()))
                assert rate == 16_000
                if len(audio) >= 2 * SAMPLES:
                    found.append(audio.astype("float32"))
            if len(found) == count:
                break
    assert len(found) == count
    return found


def reference(clips, tensors):
    """Resemblyzer's vectors of windows that lie whole in a clip, from frame 0 on."""
    network = Encoder()
    names = network.state_dict()
    network.load_state_dict({name: torch.tensor(tensors[name]) for name in names})
    raised = [clip * max(1, LOWEST_RMS / np.sqrt((clip**2).mean())) for clip in clips]
    # librosa centres frame 0 at sample 0; half a window before it leaves what lies in the clip.
    mel = librosa.feature.melspectrogram(
        y=np.stack(raised), sr=16_000, n_fft=WINDOW, hop_length=HOP, n_mels=40, center=False
    )  # (N, 40, T)
    with torch.no_grad():
        return network(torch.tensor(mel[..., :FRAMES].swapaxes(1, 2))).numpy()


@pytest.fixture(scope="module")
def clips():
    """Ten clips of one window each, of which half are too quiet."""
    found = np.stack([clip[SAMPLES // 2 :][:SAMPLES] for clip in an4_clips(10)])
    levels = np.linspace(0.005, 0.2, 10)[:, None]
    return (found * levels / np.sqrt((found**2).mean(1, keepdims=True))).astype("float32")


def test_published_weights_give_the_vectors_of_the_reference(clips):
    tensors = safetensors.numpy.load_file(weight_file("ge2e_resemblyzer.safetensors"))
    model = build("ge2e", num_classes=0)
    load_into(model, converted(model, tensors, MAPS, source="ge2e_resemblyzer").tensors)
    found, expected = np.asarray(model(clips)), reference(clips, tensors)
    assert_close(found, expected, what="ge2e.resemblyzer")
    assert np.abs(found - expected).max() < 1e-4
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_weights_that_are_brought_in_embed_sounds_by_name(clips, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "weights"))
    file = weight_file("ge2e_resemblyzer.safetensors")
    (tmp_path / "given").mkdir()
    shutil.copy(file, tmp_path / "given")
    sources.add("ge2e.resemblyzer", tmp_path / "given", ())
    assert cache.cached("ge2e.resemblyzer")
    found = zoo.embed("ge2e.resemblyzer", list(clips))
    expected = reference(clips, safetensors.numpy.load_file(file))
    assert np.abs(found - expected).max() < 1e-4
