"""What hardware there is, and how it is set up."""

import json
import os
import platform

import pytest

from zoo import devices
from zoo.errors import ArgumentError, MachineError

NOTICES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:17.1 9 port.cc:153] oneDNN custom operations are on. You may see slightly other",
    "I0000 00:00:17.1 9 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will",
    "E0000 00:00:17.1 9 cuda_platform.cc:51] failed call to cuInit: INTERNAL: (303)",
    "I0000 9 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available CPU "
    "instructions in performance-critical operations.",
    "To enable the following instructions: AVX512F, in other operations, rebuild TensorFlow with",
)


def write_to_stderr(*lines: str) -> None:
    """Write as a C++ library does, past Python's own stream."""
    os.write(2, "".join(f"{line}\n" for line in lines).encode())


@pytest.mark.parametrize("notice", NOTICES)
def test_quiet_start_drops_a_notice_and_keeps_foreign_lines(capfd, notice):
    with devices.quiet_start():
        write_to_stderr("before it", notice, "W0000 00:00 out of memory: ünd mehr")
    assert capfd.readouterr().err == "before it\nW0000 00:00 out of memory: ünd mehr\n"


def test_that_each_model_is_traced_is_not_worth_a_warning(caplog):
    logger = devices.load_tensorflow().get_logger()
    logger.addHandler(caplog.handler)  # its messages may not reach the root logger
    what = "6 out of the last 66 calls to <function %s at 0x7f> triggered "
    predict = "TensorFlowTrainer.make_predict_function.<locals>.one_step"
    for name in (predict, "_compiled.<locals>.measure", "make_train_function"):
        logger.warning(what % name + "tf.function retracing.")
    logger.removeHandler(caplog.handler)
    assert {"make_train_function" in record.getMessage() for record in caplog.records} == {True}


def test_quiet_start_is_silent_where_there_are_only_notices(capfd):
    with devices.quiet_start():
        write_to_stderr(*NOTICES)
    assert capfd.readouterr().err == ""


def test_quiet_start_gives_stderr_back_and_keeps_what_came_before_an_error(capfd):
    with pytest.raises(ImportError, match="libmissing"), devices.quiet_start():
        write_to_stderr("last words", NOTICES[0])
        raise ImportError("libmissing.so")
    write_to_stderr("afterwards", NOTICES[0])
    assert capfd.readouterr().err == f"last words\nafterwards\n{NOTICES[0]}\n"


def test_quiet_start_survives_bytes_that_are_no_text(capfd):
    with devices.quiet_start():
        os.write(2, b"\xff\xfe broken\n")
    assert "broken" in capfd.readouterr().err


def test_quiet_start_leaves_stdout_alone(capfd):
    with devices.quiet_start():
        os.write(1, b"a result\n")
    assert capfd.readouterr().out == "a result\n"


@pytest.fixture
def gpus(monkeypatch):
    """The GPUs that TensorFlow is made to see, and what it is told to do with them."""
    tf = devices.load_tensorflow()
    found, done = [], []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(found))
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: list(found))
    monkeypatch.setattr(
        tf.config, "set_visible_devices", lambda shown, kind: done.append(("visible", shown, kind))
    )
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: done.append((gpu, on))
    )
    return found, done


def test_a_gpu_that_is_not_there_is_a_machine_error(gpus):
    with pytest.raises(MachineError) as caught:
        devices.prepare("gpu")
    assert "[gpu]" in caught.value.fix and "zoo doctor" in caught.value.fix


def test_without_a_gpu_the_processor_is_taken(gpus):
    assert devices.prepare() == "cpu"
    assert devices.prepare("cpu") == "cpu"


@pytest.mark.parametrize("asked", ["gpu", None])
def test_a_gpu_is_taken_with_memory_as_needed(gpus, asked):
    gpus[0].append("GPU:0")
    devices.load_tensorflow.cache_clear()
    assert devices.prepare(asked) == "gpu"
    assert gpus[1] == [("GPU:0", True)]


def test_a_gpu_is_hidden_where_the_processor_is_asked_for(gpus):
    gpus[0].append("GPU:0")
    assert devices.prepare("cpu") == "cpu"
    assert ("visible", [], "GPU") in gpus[1]


@pytest.fixture
def gpu_in_use(gpus, monkeypatch):
    """A GPU that TensorFlow has begun to use: it lets nothing be changed any more."""

    def refuse(*_):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    config = devices.load_tensorflow().config
    monkeypatch.setattr(config, "set_visible_devices", refuse)
    monkeypatch.setattr(config.experimental, "set_memory_growth", refuse)
    gpus[0].append("GPU:0")


def test_a_gpu_in_use_is_used_on(gpu_in_use):
    assert devices.prepare() == devices.prepare("gpu") == "gpu"


def test_a_gpu_in_use_cannot_be_hidden(gpu_in_use):
    with pytest.raises(MachineError, match="already uses the GPU"):
        devices.prepare("cpu")


def test_another_device_is_refused():
    with pytest.raises(ArgumentError, match="cpu or gpu"):
        devices.prepare("tpu")


def test_versions_name_what_decides_results():
    found = devices.versions()
    assert found["python"] == platform.python_version()
    assert {"tensorflow", "keras", "numpy", "safetensors"} <= set(found)


def test_versions_leave_out_what_is_not_installed(monkeypatch):
    monkeypatch.setattr(devices, "PACKAGES", ("numpy", "no-such-distribution"))
    assert set(devices.versions()) == {"python", "numpy"}


def test_the_processor_is_described():
    assert devices.cpu_name()
    assert 1 <= devices.cores() <= (os.cpu_count() or 1)
    assert set(devices.cpu_flags()) <= {
        *("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile", "asimd", "bf16")
    }


def test_the_environment_of_a_run_is_json():
    environment = devices.environment()
    assert json.loads(json.dumps(environment)) == environment
    assert environment["backend"] in ("tensorflow", "jax")
    assert environment["cores"] == devices.cores()


def test_settings_that_decide_rounding_are_part_of_the_environment(monkeypatch):
    for name in devices.arithmetic():
        monkeypatch.delenv(name)
    assert devices.arithmetic() == {}
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("ONEDNN_VERBOSE", "1")
    monkeypatch.setenv("A", "1")
    assert devices.arithmetic() == {"ONEDNN_VERBOSE": "1", "TF_ENABLE_ONEDNN_OPTS": "0"}
    assert devices.environment()["arithmetic"] == devices.arithmetic()


@pytest.mark.parametrize(
    "raised",
    [
        MemoryError("Unable to allocate 17 GiB for an array"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory"),
        ValueError("OOM when allocating tensor with shape[4,5] and type float on CPU:0"),
    ],
)
def test_memory_that_runs_out_is_an_error_that_says_what_to_lower(raised):
    with (
        pytest.raises(MachineError, match="lower the batch"),
        devices.enough_memory("train", lower="the batch"),
    ):
        raise raised


def test_other_errors_pass_where_memory_is_watched():
    with pytest.raises(ZeroDivisionError), devices.enough_memory("train", lower="the batch"):
        raise ZeroDivisionError
