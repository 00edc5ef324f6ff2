"""What asking came to, in lines that every result ends with."""

from autoeval.completions.ask import AskReport


def asked_lines(asked: AskReport) -> list[str]:
    """Say why asking stopped, what was asked, how long it took and what it cost."""
    lines = [f"stopped: {asked.stop.message}"] if asked.stop else []
    if asked.n_requests:
        lines.append(
            f"{asked.n_requests} requests: {asked.n_cached} cached, {asked.n_asked} asked in {asked.seconds:.1f} s, "
            f"{asked.input_tokens + asked.output_tokens} tokens, {cost_of(asked)}"
        )
    return lines


def cost_of(asked: AskReport) -> str:
    """Say what asking cost, as far as prices are known."""
    return (
        f"${asked.spent:.4f}"
        if asked.is_price_known
        else f"more than ${asked.spent:.4f} (a price is unknown)"
    )
