"""Why a model answers as it does: each method of explanation in a file of its own, and `zoo.explain`.

A method is a function of arrays and of what a network gives for them: `scores` from points (N, …) to
the logit of one class (N,), and `gradients` from points to those logits and their gradients (N, …).
"""
