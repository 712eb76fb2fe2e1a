"""The cards of this package; kerazoo reads them for `zoo list` too, so nothing here imports Keras."""

from zoo.cards import ColumnCard, DatasetCard, FeatureSpec, ModelCard, TaskCard
from zoo.catalog.metrics import CLASSIFICATION

SERIES = ColumnCard(
    name="series",
    column="kerazoo_series.series:Series",
    modality="series",
    word="time series",
)
MODEL = ModelCard(
    name="series_cnn",
    builder="kerazoo_series.series:series_cnn",
    family="series_cnn",
    modality="series",
    tasks=("series_classification",),
    summary="Convolutions over time with batch norm, each with a stride of two.",
    paper="Time Series Classification from Scratch with Deep Neural Networks",
    arxiv="1611.06455",
    year=2017,
    input_shape=(64, 3),
    num_classes=4,
    features=(FeatureSpec("stride_2", stride=2, width=32), FeatureSpec("stride_4", 4, 64)),
    head_feature="stride_4",
    tiny_arguments={"widths": (4, 4)},
    tiny_input_shape=(16, 3),
)
TASK = TaskCard(
    name="series_classification",
    task="kerazoo_series.series:SeriesClassification",
    modality="series",
    metrics=CLASSIFICATION,
    summary="One label for one time series.",
    example="FILE.csv…",
)
DATA = DatasetCard(
    name="lags",
    source="own",
    loader="kerazoo_series.series:lags",
    modality="series",
    task="series_classification",
    summary="Three noisy sine waves: which of them lags behind, if any.",
    licence="CC0-1.0",
    homepage="",
    num_classes=4,
)
CARDS = (SERIES, MODEL, TASK, DATA)
