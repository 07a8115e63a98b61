"""What a signal's handler raises is told from what a callback raises."""

import os
import signal
import threading

import pytest

from gan_resample.engine.stopping import SignalWatch


@pytest.fixture(autouse=True)
def handler():
    """Restore the handler, whatever a test did to it."""
    before = signal.getsignal(signal.SIGINT)
    yield before
    signal.signal(signal.SIGINT, before)


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(5)  # Python runs the handler here


def test_a_real_signal_is_noted_and_the_handler_put_back(handler):
    with SignalWatch() as signals, pytest.raises(KeyboardInterrupt):
        press_ctrl_c()
    assert signals.raised
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_exception_of_the_code_is_not():
    with SignalWatch() as signals, pytest.raises(KeyboardInterrupt):
        raise KeyboardInterrupt
    assert not signals.raised


def test_a_handler_of_the_users_goes_on_deciding(handler):
    seen = []
    mine = lambda number, frame: seen.append(number)  # noqa: E731
    signal.signal(signal.SIGINT, mine)
    with SignalWatch() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        while not seen:
            threading.Event().wait(0.01)
    assert seen == [signal.SIGINT]
    assert not signals.raised
    assert signal.getsignal(signal.SIGINT) is mine


def test_a_handler_of_any_signal_that_raises_is_noted():
    def stop(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with SignalWatch() as signals, pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGALRM)
        assert signals.raised
        assert signal.getsignal(signal.SIGALRM) is stop
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("ignored", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_nothing_is_called_nothing_is_changed(ignored):
    signal.signal(signal.SIGINT, ignored)
    with SignalWatch():
        assert signal.getsignal(signal.SIGINT) is ignored


def test_a_handler_that_is_set_meanwhile_stays():
    mine = lambda number, frame: None  # noqa: E731
    with SignalWatch():
        signal.signal(signal.SIGINT, mine)
    assert signal.getsignal(signal.SIGINT) is mine


def test_watches_nest_and_all_note(handler):
    with SignalWatch() as outer, SignalWatch() as inner, pytest.raises(KeyboardInterrupt):
        press_ctrl_c()
    assert outer.raised
    assert inner.raised
    assert signal.getsignal(signal.SIGINT) is handler


def test_other_threads_watch_nothing(handler):
    seen = []

    def watch():
        with SignalWatch() as signals:
            seen.append(signal.getsignal(signal.SIGINT) is handler)
            seen.append(signals.raised)

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert seen == [True, False]
