r"""Joint CycleGAN and classifier: rows of a large class are translated into rows of a small one.

For a class :math:`B` that lacks rows and its source :math:`A` there are two translators,
:math:`G_{AB}` and :math:`G_{BA}`, and a discriminator for each side, :math:`D_A` and :math:`D_B`;
the classifier, with probabilities :math:`z`, is shared by all pairs. With :math:`L(r, t)` the
squared error or the cross-entropy of a logit :math:`r` and a target :math:`t`, they minimise

.. math::
    D_B: \; & \tfrac12 E_b L(D_B(b), 1) + \tfrac12 E_a L(D_B(G_{AB}(a)), 0) \\
    G: \; & E_a L(D_B(G_{AB}(a)), 1) + E_b L(D_A(G_{BA}(b)), 1)
        + \beta L_{cyc} + \alpha L_{ide} \; [\, + L_{cls} \text{ of } G_{AB}(a), G_{BA}(b) \,] \\
    z: \; & L_{cls} = L_{cls}^B + \tfrac1\gamma L_{cls}^A

    L_{cyc} &= E_a |G_{BA}(G_{AB}(a)) - a| + E_b |G_{AB}(G_{BA}(b)) - b| \\
    L_{ide} &= E_b |G_{AB}(b) - b| + E_a |G_{BA}(a) - a| \\
    L_{cls}^B &= - E_b \log z_B(b) - E_a \log z_B(G_{AB}(a)) \\
    L_{cls}^A &= - E_a \log z_A(a) - E_b \log z_A(G_{BA}(b))

The term in brackets is used with ``mode="alt"`` only.

References
----------
Aadarsh Sahoo, Ankit Singh, Rameswar Panda, Rogerio Feris, Abir Das. Mitigating Dataset Imbalance
via Joint Generation and Classification. ECCV Workshops 2020. arXiv:2008.05524

Jun-Yan Zhu, Taesung Park, Phillip Isola, Alexei A. Efros. Unpaired Image-to-Image Translation
using Cycle-Consistent Adversarial Networks. ICCV 2017. arXiv:1703.10593
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_resample.cyclegan.networks import choose_nets
from gan_resample.cyclegan.translation import TranslationGame, across, apply_each
from gan_resample.engine.batches import epoch_rounds
from gan_resample.engine.game import ClassifyingGame, Turn
from gan_resample.nn.build import Build, check_width, make_module

__all__ = ["CycleGANGame"]

Array = NDArray[Any]

PHASES = ("phase_rounds", "fit_begins", "fit_ends")  # attributes saved with the weights


class CycleGANGame(TranslationGame, ClassifyingGame):
    """CycleGAN and a classifier, which learns from real and from translated rows.

    Parameters
    ----------
    shape, counts, deficits, spans, levels, gaps, batch_size
        As in :class:`TranslationGame`.
    mode, alt_period, gamma, classifier_weight, classifier
        As in :class:`CycleGANClassifier`.
    **others
        As in :class:`TranslationGame`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        **TranslationGame.moves,
        "classifier": "classifier",
    }
    alternates: ClassVar[bool] = True
    class_weights: Tensor
    real_weights: Tensor
    source_masks: Tensor
    target_masks: Tensor
    back_weights: Tensor

    def __init__(
        self,
        *,
        shape: Sequence[int],
        counts: Sequence[int],
        batch_size: int,
        mode: str,
        alt_period: int | str,
        gamma: float | str,
        classifier_weight: float,
        classifier: Build | None,
        hidden_layer_sizes: Sequence[int],
        width_multiplier: float,
        n_blocks: int,
        **others: Any,
    ) -> None:
        super().__init__(
            shape=shape,
            counts=counts,
            batch_size=batch_size,
            hidden_layer_sizes=hidden_layer_sizes,
            width_multiplier=width_multiplier,
            n_blocks=n_blocks,
            **others,
        )
        self.mode, self.classifier_weight = mode, classifier_weight
        self.epoch = epoch_rounds(sum(counts), batch_size)
        self.alt_period = alt_period
        self.phase_rounds = 0  # rounds of a phase; set when the first epoch of a fit begins
        self.fit_begins = self.fit_ends = 0
        nets = choose_nets(self.shape, hidden_layer_sizes, width_multiplier, n_blocks)
        build = nets.classifier if classifier is None else classifier
        self.classifier = make_module(build, self.shape.n_in, len(counts))
        check_width(self.classifier, shape, len(counts), "classifier")
        if not any(p.requires_grad for p in self.classifier.parameters()):
            raise ValueError(
                "classifier has nothing to learn: it needs a parameter that requires a gradient"
            )
        self._weigh_classes(gamma)

    def _weigh_classes(self, gamma: float | str) -> None:
        """Set the weights of real rows, of translated rows, and of rows translated back."""
        n = torch.tensor(self.counts, dtype=torch.float32)
        weights = n.min() / n
        if not isinstance(gamma, str):
            weights = torch.ones(len(n))
            weights[n == n.max()] = 1 / gamma
        self.register_buffer("class_weights", weights)
        # a class in no pair gets no translated rows: its real rows count twice instead
        paired = {code for pair in self.pairs for code in (pair.target, *pair.sources)}
        alone = [code not in paired for code in range(len(n))]
        self.register_buffer("real_weights", weights * (1 + torch.tensor(alone).float()))
        masks = [[code in pair.sources for code in range(len(n))] for pair in self.pairs]
        of_pairs = torch.tensor(masks, dtype=torch.bool).view(len(self.pairs), len(n))
        back = (of_pairs * weights).sum(dim=1) / of_pairs.sum(dim=1)
        self.register_buffer("source_masks", of_pairs)
        targets = [[float(code == pair.target) for code in range(len(n))] for pair in self.pairs]
        masks_b = torch.tensor(targets).view(len(self.pairs), len(n))
        self.register_buffer("target_masks", masks_b, persistent=False)
        self.register_buffer("back_weights", back)

    # ---- phases ---------------------------------------------------------------------------------

    def begin_epoch(self, x: Tensor, y: Tensor) -> None:
        if self.fit_ends == self.rounds_planned:
            return
        self.fit_begins, self.fit_ends = self.rounds_played, self.rounds_planned
        rounds = self.fit_ends - self.fit_begins
        if self.mode == "alt":  # short enough for both to move, even in a short fit
            wanted = self.epoch if self.alt_period == "epoch" else int(self.alt_period)
            self.phase_rounds = min(wanted, max(1, rounds // 3))
        elif not self.fit_begins:
            self.phase_rounds = rounds // 2

    @property
    def phases(self) -> tuple[int, ...]:
        return (self.phase_rounds,) if self.mode == "aug" and self.pairs else ()

    @property
    def translates(self) -> bool:
        """Whether translators and discriminators move now, and not the classifier."""
        if not self.pairs:
            return False
        if self.mode == "aug":
            return self.rounds_played < self.phase_rounds
        # the classifier has the first phase, and the last, to learn from the final rows
        if self.rounds_played >= self.fit_ends - self.phase_rounds:
            return False
        return (self.rounds_played - self.fit_begins) // self.phase_rounds % 2 == 1

    # ---- a round --------------------------------------------------------------------------------

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Play a round of CycleGAN, or one of the classifier on real and translated rows."""
        if self.translates:
            yield from super().turns(x, y)
            return
        rows = x.unflatten(0, (len(self.counts), -1))
        yield {"classifier": self.class_loss(rows, self.translate_sides(rows))}

    def teach(self, fake: Tensor) -> Tensor | float:
        if self.mode == "aug" or not self.classifier_weight:
            return 0.0
        with self.eval_mode("classifier"):
            logits = self.classifier(fake.flatten(0, 1)).unflatten(0, fake.shape[:2])
        return self.classifier_weight * self.pair_loss(logits)

    @torch.no_grad()
    def translate_sides(self, rows: Tensor) -> Tensor | None:
        """G_AB(a) and G_BA(b) of each pair, as in a round; None if there is no pair."""
        if not self.pairs:
            return None
        with self.eval_mode("translators"):
            made = apply_each(self.translators, across(self.sides(rows)))
        return self.harden(made.flatten(0, 1)).view_as(made)

    def class_loss(self, rows: Tensor, translated: Tensor | None) -> Tensor:
        """L_cls of real rows, (n_classes, n, *shape), and of G_AB(a), G_BA(b) of each pair."""
        sides = rows if translated is None else torch.cat([rows, translated])
        logits = self.classifier(sides.flatten(0, 1)).unflatten(0, sides.shape[:2])
        real, of_pairs = logits[: len(rows)], logits[len(rows) :]
        codes = torch.arange(len(rows), device=rows.device).repeat_interleave(rows.shape[1])
        losses = cross_entropy(real.flatten(0, 1), codes, reduction="none")
        loss = (self.real_weights * losses.view(len(rows), -1).mean(dim=1)).sum()
        if translated is None:
            return loss
        # all rows that are translated back count together as one class, however many the pairs
        return loss + self.pair_loss(of_pairs, 1 / len(self.pairs))

    def pair_loss(self, logits: Tensor, share: float = 1.0) -> Tensor:
        """Cross-entropy of G_AB(a) for class B, and of G_BA(b) for any source class, over pairs.

        ``logits`` are those of both sides of each pair, (n_sides, n, n_classes); ``share`` is the
        weight of the latter.
        """
        of_b, of_a = logits.log_softmax(dim=2).unflatten(0, (-1, 2)).unbind(1)
        as_b = -(of_b * self.target_masks[:, None]).sum(dim=2).mean(dim=1)
        in_a = of_a.masked_fill(~self.source_masks[:, None], -torch.inf)
        as_a = -in_a.logsumexp(dim=2).mean(dim=1)
        weights = (self.target_masks * self.class_weights).sum(dim=1)
        return (weights * as_b + share * self.back_weights * as_a).sum()

    @property
    def predictor(self) -> nn.Module:
        return self.classifier

    def get_extra_state(self) -> dict[str, int]:
        own = {name: getattr(self, name) for name in PHASES}
        return super().get_extra_state() | own

    def set_extra_state(self, state: Any) -> None:
        super().set_extra_state(state)
        for name in PHASES:
            setattr(self, name, state[name])
