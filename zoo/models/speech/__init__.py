"""Speech backbones."""
