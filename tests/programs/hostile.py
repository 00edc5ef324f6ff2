"""Programs that mean harm. Each comes to its end only where it could do some."""

from collections.abc import Mapping

HOSTILE: Mapping[str, str] = {
    "fork bomb": "import os\nwhile True:\n    os.fork()",
    "bomb of threads": (
        "import threading, time\nfor _ in range(500):\n    threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
    "endless loop": "while True:\n    pass",
    "endless loop that ignores the signal": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass"
    ),
    "catches everything": (
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    ),
    "sleeps": "import time\ntime.sleep(3600)",
    "10 GB": "x = b'x' * 10**10",
    "10 GB in shared memory": "import mmap\nm = mmap.mmap(-1, 10**10)\nm.write(b'x' * 10**10)",
    "memory by many processes": (
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        x = bytearray(300 << 20)\n"
        "        x[::4096] = b'x' * len(x[::4096])\n        time.sleep(60)\n        os._exit(0)\ntime.sleep(60)"
    ),
    "network": "import socket\nsocket.create_connection(('1.1.1.1', 53), timeout=2)",
    "this machine's ports": "import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)",
    "reads a file outside": "open({secret!r}).read()",
    "reads the passwords": "open('/etc/passwd').read()",
    "writes a file outside": "open({victim!r}, 'w').write('gone')",
    "removes files outside": "import shutil\nshutil.rmtree({folder!r})",
    "a link to outside": "import os\nos.symlink({secret!r}, '/tmp/link')\nopen('/tmp/link').read()",
    "writes to the libraries": "import os\nopen(os.__file__, 'a').write('#')",
    "writes to /proc": "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/sh')",
    "fills the disk": "f = open('/tmp/x', 'wb')\nfor _ in range(10**4):\n    f.write(b'x' * 10**6)",
    "makes endless files": "n = 0\nwhile True:\n    open(f'/tmp/{{n}}', 'w').close()\n    n += 1",
    "huge output": "while True:\n    print('x' * 10**6, flush=True)",
    "kills the process that watches": "import os, signal\nos.kill({pid}, signal.SIGKILL)",
    "kills everything": "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill({pid}, 0)",
    "mounts": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.mount(b'none', b'/tmp', b'tmpfs', 0, b'') == 0"
    ),
    "takes namespaces": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000 | 0x00020000) == 0",
    "becomes root": "import os\nos.setuid(0) if os.getuid() else os.chroot('/tmp')",
    "leaves early": "import os\nos._exit(0)",
    "exits well": "raise SystemExit(0)",
    "ends itself by a signal": "import os\nos.abort()",
    "recurses without end": "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    return f()\nf()",
    "an error that cannot be said": (
        "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E"
    ),
    "starts a program": "import subprocess\nsubprocess.check_output(['/bin/sh', '-c', 'echo x'])",
    "reads the keys": "import os\nassert 'KEY' in ' '.join(os.environ)",
    "says that it passed": (
        "import os\nfor number in range(3, 64):\n    try:\n        os.write(number, b'passed')\n"
        "    except OSError:\n        pass\nos._exit(0)"
    ),
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "holds on to a child": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(3600)\nraise ValueError('left a child')"
    ),
}
