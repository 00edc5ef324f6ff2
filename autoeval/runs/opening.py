"""Opening the cache that a `caching_path` parameter names."""

from pathlib import Path

from autoeval.completions.cache import Cache, default_path
from autoeval.completions.storage.places import AUTO, CachingPath, Shard, find_place


def open_cache(caching_path: CachingPath, shard: Shard | None = None) -> Cache:
    """Open the cache that a `caching_path` parameter names; see `find_place`.

    A JSON file is a cache of alpaca_eval's, which is imported and never written to: then it is that of `auto`.
    """
    is_ours = not is_json_cache(caching_path)
    place = find_place(caching_path if is_ours else AUTO, default_path(), shard)
    return Cache(place.own, place.others)


def is_json_cache(caching_path: CachingPath) -> bool:
    """Whether a `caching_path` names a cache of alpaca_eval's."""
    return isinstance(caching_path, str | Path) and Path(caching_path).suffix == ".json"
