"""What stands for an instruction where its text does not."""

from functools import lru_cache
from hashlib import sha256


@lru_cache(maxsize=4096)  # many models answer the same instructions
def instruction_key(instruction: str) -> str:
    """Twelve hexadecimal digits that stand for an instruction: the start of the SHA-256 of its UTF-8 text."""
    return sha256(instruction.encode("utf-8", "surrogatepass")).hexdigest()[:12]
