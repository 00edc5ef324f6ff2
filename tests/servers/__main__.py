"""Serve from a process of its own: `python -m tests.servers --port 0` prints its address."""

import argparse
import sys
import threading

from tests.servers import JudgeServer, always


def main() -> None:
    """Serve one fixed answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--text", default="a", help="what every reply says")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every reply")
    arguments = parser.parse_args()
    with JudgeServer(always(arguments.text, delay=arguments.delay), keeps=0, port=arguments.port) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
