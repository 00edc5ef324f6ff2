"""What a program is confined by: namespaces, a root of its own that is read only, no rights, and limits.

Plain calls to the kernel (Linux) through libc, because Python 3.11 has none of them. Imports the standard library only,
since a worker that starts by the dozen imports it.
"""

import ctypes
import math
import os
import resource
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWCGROUP, _CLONE_NEWUTS = 0x00020000, 0x02000000, 0x04000000
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
_EVERYTHING_ITS_OWN = (
    _CLONE_NEWUSER
    | _CLONE_NEWNS
    | _CLONE_NEWPID
    | _CLONE_NEWNET
    | _CLONE_NEWIPC
    | _CLONE_NEWUTS
    | _CLONE_NEWCGROUP
)
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE, _READ_ONLY, _READ_ONLY_NOSUID_NODEV = -100, 0x8000, 0x1, 0x1 | 0x2 | 0x4
_MOUNT_SETATTR = 442  # the same on every architecture
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAPABILITIES_VERSION = 0x20080522
_SIGKILL = 9
_NOBODY = 65534
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Attributes:
        seconds: of processor time, for each of its processes.
        patience: seconds by the clock, which a busy machine must not make too short.
        memory: bytes, for each of its processes and for all together.
        disk: bytes in its folder /tmp, which is memory too.
        tasks: processes and threads at a time.
    """

    seconds: float = 3.0
    patience: float = 12.0
    memory: int = 1 << 30
    disk: int = 32 << 20
    tasks: int = 32


def unshare() -> None:
    """Take namespaces of one's own: users, mounts, processes (of children), network, and the rest.

    Raises:
        OSError: the kernel does not grant them.
    """
    _check(_libc.unshare(_EVERYTHING_ITS_OWN), "unshare")


def map_users(pid: int) -> None:
    """Say who is who in the namespace of a child: root stands for all whom root may be, others for themselves.

    Raises:
        OSError: the kernel does not allow it.
    """
    for name, own in (("uid_map", os.getuid()), ("gid_map", os.getgid())):
        lines = [f"0 {own} 1"]
        if os.getuid() == 0:
            ranges = [line.split() for line in Path(f"/proc/self/{name}").read_text().splitlines()]
            lines = [f"{first} {first} {count}" for first, _, count in ranges]
        else:
            Path(f"/proc/{pid}/setgroups").write_text("deny")
        Path(f"/proc/{pid}/{name}").write_text("\n".join(lines))


def die_with_parent() -> None:
    """End when the parent ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def enter_root(folder: str, limits: Limits) -> None:
    """Make an empty file system the root: Python's own folders and shared libraries, read only, and /tmp.

    Args:
        folder: an empty folder, over which the new root is mounted, in this namespace only.
        limits: says how much /tmp holds.

    Raises:
        OSError: the kernel does not allow it.
    """
    _forbid_namespaces()
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=4m,nr_inodes=4k,mode=755")
    for name in ("tmp", "dev"):
        (Path(folder) / name).mkdir()
    _mount(
        "tmpfs",
        f"{folder}/tmp",
        "tmpfs",
        _MS_NOSUID | _MS_NODEV,
        f"size={limits.disk},nr_inodes=4k,mode=1777",
    )
    for path in _shown():  # behind the new /tmp: an environment may lie in the old one
        inside = Path(folder + path)
        inside.parent.mkdir(parents=True, exist_ok=True)
        if Path(path).is_symlink():
            inside.symlink_to(Path(path).readlink())
        else:
            inside.mkdir(exist_ok=True)
            _mount(path, str(inside), None, _MS_BIND | _MS_REC)
    devices = [device for device in _DEVICES if Path(device).exists()]
    for device in devices:
        Path(folder + device).touch()
    _set_attributes(folder, _AT_RECURSIVE, taken_on=_READ_ONLY_NOSUID_NODEV)
    _set_attributes(f"{folder}/tmp", 0, put_off=_READ_ONLY)
    for device in devices:
        _mount(device, folder + device, None, _MS_BIND)
    os.chdir(folder)
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(f"the architecture {os.uname().machine} is not known")
    _check(_libc.syscall(number, b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount")
    os.chdir("/tmp")


def give_up_rights(limits: Limits) -> None:
    """Become nobody where one was root, lose every capability for good, and take on the limits.

    Raises:
        OSError: the kernel does not allow it.
    """
    seconds = max(1, math.ceil(limits.seconds))
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.disk),
        (resource.RLIMIT_NPROC, limits.tasks),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(
        resource.RLIMIT_CPU, (seconds, seconds + 1)
    )  # at the first it is told, at the second killed
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # beyond the last one that the kernel knows
    if Path("/proc/self").exists():
        raise OSError("the root is not the one that was made")
    if _is_root_outside:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


_is_root_outside = os.getuid() == 0


def _forbid_namespaces() -> None:
    """Let nobody in here make further user namespaces; where /proc cannot be written, they have no rights anyway."""
    try:
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    except OSError:
        return


def _shown() -> Sequence[str]:
    """Return the folders that a program sees: shared libraries, the standard library, installed packages."""
    of_python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found: list[str] = []
    for path in dict.fromkeys([*_LIBRARIES, *of_python]):
        is_inside = any(path == other or path.startswith(f"{other}/") for other in found)
        if path.startswith("/") and Path(path).is_dir() and not is_inside:
            found.append(path)
    return found


def _set_attributes(folder: str, flags: int, taken_on: int = 0, put_off: int = 0) -> None:
    """Change the attributes of a mount; with _AT_RECURSIVE, of all below it too."""
    attributes = (ctypes.c_uint64 * 4)(taken_on, put_off, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    result = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, folder.encode(), flags, attributes, size)
    _check(result, "mount_setattr")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )
    _check(result, f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
