"""Public tables as folds: read, limit, split, impute, standardise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split
from sklearn.preprocessing import OneHotEncoder

Codes = NDArray[np.int64]

FEWEST = 10  # rows of a class in a table of several classes; fewer cannot be split and resampled


@dataclass(frozen=True)
class Table:
    """Rows with numeric columns in float64 and categorical ones in dtype category.

    ``y`` holds class codes in order of size, the largest class first: in a table of two classes, 1
    is the minority.
    """

    name: str
    X: pd.DataFrame
    y: Codes


@dataclass(frozen=True)
class Fold:
    """One split of a table, without missing values, numbers standardised by the training rows."""

    table: str
    number: int
    X: pd.DataFrame
    y: Codes
    X_test: pd.DataFrame
    y_test: Codes


def read_table(folder: Path, name: str, max_rows: int, seed: int) -> Table:
    """Read a table, with codes for its labels."""
    frame, labels = read_labelled(folder, name, max_rows, seed)
    return Table(name, frame, labels.value_counts().index.get_indexer(pd.Index(labels)))


def read_labelled(
    folder: Path, name: str, max_rows: int, seed: int
) -> tuple[pd.DataFrame, pd.Series]:
    """Read ``tabular/<name>.csv.gz``; ``tabular/index.json`` lists its categorical columns."""
    about = json.loads((folder / "tabular" / "index.json").read_text())[name]
    frame = pd.read_csv(folder / "tabular" / f"{name}.csv.gz")
    labels = frame.pop("target").astype(str)
    numeric = frame.columns.difference(about["categorical"], sort=False)
    frame[numeric] = frame[numeric].astype(np.float64)
    for column in about["categorical"]:
        texts = frame[column].astype(str).where(frame[column].notna())
        frame[column] = texts.astype("category")
    frame, labels = drop_rare(frame, labels)
    if len(frame) > max_rows:
        frame, _, labels, _ = train_test_split(
            frame, labels, train_size=max_rows, stratify=labels, random_state=seed
        )
        frame, labels = drop_rare(frame, labels)
    return frame.reset_index(drop=True), labels.reset_index(drop=True)


def drop_rare(X: pd.DataFrame, labels: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Drop classes of fewer than ``FEWEST`` rows if there are more than two classes."""
    counts = labels.value_counts()
    if len(counts) == 2:
        return X, labels
    keep = labels.isin(counts.index[counts >= FEWEST])
    return X[keep], labels[keep]


def folds(table: Table, n_folds: int, n_repeats: int, seed: int) -> Iterator[Fold]:
    splitter = RepeatedStratifiedKFold(n_splits=n_folds, n_repeats=n_repeats, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(table.X, table.y)):
        X, X_test = prepare(table.X.iloc[train], table.X.iloc[test])
        yield Fold(table.name, number, X, table.y[train], X_test, table.y[test])


def prepare(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Impute (median, most frequent) and standardise by the training rows; keep the dtypes."""
    numbers = train.select_dtypes("number")
    medians, scales = numbers.median(), numbers.std(ddof=0).replace(0, 1)
    means = numbers.fillna(medians).mean()
    texts = train.columns.difference(numbers.columns)
    fill = {**medians, **{column: train[column].mode().iloc[0] for column in texts}}
    parts = []
    for frame in (train, test):
        frame = frame.fillna(fill).reset_index(drop=True)
        frame[numbers.columns] = (frame[numbers.columns] - means) / scales
        parts.append(frame)
    return parts[0], parts[1]


def is_categorical(X: pd.DataFrame) -> NDArray[np.bool_]:
    return (X.dtypes == "category").to_numpy()


def matrix_encoder(X: pd.DataFrame) -> ColumnTransformer:
    """Make a one-hot encoder of categorical columns; numbers pass unchanged."""
    mask = is_categorical(X)
    onehot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [("numbers", "passthrough", X.columns[~mask]), ("texts", onehot, X.columns[mask])]
    return ColumnTransformer(parts).fit(X)
