"""Backbones of numbers: side by side, or one after another."""
