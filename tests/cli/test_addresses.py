"""An address that is none is refused before a price is promised, by whatever names it."""

from pathlib import Path

import pytest

from autoeval.completions.endpoints import make_endpoint
from autoeval.errors import UsageError
from tests.cli.running import CommandLine, rows

NO_ADDRESSES = (
    "nonsense",
    "127.0.0.1:8000/v1",
    "http://127.0.0.1:99999/v1",
    "http://127.0.0.1:port/v1",
    "http://127.0.0.1:0",
    "http://local host:8000/v1",
    "http://127.0.0.1:8000/v1 ",
    "http://127.0.0.1:8000/v1\n",
    "http:/127.0.0.1:8000/v1",
    "http://http://127.0.0.1:8000/v1",
    "ftp://127.0.0.1/v1",
    "http://[::1",
    "http://",
    "",
    ",",
    "http://127.0.0.1:8000/v1,nonsense",
)
ADDRESSES = (
    "http://127.0.0.1:8000/v1",
    "https://user:word@example.org/v1?key=1",
    "http://[::1]:8000/v1",
    "http://münchen.example/v1",
    "http://a:1/v1, http://b:2/v1",
)
OUTPUTS = ("--model_outputs", "outputs.json")


@pytest.mark.parametrize(
    "provider", ["openai", "openai_compatible", "anthropic", "azure", "reward", "vllm_server"]
)
def test_what_is_no_address_is_refused_when_a_config_is_loaded(provider: str) -> None:
    for address in NO_ADDRESSES:
        with pytest.raises(UsageError, match="is no address of a server"):
            make_endpoint(provider, "m", address)
    for address in ADDRESSES:
        endpoint = make_endpoint(provider, "m", address)
        assert [endpoint.base_url, *endpoint.more_urls] == [one.strip() for one in address.split(",")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", *OUTPUTS, "--annotators_config", "gpt4_ranking", "--judge_base_url"),
        ("evaluate", *OUTPUTS, "--annotators_config", "claude", "--judge_base_url"),
        ("audit", *OUTPUTS, "--annotators_config", "gpt4_ranking", "--judge_base_url"),
        ("evaluate_from_model", "gpt-4.1", "--annotators_config", "offline", "--generator_base_url"),
    ],
)
@pytest.mark.parametrize("address", ["nonsense", "", "http://127.0.0.1:99999/v1"])
def test_a_dry_run_refuses_it_too(arguments: tuple[str, ...], address: str, command: CommandLine) -> None:
    command.write("outputs.json", rows())
    reference = command.write("reference.json", rows(who="reference"))
    before = command.files()
    outcome = command(*arguments, address, "--reference_outputs", reference, "--dry_run")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"autoeval: {address!r} is no address of a server: write it like http://" in outcome.err
    assert command.files() == before


def test_a_variable_and_a_client_config_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for provider, variable in (("openai", "OPENAI_BASE_URL"), ("anthropic", "ANTHROPIC_BASE_URL")):
        monkeypatch.setenv(variable, "my server")
        with pytest.raises(UsageError, match=f"{variable}: 'my server' is no address"):
            make_endpoint(provider, "m")
        monkeypatch.setenv(variable, "")
        assert make_endpoint(provider, "m").base_url is None
    config = tmp_path / "clients.yaml"
    config.write_text("default:\n  - {api_key: k}\n  - {api_key: k, base_url: my server}\n")
    with pytest.raises(UsageError, match=r"the client config .*clients\.yaml: 'my server' is no address"):
        make_endpoint("openai", "m", clients=str(config))


def test_a_config_for_no_server_is_not_written(command: CommandLine) -> None:
    given = ("--provider", "openai_compatible", "--model", "m", "--base_url", "localhost:8000")
    before = command.files()
    outcome = command("new", "annotator", "mine", *given)
    assert outcome.code == 2
    assert command.files() == before
