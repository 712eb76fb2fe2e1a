"""Files of images, sounds and texts to values and back."""
