"""The display of DVAAN's latent space: classes, prior, boundary and decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gan_resample.core.containers import encoded
from gan_resample.dvaan.game import DVAANGame
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.evaluation.displays.style import GENERATED, INK, plain

__all__ = ["LatentDisplay"]

Array = NDArray[Any]

# colours of the classes, in the order of classes_; rows near the boundary are orange
COLOURS = ("#b8bec6", "#0b3c5d", "#4f9d69", "#8e5ea2", "#c7455b", "#6b7f94", "#a98a3a", "#3aa0a9")
SHOWN_POINTS = 300  # per class
GRID = 150  # points per side


class LatentDisplay:
    """Latent vectors of :class:`~gan_resample.DVAANSampler`, in the plane of the prior's means.

    Parameters
    ----------
    real : mapping of label to ndarray of shape (n, 2)
        Latent means of real rows.
    boundary : mapping of label to ndarray of shape (n, 2)
        Latent vectors between two classes whose decoded rows the discriminator takes for the
        label.
    means : mapping of label to ndarray of shape (2,)
        Means of the prior's components.
    decision : tuple of ndarray
        Coordinates x, (n,), and y, (m,), and the position of the predicted label among the labels,
        (m, n).

    Attributes
    ----------
    figure_ : matplotlib Figure
        Holds the panel.
    ax_ : matplotlib Axes
        The panel.
    """

    def __init__(
        self,
        real: Mapping[Any, Array],
        boundary: Mapping[Any, Array],
        means: Mapping[Any, Array],
        decision: tuple[Array, Array, Array],
    ) -> None:
        self.real = real
        self.boundary = boundary
        self.means = means
        self.decision = decision

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, random_state: Any = 0, ax: Any = None
    ) -> LatentDisplay:
        """Draw the latent space of a fitted DVAAN.

        With two classes the plane contains the line through both means and, orthogonal to it, the
        direction in which real rows vary most; with more it is that of the first two axes of the
        simplex. The decision is the prediction for rows decoded from the plane.

        Parameters
        ----------
        estimator : DVAANSampler or DVAANClassifier
            Fitted.
        X : array of shape (n_rows, ...)
            Real rows, as in ``fit``; at most 300 of a class are drawn.
        y : array-like of shape (n_rows,)
            Their labels.
        random_state : int, RandomState instance or None, default=0
            Seed of the candidates near the boundary.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : LatentDisplay

        Raises
        ------
        TypeError
            If the estimator plays another game.
        ValueError
            If nothing was trained, since no class lacked a row, or the latent space is a line.
        """
        check_is_fitted(estimator)
        check_consistent_length(X, y)
        game = _game_of(estimator)
        device, labels = game.prior.mu.device, estimator.classes_.tolist()
        rows = encoded(estimator.encoder_, X)
        y = np.asarray(y)
        if unknown := sorted(set(y.tolist()) - set(labels), key=str):
            raise ValueError(
                f"y holds {unknown[0]!r}, but {type(estimator).__name__} was fitted to {labels}"
            )
        with seeded(random_stream(random_state), device), torch.inference_mode():
            x = torch.as_tensor(rows, dtype=torch.float32)
            parts = {
                label: _encode(game, x[y == label][:SHOWN_POINTS].to(device))
                for label in labels
                if (y == label).any()
            }
            axes = _axes(game, torch.cat(list(parts.values())))
            boundary = {labels[code]: _near(game, code) @ axes.T for code in game.in_play}
            means = dict(zip(labels, game.prior.means @ axes.T, strict=True))
            real = {label: z @ axes.T for label, z in parts.items()}
            shown = torch.cat([*real.values(), *boundary.values()])
            decision = _decision(game, axes, shown)
        return cls(_numpy(real), _numpy(boundary), _numpy(means), decision).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> LatentDisplay:
        """Draw; ``ax`` is a matplotlib Axes, None makes a figure.

        Returns
        -------
        self : LatentDisplay
        """
        if ax is None:
            figure = plt.figure(figsize=(6.2, 4.2), layout="constrained")
            ax = figure.subplots()
        self.ax_, self.figure_ = ax, ax.figure
        colours = dict(zip(self.means, COLOURS * len(self.means), strict=False))
        across, up, predicted = self.decision
        shades = list(colours.values())
        style = {"cmap": ListedColormap(shades), "vmin": 0, "vmax": len(shades) - 1}
        with mpl.rc_context({"text.parse_math": False}):  # labels may hold dollars
            ax.pcolormesh(across, up, predicted, alpha=0.15, lw=0, rasterized=True, **style)
            for code in np.unique(predicted)[1:]:
                region = (predicted == code).astype(float)
                ax.contour(across, up, region, levels=[0.5], colors=[INK], linewidths=0.8)
            for label, points in self.real.items():
                ax.scatter(*points.T, s=9, lw=0, color=colours[label], label=f"{label}, real")
            for place, points in enumerate(self.boundary.values()):
                name = "near the boundary, kept" if not place else None
                ax.scatter(*points.T, s=9, lw=0, color=GENERATED, alpha=0.6, label=name)
            for place, point in enumerate(self.means.values()):
                name = "means of the prior" if not place else None
                ax.scatter(*point, s=70, marker="X", color=INK, ec="white", label=name)
            two = len(self.means) == 2
            ax.set_xlabel("along the means" if two else "first axis of the means", fontsize=9)
            ax.set_ylabel("across" if two else "second axis of the means", fontsize=9)
            plain(ax)
            ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        return self


def _game_of(estimator: Any) -> DVAANGame:
    game: Any = getattr(estimator, "game_", None)
    if game is None and getattr(estimator, "net_", estimator) is None:
        raise ValueError(
            f"no class lacked a row when {type(estimator).__name__} was fitted: there is nothing "
            "to draw"
        )
    if not hasattr(game, "boundary_latents"):
        raise TypeError(f"LatentDisplay draws DVAAN's estimators, not {type(estimator).__name__}")
    if game.prior.directions.shape[1] < 2:
        raise ValueError("latent_dim=1 is a line and not a plane: fit with latent_dim >= 2")
    return game


def _encode(game: DVAANGame, x: torch.Tensor) -> torch.Tensor:
    """Latent means, (n, latent_dim)."""
    return torch.cat([game.encode(part)[0] for part in x.split(game.chunk_rows)])


def _axes(game: DVAANGame, z: torch.Tensor) -> torch.Tensor:
    """Two orthonormal vectors, (2, latent_dim)."""
    if len(game.prior.directions) > 2:
        return torch.eye(z.shape[1], device=z.device)[:2]
    along = torch.nn.functional.normalize(game.prior.directions[1], dim=0)
    centred = z - z.mean(dim=0)
    others = torch.linalg.svd(along[None]).Vh[1:]  # orthonormal, and orthogonal to ``along``
    most = torch.linalg.svd(centred @ others.T, full_matrices=False).Vh[0]
    return torch.stack([along, most @ others])


def _near(game: DVAANGame, code: int) -> torch.Tensor:
    """Return accepted candidates near the boundary of a class, (n, latent_dim)."""
    parts = game.boundary_latents(code, SHOWN_POINTS).split(game.chunk_rows)
    return torch.cat([z[game.agrees(game.draw_rows(z), code)] for z in parts])


def _decision(
    game: DVAANGame, axes: torch.Tensor, shown: torch.Tensor
) -> tuple[Array, Array, Array]:
    """Predicted class codes on a grid over the points shown."""
    low, high = shown.amin(dim=0) - 0.5, shown.amax(dim=0) + 0.5
    lines = [torch.linspace(float(a), float(b), GRID) for a, b in zip(low, high, strict=True)]
    across, up = torch.meshgrid(*lines, indexing="xy")
    z = torch.stack([across.flatten(), up.flatten()], dim=1).to(axes.device) @ axes
    rows = [game.logits(game.decode(part)).argmax(dim=1) for part in z.split(game.chunk_rows)]
    codes = torch.cat(rows).view(GRID, GRID).cpu().numpy()
    return lines[0].numpy(), lines[1].numpy(), codes


def _numpy(parts: Mapping[Any, torch.Tensor]) -> dict[Any, Array]:
    return {label: points.cpu().numpy() for label, points in parts.items()}
