"""Serve from a process of its own: `python -m tests.servers --port 0` prints its address."""

import argparse
import sys
import threading

from tests.recorded import recorded_data, recorded_models
from tests.servers import Answerer, JudgeServer, always
from tests.servers.batch_server import BatchServer
from tests.servers.recorded_judge import RecordedJudge
from tests.servers.recorded_judges import RecordedJudges


def main() -> None:
    """Serve one fixed answer, or recorded judgments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--text", default="a", help="what every reply says")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every reply")
    parser.add_argument(
        "--recorded", help="judge as recorded: `alpaca_eval_1/gpt4`, or `alpaca_eval_1` for all models"
    )
    parser.add_argument("--batch", action="store_true", help="also take batch jobs; POST /finish ends them")
    arguments = parser.parse_args()
    answer: Answerer = always(arguments.text, delay=arguments.delay)
    if arguments.recorded:
        eval_set, _, model = arguments.recorded.partition("/")
        folder = recorded_data() / eval_set
        answer = RecordedJudge(folder, model) if model else RecordedJudges(folder, recorded_models(eval_set))
    kind = BatchServer if arguments.batch else JudgeServer
    with kind(answer, keeps=0, port=arguments.port) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
