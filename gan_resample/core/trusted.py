"""What a file that skops wrote may hold: ``skops.io.load(file, trusted=TRUSTED_TYPES)``."""

__all__ = ["TRUSTED_TYPES"]

#: Names of the types in the state of fitted estimators of this package. None of them runs code of
#: the file's author when it is loaded.
TRUSTED_TYPES: list[str] = [
    "decimal.Decimal",
    "gan_resample.cyclegan.estimators.CycleGANClassifier",
    "gan_resample.cyclegan.estimators.CycleGANSampler",
    "gan_resample.cyclegan.game.CycleGANGame",
    "gan_resample.cyclegan.translation.TranslationGame",
    "gan_resample.dvaan.estimators.DVAANClassifier",
    "gan_resample.dvaan.estimators.DVAANSampler",
    "gan_resample.dvaan.game.DVAANGame",
    "gan_resample.egan.equilibrium.EquilibriumStop",
    "gan_resample.egan.estimators.EGANClassifier",
    "gan_resample.egan.game.EGANGame",
    "gan_resample.encoding.extremes.Tail",
    "gan_resample.encoding.image.ImageEncoder",
    "gan_resample.encoding.numerals.DecimalForm",
    "gan_resample.encoding.numerals.TextForm",
    "gan_resample.encoding.numeric.NumericColumn",
    "gan_resample.encoding.table.TableEncoder",
    "gan_resample.engine.net.GameNet",
    "gan_resample.gamo.estimators.GAMOClassifier",
    "gan_resample.gamo.estimators.GAMOSampler",
    "gan_resample.gamo.game.GAMOGame",
    "gan_resample.mixing.gamo2pix.GAMO2pixGame",
    "gan_resample.pgan.estimators.PGANClassifier",
    "gan_resample.pgan.estimators.PGANSampler",
    "gan_resample.pgan.game.PGANGame",
    "gan_resample.priors.correction.PriorCorrectedClassifier",
    "gan_resample.spread_ensemble.SpreadEnsembleClassifier",
    "gan_resample.spread_smote.SpreadSMOTE",
    "imblearn.pipeline.Pipeline",
    "numpy.dtype",
    "scipy.sparse._csc.csc_array",
    "scipy.sparse._csc.csc_matrix",
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csr.csr_matrix",
    "torch.device",
    "torch.optim.adam.Adam",
]
