"""Tables of annotations in, statements about judges and models out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoeval.analysis.agreement import Agreement as Agreement
    from autoeval.analysis.agreement import bias as bias
    from autoeval.analysis.agreement import human_agreement as human_agreement
    from autoeval.analysis.agreement import variance as variance

_HOMES = {
    "agreement": ("Agreement", "bias", "human_agreement", "variance"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
