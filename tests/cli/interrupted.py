"""A command that is interrupted at a moment of a test's choice, in a process of its own."""

SAID = "autoeval: interrupted. Every reply so far is kept; run the same command again."

INTERRUPTED = """
import atexit, json, os, signal, sys
from pathlib import Path

moment, again, counted = int(sys.argv.pop(1)), float(sys.argv.pop(1)), Path(sys.argv.pop(1))
n = 0

def count(frame, event, arg):
    global n
    n += 1
    if n == moment:
        sys.setprofile(None)
        if again:
            signal.setitimer(signal.ITIMER_REAL, again)
        signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
atexit.register(lambda: (signal.setitimer(signal.ITIMER_REAL, 0), sys.setprofile(None), counted.write_text(str(n))))
from autoeval.cli import main
sys.setprofile(count)
main()
"""
"""A command that gets SIGINT at a moment (the number of a call or return), and once more some seconds later."""
