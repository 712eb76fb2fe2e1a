"""Metrics that tasks share; the first of a task's metrics decides."""

from zoo.metrics.base import Metric

ACCURACY = Metric("accuracy", label="Accuracy")
MACRO_F1 = Metric("macro_f1", label="Macro F1")
LOSS = Metric("loss", mode="min", unit="nats", label="Loss", digits=4)
ECE = Metric("ece", mode="min", label="Calibration error (ECE)")
PERPLEXITY = Metric("perplexity", mode="min", unit="", label="Perplexity", digits=3)
BITS_PER_CHARACTER = Metric(
    "bits_per_character", mode="min", unit="bits", label="Bits per character", digits=4
)

CLASSIFICATION = (ACCURACY, MACRO_F1, LOSS, ECE)
LANGUAGE = (LOSS, PERPLEXITY, BITS_PER_CHARACTER)
