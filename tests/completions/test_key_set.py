"""Which requests were met before: keys that are nearly alike are still two."""

from autoeval.completions.key_set import KeySet

NEARLY_ALIKE = [bytes(12) + bytes([number]) + bytes(19) for number in range(100)]


def test_what_was_there_is_told_from_what_is_new() -> None:
    keys = KeySet()
    assert keys.add(NEARLY_ALIKE[:60]) == {*NEARLY_ALIKE[:60]}
    assert keys.add(NEARLY_ALIKE) == {*NEARLY_ALIKE[60:]}
    assert keys.add(NEARLY_ALIKE) == set()
    assert len(keys) == 100


def test_sets_are_joined_and_keys_taken_out() -> None:
    one, other = KeySet(), KeySet()
    one.add(NEARLY_ALIKE[:60])
    other.add(NEARLY_ALIKE[40:])
    one.update(other)
    assert len(one) == 100
    one.remove([*NEARLY_ALIKE[:90], b"\xff" * 32])
    assert len(one) == 10
    assert one.add(NEARLY_ALIKE) == {*NEARLY_ALIKE[:90]}
