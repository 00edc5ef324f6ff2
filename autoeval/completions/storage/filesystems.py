"""Whether a file lies on a filesystem that several machines share, where SQLite's log in shared memory is no use."""

from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_SHARED = frozenset(
    {
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "panfs",
        "pvfs2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "wekafs",
    }
)
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuseblk"})


def is_shared(path: Path) -> bool:
    """Whether other machines may use a file at the same time; False where the system does not tell."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux
        return False
    return is_shared_type(type_of(path, mounts))


def type_of(path: Path, mounts: str) -> str:
    """Return the type of the filesystem that a path lies on.

    Args:
        path: of a file that need not exist yet.
        mounts: lines as in /proc/mounts: device, folder, type, …, the later ones on top.
    """
    absolute = path.resolve()
    found, longest = "", -1
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        folder = Path(_unescaped(fields[1]))
        depth = len(folder.parts)
        if depth >= longest and absolute.is_relative_to(folder):
            found, longest = fields[2], depth
    return found


def is_shared_type(kind: str) -> bool:
    """Whether a filesystem's type is one that several machines can mount; one in user space may be any."""
    return kind in _SHARED or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def _unescaped(folder: str) -> str:
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        folder = folder.replace(code, sign)
    return folder
