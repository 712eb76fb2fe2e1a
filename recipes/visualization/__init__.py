"""What a network has learned, in pictures: one view in a file of its own, and `zoo.visualize`."""
