"""
Looking at generated rows: a table, and images
==============================================

Scores say whether generated rows help; pictures show what they are. A fitted sampler can generate
any number of times, and :class:`~gan_resample.evaluation.GenerationDisplay` shows generated rows
beside real ones, class by class.
"""

# %%
# A table
# -------
# Wine, thinned so that the classes have 48, 18 and 8 rows. Each panel shows one class in the plane
# of the first two principal components of all rows.
import os

import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import FunctionTransformer

from gan_resample import GAMOSampler, SpreadSMOTE
from gan_resample.evaluation import GenerationDisplay
from gan_resample.evaluation.metrics.generated import generation_scores

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project


def thin(y, counts):
    """Rows to keep: the first of each class."""
    return np.concatenate([np.flatnonzero(y == k)[:n] for k, n in enumerate(counts)])


wine = load_wine()
rows = thin(wine.target, [48, 18, 8])
X, y = wine.data[rows], wine.target_names[wine.target[rows]]

sampler = GAMOSampler(max_iter=50 if QUICK else None, random_state=0).fit(X, y)
GenerationDisplay.from_estimator(sampler, X, y, random_state=0)
plt.show()

# %%
# The rows leave the hull of the class, which is the purpose of the "spread" mixer.

# %%
# Images
# ------
# Arrays of shape (n, channels, height, width) are treated as images, and images of the same shape,
# dtype and range are returned: here the digits 0 to 4 of scikit-learn, whole numbers from 0 to
# 255. The game runs on features that a small convolutional network learns, and a decoder trained
# after it turns features into pixels.
digits = load_digits(n_class=5)
rows = thin(digits.target, [170, 80, 40, 20, 10])
images = (digits.images[rows, None] * 15).astype(np.uint8)
labels = digits.target[rows]

few = {"max_iter": 20, "decoder_iter": 20} if QUICK else {"max_iter": 300, "decoder_iter": 600}
sampler = GAMOSampler(**few, random_state=0).fit(images, labels)
GenerationDisplay.from_estimator(sampler, images, labels, n_images=10, random_state=0)
plt.show()

# %%
# Decoded images are blurred: the decoder averages over what the features do not determine.
# :class:`~gan_resample.SpreadSMOTE` has no features. It mixes each pixel separately, which gives
# speckles and overlaid images.
plain = SpreadSMOTE(random_state=0).fit(images, labels)
GenerationDisplay.from_estimator(plain, images, labels, n_images=10, random_state=0)
plt.show()

# %%
# The same in figures
# -------------------
# In the features of the game: do generated images lie among real ones (``precision``,
# ``density``), do they cover all of them (``recall``, ``coverage``), are some of them copies
# (``near_copies``)? The same features are used for both samplers.
columns = ["n_rows", "precision", "recall", "density", "coverage", "near_copies"]
for each in (sampler, plain):
    found = generation_scores(each, images, labels, features=sampler.features, random_state=0)
    print(type(each).__name__)
    print(found[columns].round(2).to_string(), "\n")

# %%
# Do they help?
# -------------
# None of that says whether a classifier improves. Samplers of images can be used in a pipeline
# like any other; the next step flattens the images for a classifier that needs rows.
flatten = FunctionTransformer(lambda images: images.reshape(len(images), -1) / 255)
for name, steps in {
    "nothing": [],
    "SpreadSMOTE": [SpreadSMOTE(random_state=0)],
    "GAMO": [GAMOSampler(**few, random_state=0)],
}.items():
    pipeline = make_pipeline(*steps, flatten, LogisticRegression(max_iter=1000))
    scores = cross_val_score(pipeline, images, labels, cv=3, scoring="balanced_accuracy")
    print(f"{name:12} {scores.mean():.3f} +- {scores.std(ddof=1):.3f}")
