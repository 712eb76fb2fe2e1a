"""File formats: suffixes in lower case, and their names in messages."""

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
IMAGE_FORMATS = "PNG, JPEG, WebP, BMP, GIF or TIFF"
SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc")
SOUND_FORMATS = "WAV, FLAC, Ogg, Opus, MP3 or AIFF"
TEXTS = (".txt",)
TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
