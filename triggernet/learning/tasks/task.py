"""What a model is asked: which classes there are, at what loss, judged how.

A model with two classes has one output, the logit of the second one (the signal); with more it has
one output a class. Nothing here needs torch until a loss is asked for: configurations are checked
before anything heavy is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ConfigError, DataError, ModelError
from triggernet.learning.tasks.classes import ClassMetrics, measure_classes
from triggernet.learning.tasks.discriminants import Discriminant, usual
from triggernet.learning.tasks.metrics import Metrics, measure
from triggernet.statistics import area_under_roc
from triggernet.words import counted

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
BINARY = 2


@dataclass(frozen=True)
class Task:
    """The classification of whole objects: the section ``task`` of a run's configuration.

    Attributes
    ----------
    classes : tuple of str
        Names in the order of the labels; of two, the second is the signal. Left out, they are those
        of the training jets.
    class_weights : tuple of float
        How much the objects of each class count in the loss, in the order of `classes`; left out,
        all count 1.
    discriminants : mapping of str to mapping of str to float
        For each signal the fractions of its backgrounds, which add up to 1: one number is made of
        all classes (`triggernet.learning.tasks.discriminants`). Left out, flavours have those of
        GN2, other classes none.
    """

    classes: tuple[str, ...] = ()
    class_weights: tuple[float, ...] = ()
    discriminants: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) == 1:
            raise ConfigError(
                f"classes: found {', '.join(self.classes)}; give two or more different names"
            )
        if any(not 0 < weight < math.inf for weight in self.class_weights):
            raise ConfigError(
                f"class_weights: found {list(self.class_weights)}; allowed are numbers above 0"
            )
        if self.class_weights and len(self.class_weights) != max(len(self.classes), BINARY):
            raise ConfigError(
                f"class_weights: found {len(self.class_weights)} for "
                f"{max(len(self.classes), BINARY)} classes; give one a class"
            )

        for signal, fractions in self.discriminants.items():
            Discriminant(signal, fractions)
            unknown = sorted({signal, *fractions} - set(self.classes))
            if self.classes and unknown:
                raise ConfigError(
                    f"discriminants.{signal}: no class {unknown[0]!r}; there are "
                    f"{', '.join(self.classes)}"
                )

    @property
    def mixtures(self) -> dict[str, Discriminant]:
        """The discriminants by their signals: those given, or the usual ones of flavours."""
        given = {k: Discriminant(k, fractions) for k, fractions in self.discriminants.items()}
        return given or usual(self.classes)

    @property
    def n_classes(self) -> int:
        """2 where the classes are not named."""
        return len(self.classes) or BINARY

    @property
    def n_outputs(self) -> int:
        """Of a model: one for two classes, otherwise one a class."""
        return 1 if self.n_classes == BINARY else self.n_classes

    def labels(self, classes: Sequence[str], label: NDArray[Any]) -> Labels:
        """Labels in the order of this task.

        Parameters
        ----------
        classes : sequence of str
            The names in the order of `label`, as a file of jets states them.
        label : integer array (n,)

        Raises
        ------
        DataError
            If there are more classes than outputs, or others. Any two classes will do for a task of
            two: a tagger of tops may be judged on other jets. One that both have keeps its side.
        """
        if len(classes) != self.n_classes:
            raise DataError(
                f"the jets have {len(classes)} classes ({', '.join(classes)}), the model tells "
                f"{self.n_classes} apart{self._named()}; `triggernet convert --classes` selects "
                "some of them, `--signal ... --background ...` merges them to two"
            )
        if set(classes) == set(self.classes):
            order = np.array([self.classes.index(name) for name in classes])
            mapped: Labels = order[label].astype(np.int64)
            return mapped
        if self.classes and self.n_classes == BINARY:
            swapped = classes[0] == self.classes[1] or classes[1] == self.classes[0]
            return (1 - label if swapped else label).astype(np.int64)
        if self.classes:
            raise DataError(
                f"the jets are of the classes {', '.join(classes)}, the model tells "
                f"{', '.join(self.classes)} apart; give jets of those"
            )
        return label.astype(np.int64)

    def _named(self) -> str:
        return f" ({', '.join(self.classes)})" if self.classes else ""

    def check_complete(self, label: Labels, what: str, advice: str = "give jets of each") -> None:
        """Refuse labels among which a class is missing; `what` says of which jets.

        Raises
        ------
        DataError
            With the counts of all classes.
        """
        counts = np.bincount(label, minlength=self.n_classes)
        if counts.min() > 0:
            return
        names = self.classes or ("background", "signal")
        lacking = " and ".join(f"{n} {name}" for n, name in zip(counts, names, strict=True))
        raise DataError(f"the {what} has {lacking} jets; all classes are needed: {advice}")

    def loss(self, logits: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor:
        """The mean loss of logits (B,) or (B, C), the classes weighted.

        Parameters
        ----------
        logits : tensor
        label : integer tensor (B,)
        weight : tensor (B,), optional
            Of every object.

        Raises
        ------
        ModelError
            If these are not logits of that many classes.
        """
        from triggernet.learning.tasks.losses import classification_loss

        self._check(logits)
        if self.class_weights:
            of_class = logits.new_tensor(self.class_weights)[label.long()]
            weight = of_class if weight is None else of_class * weight
        return classification_loss(logits, label, weight)

    def logits(self, outputs: Tensor) -> Tensor:
        """Those of the classes, (B,) or (B, C), of all outputs of a model: the first ones.

        Raises
        ------
        ModelError
            If the model has fewer outputs.
        """
        self._check(outputs)
        if outputs.ndim == 1 or outputs.shape[1] == self.n_outputs:
            return outputs
        return outputs[:, 0] if self.n_outputs == 1 else outputs[:, : self.n_outputs]

    def _check(self, outputs: Tensor) -> None:
        given = 1 if outputs.ndim == 1 else outputs.shape[1]
        if given < self.n_outputs:
            raise ModelError(
                f"the model gives {counted(given, 'number')} an object, and a task of "
                f"{self.n_classes} classes needs {self.n_outputs}; its family must make n_outputs "
                "of them"
            )

    def properties(self, outputs: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
        """Those that follow the classes, each (B,), by the names of the properties."""
        return {name: outputs[:, self.n_outputs + k] for k, name in enumerate(names)}

    def auc(self, logits: Floats, label: Labels) -> float:
        """The area under the ROC curve; for several classes the mean of each against the rest."""
        if logits.ndim == 1:
            return area_under_roc(logits, label)
        p = probabilities(logits)
        each = [area_under_roc(p[:, k], (label == k).astype(np.int64)) for k in range(p.shape[1])]
        return float(np.mean(each))

    def measure(self, logits: Floats, label: Labels, n_parameters: int) -> Metrics:
        """What logits (n,) or (n, C) are worth; of several classes the summary.

        Raises
        ------
        DataError
            If a class is missing, or a logit is not a number.
        """
        several = self.measure_classes(logits, label, n_parameters)
        return measure(logits, label, n_parameters) if several is None else several.summary

    def measure_classes(
        self, logits: Floats, label: Labels, n_parameters: int
    ) -> ClassMetrics | None:
        """Class by class; None for a task of two, whose metrics say all."""
        if self.n_outputs == 1:
            return None
        return measure_classes(logits, label, self.classes, n_parameters)

    def judged(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None
    ) -> Mapping[str, float]:
        """Loss and AUC of a validation, as the history of a training holds them.

        The loss is weighted, the AUC counts every object once.
        """
        return {
            "validation_loss": float(self.loss(logits, label, weight)),
            "validation_auc": self.auc(logits.numpy(), label.numpy()),
        }


def probabilities(logits: Floats) -> Floats:
    """The softmax of logits (n, C)."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    normalised: Floats = shifted / shifted.sum(1, keepdims=True)
    return normalised
