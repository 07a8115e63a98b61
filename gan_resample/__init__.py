"""Adversarial games for imbalanced data, compatible with scikit-learn and imbalanced-learn.

Names are loaded when they are first used (PEP 562): torch takes seconds, for which neither
``gan-resample --help`` nor a Ctrl-C should wait.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_resample.core.trusted import TRUSTED_TYPES
    from gan_resample.cyclegan import CycleGANClassifier, CycleGANSampler
    from gan_resample.dvaan import DVAANClassifier, DVAANSampler
    from gan_resample.egan import EGANClassifier
    from gan_resample.encoding import ImageEncoder, TableEncoder
    from gan_resample.engine.guards import (
        BoundaryWarning,
        CollapseWarning,
        DivergenceError,
        DivergenceWarning,
        ScatterWarning,
        TinyClassWarning,
    )
    from gan_resample.gamo import GAMOClassifier, GAMOSampler
    from gan_resample.pgan import PGANClassifier, PGANSampler
    from gan_resample.priors import PriorCorrectedClassifier
    from gan_resample.spread_ensemble import SpreadEnsembleClassifier
    from gan_resample.spread_smote import SpreadSMOTE

__version__ = "0.1.0"

__all__ = [
    "TRUSTED_TYPES",
    "BoundaryWarning",
    "CollapseWarning",
    "CycleGANClassifier",
    "CycleGANSampler",
    "DVAANClassifier",
    "DVAANSampler",
    "DivergenceError",
    "DivergenceWarning",
    "EGANClassifier",
    "GAMOClassifier",
    "GAMOSampler",
    "ImageEncoder",
    "PGANClassifier",
    "PGANSampler",
    "PriorCorrectedClassifier",
    "ScatterWarning",
    "SpreadEnsembleClassifier",
    "SpreadSMOTE",
    "TableEncoder",
    "TinyClassWarning",
]

# loaded with the first use of one of their names
_MODULE_OF = {
    "BoundaryWarning": "engine.guards",
    "CollapseWarning": "engine.guards",
    "CycleGANClassifier": "cyclegan",
    "CycleGANSampler": "cyclegan",
    "DVAANClassifier": "dvaan",
    "DVAANSampler": "dvaan",
    "DivergenceError": "engine.guards",
    "DivergenceWarning": "engine.guards",
    "EGANClassifier": "egan",
    "GAMOClassifier": "gamo",
    "GAMOSampler": "gamo",
    "ImageEncoder": "encoding",
    "PGANClassifier": "pgan",
    "PGANSampler": "pgan",
    "PriorCorrectedClassifier": "priors",
    "ScatterWarning": "engine.guards",
    "SpreadEnsembleClassifier": "spread_ensemble",
    "SpreadSMOTE": "spread_smote",
    "TRUSTED_TYPES": "core.trusted",
    "TableEncoder": "encoding",
    "TinyClassWarning": "engine.guards",
}
_SUBMODULES = {*_MODULE_OF.values(), "cli", "datasets", "evaluation", "testing"}

if not TYPE_CHECKING:  # which would take any name for a public one

    def __getattr__(name: str) -> Any:
        if name in _SUBMODULES:
            return import_module(f"{__name__}.{name}")
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value  # where the next use finds it
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
