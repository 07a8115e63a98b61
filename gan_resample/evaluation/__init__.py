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

from gan_resample.evaluation.comparison import Comparison
from gan_resample.evaluation.displays.comparison import ComparisonDisplay, GameHistoryDisplay
from gan_resample.evaluation.displays.latent import LatentDisplay
from gan_resample.evaluation.displays.ranks import RankDisplay
from gan_resample.evaluation.displays.rows import GenerationDisplay, ResamplingDisplay
from gan_resample.evaluation.displays.translation import TranslationDisplay
from gan_resample.evaluation.results.rank_tests import RankTest, SharedMeans
from gan_resample.evaluation.run.compare import compare

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
