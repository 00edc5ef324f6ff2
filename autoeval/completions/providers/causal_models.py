"""Causal language models of `transformers`: how they are loaded, and what must be known of them."""

import inspect
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autoeval.completions.providers.torch_memory import on_best_device
from autoeval.completions.providers.weights import fingerprint
from autoeval.errors import UsageError

LOADING = {"device_map": None, "dtype": "auto", "revision": None}
"""The parameters that say how a model is loaded, and what holds without them."""
_MODEL_FILES = frozenset({".bin", ".jinja", ".json", ".model", ".safetensors", ".txt"})
_CHANGES = (
    "bad_words_ids",
    "begin_suppress_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "min_length",
    "min_new_tokens",
    "no_repeat_ngram_size",
    "repetition_penalty",
    "sequence_bias",
    "suppress_tokens",
)
"""What of a model's own generation config changes logits without sampling."""


@dataclass(frozen=True)
class CausalModel:
    """A model and its tokenizer."""

    tokenizer: Any
    model: Any
    _texts: dict[int, str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, torch: Any, name: str, loading: dict[str, Any]) -> "CausalModel":
        """Load a model, onto the accelerator where there is one and no `device_map` says otherwise.

        Args:
            torch: the library.
            name: the model's on the hub, or its folder.
            loading: values of the parameters in LOADING.

        Raises:
            UsageError: it cannot be loaded, or does not fit.
        """
        import transformers

        library: Any = transformers
        try:
            tokenizer = library.AutoTokenizer.from_pretrained(
                name, revision=loading["revision"], padding_side="left", trust_remote_code=False
            )
            model = library.AutoModelForCausalLM.from_pretrained(name, **loading, trust_remote_code=False)
        except (OSError, ValueError, ImportError) as error:
            raise UsageError(f"transformers cannot load {name!r}: {error}") from error
        if loading["device_map"] is None:
            model = on_best_device(torch, model, name)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        return cls(tokenizer, model.eval())

    @cached_property
    def is_plain(self) -> bool:
        """Whether the likeliest token is what the model says: its config changes no logits, and it can leave out
        those of all places but the last.
        """
        config = self.model.generation_config
        is_changed = any(getattr(config, name, None) not in (None, 0, 1.0) for name in _CHANGES)
        return (
            not is_changed
            and {"logits_to_keep", "position_ids"} <= inspect.signature(self.model.forward).parameters.keys()
        )

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply."""
        configured = self.model.generation_config.eos_token_id
        ends = configured if isinstance(configured, list) else [configured, self.tokenizer.eos_token_id]
        return frozenset(token for token in ends if token is not None)

    @property
    def longest(self) -> int | None:
        """How many tokens of prompt and reply it reads, where its config says so."""
        longest: int | None = getattr(self.model.config, "max_position_embeddings", None)
        return longest

    @property
    def kept_of_a_token(self) -> int | None:
        """How many bytes keys and values of one token take while a reply is generated, where the config tells."""
        config = self.model.config.get_text_config()
        n_heads = getattr(config, "num_key_value_heads", None) or getattr(config, "num_attention_heads", None)
        n_layers = getattr(config, "num_hidden_layers", None)
        if not n_heads or not n_layers:
            return None
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return int(2 * n_layers * n_heads * width * self.model.dtype.itemsize)

    def text_of(self, token: int) -> str:
        """Return a token's text; the same few are asked for again and again."""
        if token not in self._texts:
            self._texts[token] = self.tokenizer.decode([token])
        return self._texts[token]


def weights_of(model: str, needs: str = "torch") -> str:
    """Return the fingerprint of a folder's weights, or the hub's revision of a named model.

    Args:
        model: the folder, or the name.
        needs: the package that runs it. Where that is missing, only what is on this machine already is looked at, so
            that a cached run can be read, and the hub is not asked for weights that nothing could load.

    Raises:
        UsageError: there is no such model.
        ModuleNotFoundError: a package is missing.
    """
    folder = Path(model)
    if folder.is_dir():
        return fingerprint(path for path in folder.iterdir() if path.suffix in _MODEL_FILES)
    from transformers.utils.hub import cached_file, extract_commit_hash

    is_there = find_spec(needs) is not None
    try:
        config = cached_file(model, "config.json", local_files_only=not is_there)
    except OSError as error:
        if not is_there:
            raise ModuleNotFoundError(f"No module named {needs!r}", name=needs) from error
        raise UsageError(f"transformers cannot find {model!r}: {error}") from error
    return str(extract_commit_hash(config, None))
