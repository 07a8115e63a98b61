"""Run tasks over processes, machines, and calls that share a store.

joblib takes tasks one by one, in its own threads, when workers become free. At most twice as many
tasks as there are workers are pickled at a time, and an outcome is dropped once it is written. A
call claims each task that it takes in the store, so that other calls with the same store take
others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from threading import current_thread, main_thread
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend
from tqdm import tqdm

from gan_resample.evaluation.run.fold import Outcome, Task, run_task
from gan_resample.evaluation.run.schedule import Estimate, TimeLimit, in_turns
from gan_resample.evaluation.run.store import Key, Store, TaskKey

__all__ = ["keys", "play_missing", "task_key"]


def task_key(task: Task) -> TaskKey:
    """Return the key of a task among those of a comparison."""
    return task.data.name, task.split.repeat, task.split.fold, task.name


def keys(task: Task) -> list[Key]:
    """Keys of the records that a task makes, except for that of the sampler."""
    return [(*task_key(task), classifier) for classifier in task.classifiers]


def play_missing(
    tasks: Sequence[Task], store: Store, n_jobs: int | None, verbose: int, limit: TimeLimit
) -> None:
    """Run the tasks that the store lacks; each is written as soon as it ends.

    Methods take turns, see :func:`in_turns`. Tasks that other calls have claimed come last, if
    they are still missing: these calls may have been killed. If they were not, a task may run
    twice, with the same results. When the limit is reached no task begins; those that run end.
    """
    call = delayed(_choose_runner(n_jobs))
    records = store.records()
    left, failed = _missing(in_turns(tasks), records)
    others: list[Task] = []
    bar = tqdm(total=len(tasks), initial=len(tasks) - len(left), unit="fit", disable=not verbose)
    with bar:
        told = _Progress(bar, Estimate(left, records, effective_n_jobs(n_jobs)), limit)
        try:
            for chosen in (_claimed(left, store, others), others):
                parts = limit.within(_lacking(chosen, store, failed))
                _write_all((call(part) for part in parts), store, n_jobs, told)
            if not limit.reached:
                bar.update(len(tasks) - bar.n)  # tasks that other calls ran
        finally:
            store.release()


def _missing(tasks: Iterable[Task], records: Mapping[Key, Any]) -> tuple[list[Task], set[Key]]:
    """Find tasks that lack a record, then those that failed, and the keys that failed.

    Failures are tried again last, or they would use up a short time limit again and again.
    """
    failed = {key for key, record in records.items() if record["status"] == "failed"}
    done = records.keys() - failed
    left = [task for task in tasks if not done.issuperset(keys(task))]
    return sorted(left, key=lambda task: records.keys() >= {*keys(task)}), failed


class _Progress:
    """The progress bar, with an estimate above it as soon as there is one."""

    def __init__(self, bar: tqdm, estimate: Estimate, limit: TimeLimit) -> None:
        self._bar, self._estimate, self._limit = bar, estimate, limit
        self._said = False
        self._say()

    def _say(self) -> None:
        if self._said or self._bar.disable:
            return
        if told := self._estimate.told(self._limit):
            self._bar.write(told, file=sys.stderr)
            self._said = True

    def update(self, outcome: Outcome) -> None:
        self._bar.set_description(f"{outcome.sampler['data']}: {outcome.sampler['sampler']}")
        self._bar.update()
        self._estimate.add(outcome)
        self._say()


def _claimed(tasks: Iterable[Task], store: Store, others: list[Task]) -> Iterator[Task]:
    """Claim each task when its turn comes; those that are claimed already go to ``others``."""
    for task in tasks:
        if store.claim(task_key(task)):
            yield task
        else:
            others.append(task)


def _lacking(tasks: Iterable[Task], store: Store, failed: set[Key]) -> Iterator[Task]:
    """Leave out tasks that have records by then, unless these are of an earlier failure."""
    for task in tasks:
        records = store.records(task_key(task))
        done = {key for key in records if key not in failed or records[key]["status"] != "failed"}
        names = [key[-1] for key in keys(task) if key not in done]
        if names:
            yield task.only(names)


def _write_all(
    calls: Iterable[Any], store: Store, n_jobs: int | None, progress: _Progress
) -> None:
    # one task at a time: a batch of tasks would be lost, or run twice, as a whole
    parallel = Parallel(
        n_jobs=n_jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
    )
    try:
        with closing(parallel(calls)) as outcomes:
            for outcome in outcomes:
                store.add(outcome)
                progress.update(outcome)
    except TerminatedWorkerError as error:
        raise RuntimeError(
            "a process died, perhaps for lack of memory; finished cells are kept where there "
            "is a store, and the same call goes on: try it with fewer processes (n_jobs)"
        ) from error


# ---- where tasks run ----------------------------------------------------------------------------


def _choose_runner(n_jobs: int | None) -> Callable[[Task], Outcome]:
    """Return the function that workers run; raise if workers are threads, Dask's or others."""
    backend: Any = get_active_backend()[0]
    kind = type(backend).__name__
    if kind == "ThreadingBackend" and _uses_threads(n_jobs):
        raise ValueError(
            "a comparison needs processes, since warnings are caught for each cell, but joblib is "
            "set to threads, as it is inside its own workers: use n_jobs=1 in the main thread of "
            "a process, or joblib.parallel_config(backend='loky')"
        )
    if kind != "DaskDistributedBackend":
        return run_task
    workers = backend.client.nthreads()
    if any(n > 1 or name.startswith("inproc") for name, n in workers.items()):
        raise ValueError(
            "a comparison needs processes of one thread, since warnings are caught for each cell, "
            f"but Dask has these workers (and threads): {workers}; start them with "
            "threads_per_worker=1 and processes=True, on the command line dask worker --nthreads 1"
        )
    return _play_alone


def _uses_threads(n_jobs: int | None) -> bool:
    """Whether several cells would run in threads; a single job runs in the calling thread.

    Inside a worker process joblib's default is a single thread.
    """
    return effective_n_jobs(n_jobs) > 1 or current_thread() is not main_thread()


def _play_alone(task: Task) -> Outcome:
    """Run a task in this process: estimators with ``n_jobs`` would send work to the cluster.

    A worker that waits for such work would start another task meanwhile, in a second thread.
    """
    with parallel_config(backend="sequential"):
        return run_task(task)
