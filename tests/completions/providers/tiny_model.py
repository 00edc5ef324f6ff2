"""A tiny language model with random weights, made on the spot."""

from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}|{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
WORDS = ["<pad>", "<end>", "<unknown>", "|", *"abcdefghijklmnopqrstuvwxyz .:?"]


def make_tiny_model(
    folder: Path,
    *,
    has_template: bool = True,
    vocabulary: int = len(WORDS),
    dtype: str = "float32",
    **sizes: Any,
) -> str:
    """Save a Llama with a token for each letter and random weights, two layers if not said otherwise.

    Args:
        folder: where to.
        has_template: with a chat template.
        vocabulary: how many tokens there are; what is no letter is a word.
        dtype: of the weights.
        sizes: of the model, in the words of its configuration.

    Returns:
        The folder's name.
    """
    import torch
    import transformers
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    words = [*WORDS, *(f"word{number} " for number in range(len(WORDS), vocabulary))]
    letters: Any = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unknown>")
    )
    letters.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    letters.decoder = decoders.Fuse()
    fast_tokenizer: Any = transformers.PreTrainedTokenizerFast
    tokenizer = fast_tokenizer(
        tokenizer_object=letters, pad_token="<pad>", eos_token="<end>", unk_token="<unknown>"
    )
    if has_template:
        tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    small = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,  # large enough that what it says depends on the prompt
    }
    config = transformers.LlamaConfig(
        vocab_size=len(words), pad_token_id=0, eos_token_id=1, bos_token_id=None, **{**small, **sizes}
    )
    transformers.LlamaForCausalLM(config).to(getattr(torch, dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def make_tiny_reward_model(folder: Path) -> str:
    """Save the same as a sequence-classification model with one output, as reward models are."""
    import torch
    import transformers

    make_tiny_model(folder)
    config: Any = transformers.AutoConfig.from_pretrained(folder, num_labels=1)
    torch.manual_seed(1)
    scorer: Any = transformers.LlamaForSequenceClassification
    scorer(config).save_pretrained(folder)
    return str(folder)
