"""Several trained models as one that predicts, is evaluated and is exported."""
