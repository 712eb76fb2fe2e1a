"""Metrics that tasks share; the first of a task's metrics decides."""

from zoo.metrics.base import Metric

ACCURACY = Metric("accuracy", label="Accuracy")
MACRO_F1 = Metric("macro_f1", label="Macro F1")
LOSS = Metric("loss", mode="min", unit="nats", label="Loss", digits=4)
ECE = Metric("ece", mode="min", label="Calibration error (ECE)")
BALANCED_ACCURACY = Metric("balanced_accuracy", label="Balanced accuracy")
MCC = Metric("mcc", unit="", label="Matthews correlation (MCC)", digits=4)
PERPLEXITY = Metric("perplexity", mode="min", unit="", label="Perplexity", digits=3)
BITS_PER_CHARACTER = Metric(
    "bits_per_character", mode="min", unit="bits", label="Bits per character", digits=4
)

# Of the data's own unit, which nothing states.
MAE = Metric("mae", mode="min", unit="", label="Mean absolute error", digits=4)
RMSE = Metric("rmse", mode="min", unit="", label="Root mean squared error", digits=4)
R2 = Metric("r2", unit="", label="R²", digits=4)
SPEARMAN = Metric("spearman", unit="", label="Spearman's correlation", digits=4)

REGRESSION = (MAE, RMSE, R2, SPEARMAN)
SIMILARITY = (SPEARMAN, MAE, RMSE, R2)
MICRO_F1 = Metric("micro_f1", label="Micro F1")
MAP = Metric("map", label="Mean average precision")

WER = Metric("wer", mode="min", unit="error rate", label="Word error rate (WER)")
CER = Metric("cer", mode="min", unit="error rate", label="Character error rate (CER)")

EER = Metric("eer", mode="min", label="Equal error rate (EER)")
MIN_DCF = Metric("min_dcf", mode="min", unit="", label="Minimum detection cost (minDCF)", digits=3)

RECALL_AT_1 = Metric("recall_at_1", label="Recall at 1")
RECALL_AT_5 = Metric("recall_at_5", label="Recall at 5")
MEDIAN_RANK = Metric("median_rank", mode="min", unit="", label="Median rank", digits=1)

RETRIEVAL = (RECALL_AT_1, RECALL_AT_5, MEDIAN_RANK)
VERIFICATION = (EER, MIN_DCF)
GREEDY_WER = Metric(
    "greedy_wer", mode="min", unit="error rate", label="Word error rate of greedy decoding"
)

TRANSCRIPTS = (WER, CER)
RECOGNITION = (WER, CER, GREEDY_WER)
MULTILABEL = (MACRO_F1, MICRO_F1, MAP)
F1 = Metric("f1", label="F1 of the positive class")  # of two classes

CLASSIFICATION = (ACCURACY, MACRO_F1, BALANCED_ACCURACY, MCC, LOSS, ECE)
PAIRS = (*CLASSIFICATION, F1)
LANGUAGE = (LOSS, PERPLEXITY, BITS_PER_CHARACTER)

SEGMENTATION = (
    Metric("miou", label="Mean intersection over union (mIoU)"),
    Metric("pixel_accuracy", label="Pixel accuracy"),
    Metric("dice", label="Dice"),
    Metric("foreground_iou", label="Foreground IoU, mean over images"),
    Metric("boundary_f", label="F1 of the contours"),
)
