"""Cross-validated comparison of samplers and classifiers, with a report."""

try:
    import jinja2  # noqa: F401
    import matplotlib  # noqa: F401
    import pandas  # noqa: F401
    import tqdm  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"the comparison needs {error.name}, which is not installed: "
        'pip install "gan-resample[compare]"'
    ) from error

from gan_resample.evaluation.compare import compare
from gan_resample.evaluation.comparison import Comparison
from gan_resample.evaluation.latent import LatentDisplay
from gan_resample.evaluation.pictures import GenerationDisplay, ResamplingDisplay
from gan_resample.evaluation.plots import ComparisonDisplay, GameHistoryDisplay
from gan_resample.evaluation.rank_plot import RankDisplay
from gan_resample.evaluation.statistics import RankTest, SharedMeans
from gan_resample.evaluation.translations import TranslationDisplay

__all__ = [
    "Comparison",
    "ComparisonDisplay",
    "GameHistoryDisplay",
    "GenerationDisplay",
    "LatentDisplay",
    "RankDisplay",
    "RankTest",
    "ResamplingDisplay",
    "SharedMeans",
    "TranslationDisplay",
    "compare",
]
