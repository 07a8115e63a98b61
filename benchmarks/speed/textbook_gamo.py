"""GAMO as one writes it in an afternoon: the yardstick of the engine's speed.

The same game as ``GAMOSampler(**PAPER_SETTINGS)`` plays (Algorithm 1 with one inner step, the
authors' networks, least squares), in three plain modules: a loop with a boolean mask over the
classes, ``F.one_hot``, Adam as torch makes it by default, six pairs of backward and step, and
``loss.item()`` after each.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT, HIDDEN, BATCH, LEARNING_RATE = 100, (256, 128), 32, 2e-4


def perceptron(n_in: int, n_out: int) -> nn.Module:
    first, second = HIDDEN
    return nn.Sequential(
        nn.Linear(n_in, first),
        nn.LeakyReLU(0.1),
        nn.Linear(first, second),
        nn.LeakyReLU(0.1),
        nn.Linear(second, n_out),
    )


class Generator(nn.Module):
    """A trunk for all classes and, for each, softmax weights over its rows."""

    def __init__(self, rows: Sequence[Tensor | None], n_classes: int) -> None:
        super().__init__()
        self.rows, self.n_classes = rows, n_classes
        self.trunk = nn.Sequential(
            nn.Linear(LATENT + n_classes, 256),
            nn.ReLU(),
            nn.BatchNorm1d(256),
            nn.Linear(256, 64),
            nn.ReLU(),
            nn.BatchNorm1d(64),
        )
        self.units = nn.ModuleList(nn.Linear(64, 1 if own is None else len(own)) for own in rows)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        h = self.trunk(torch.cat([z, F.one_hot(y, self.n_classes).float()], dim=1))
        n_features = next(own.shape[1] for own in self.rows if own is not None)
        x = torch.zeros(len(z), n_features)
        for code, (unit, own) in enumerate(zip(self.units, self.rows, strict=True)):
            mask = y == code
            if own is not None and mask.any():
                x[mask] = unit(h[mask]).softmax(dim=1) @ own
        return x


class TextbookGAMO:
    """Three networks, three optimizers and the six moves of a step.

    Parameters
    ----------
    x : Tensor of shape (n, n_features)
        Training rows.
    y : Tensor of shape (n,)
        Their class codes. The largest class is not generated.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None:
        counts = torch.bincount(y)
        self.n_classes, deficits = len(counts), counts.max() - counts
        self.law = deficits / deficits.sum()
        self.uniform = (deficits > 0).float()
        rows = [x[y == code] if deficits[code] else None for code in range(self.n_classes)]
        self.classifier = perceptron(x.shape[1], self.n_classes)
        self.discriminator = perceptron(x.shape[1] + self.n_classes, 1)
        self.generator = Generator(rows, self.n_classes)
        players = (self.classifier, self.discriminator, self.generator)
        self.optimizers = [
            torch.optim.Adam(player.parameters(), lr=LEARNING_RATE, betas=(0.5, 0.999))
            for player in players
        ]

    def step(self, x: Tensor, y: Tensor) -> list[float]:
        """Make the six moves on one real batch and return their losses."""
        y_fake = torch.multinomial(self.law, BATCH, replacement=True)
        with torch.no_grad():
            x_fake = self.generator(torch.randn(BATCH, LATENT), y_fake)
        by_classifier, by_discriminator, by_generator = self.optimizers
        losses = []
        for rows, labels, real in ((x, y, 1.0), (x_fake, y_fake, 0.0)):
            loss = self.class_loss(rows, F.one_hot(labels, self.n_classes).float())
            losses.append(self.move(by_classifier, loss))
            noise = 0.1 * torch.rand(len(rows))
            loss = self.real_loss(rows, labels, real + (1 - 2 * real) * noise)
            losses.append(self.move(by_discriminator, loss))

        labels = torch.multinomial(self.uniform, BATCH, replacement=True)
        z = torch.randn(BATCH, LATENT)
        onehot = F.one_hot(labels, self.n_classes).float()
        loss = self.class_loss(self.generator(z, labels), 1 - onehot)
        losses.append(self.move(by_generator, loss))
        loss = self.real_loss(self.generator(z, labels), labels, torch.ones(BATCH))
        losses.append(self.move(by_generator, loss))
        return losses

    def class_loss(self, x: Tensor, target: Tensor) -> Tensor:
        probabilities = self.classifier(x).softmax(dim=1)
        return (probabilities - target).square().sum(dim=1).mean()

    def real_loss(self, x: Tensor, y: Tensor, target: Tensor) -> Tensor:
        onehot = F.one_hot(y, self.n_classes).float()
        logit = self.discriminator(torch.cat([x, onehot], dim=1)).squeeze(1)
        return (logit.sigmoid() - target).square().mean()

    @staticmethod
    def move(optimizer: torch.optim.Optimizer, loss: Tensor) -> float:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()
