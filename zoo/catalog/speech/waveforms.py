"""Networks that take the samples of a sound, not log-mel features."""

from zoo.cards import FeatureSpec, ModelCard, WaveformPreprocessing

_TASKS = ("keyword_spotting", "speaker_identification")

MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="wav2vec2_base",
        builder="zoo.models.speech.wav2vec2:wav2vec2",
        family="wav2vec2",
        modality="speech",
        tasks=_TASKS,
        summary="wav2vec 2.0 Base: convolutions over samples, then a transformer; 50 vectors a second.",
        paper="wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations",
        arxiv="2006.11477",
        year=2020,
        input_shape=(160_000,),
        num_classes=32,  # letters, marks and the blank of its English CTC heads
        features=(FeatureSpec("latents", 320, 512), FeatureSpec("frames", 320, 768)),
        head_feature="frames",
        preprocessing=WaveformPreprocessing(sample_rate_hz=16_000, normalized=True),
        tiny_arguments={
            "latent_dim": 6,
            "num_layers": 1,
            "num_heads": 2,
            "hidden_dim": 8,
            "position_frames": 4,
            "position_groups": 2,
        },
        tiny_input_shape=(2_400,),
    ),
    ModelCard(
        name="silero_vad_16k",
        builder="zoo.models.speech.silero_vad:silero_vad",
        family="silero_vad",
        modality="speech",
        tasks=_TASKS,
        summary="Silero VAD: the probability of speech for every 32 ms, by convolutions and an LSTM.",
        paper="Silero VAD: pre-trained enterprise-grade Voice Activity Detector",
        arxiv="",
        year=2021,
        input_shape=(160_000,),
        num_classes=2,
        features=(FeatureSpec("frames", 512, 128), FeatureSpec("speech", 512, 1)),
        head_feature="frames",
        preprocessing=WaveformPreprocessing(sample_rate_hz=16_000),
        tiny_arguments={"hidden_dim": 4},
        tiny_input_shape=(2_400,),
    ),
)
