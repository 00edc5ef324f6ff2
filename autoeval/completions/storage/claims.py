"""Who asks what: each request is asked by one process at a time, however many work with the same cache.

A run claims requests before it sends them, under a lease that it renews while it goes on. Others wait for the reply,
and take over what a run has left: it gave the request up, ended, was killed, or has not renewed its lease.
"""

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from autoeval.completions.storage.database import Database, Insertion, Transaction, delete, select
from autoeval.completions.storage.sharing import forget_old_grants

LEASE_SECONDS = 60.0
RENEWED_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of claiming: these have a reply by now, and these are ours to ask; the others ask the rest."""

    known: frozenset[bytes]
    ours: frozenset[bytes]


@dataclass
class Claims:
    """The claims of one run."""

    database: Database
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _is_registered: bool = False

    def take(self, keys: Sequence[bytes]) -> Taken:
        """Claim requests that have no reply and that nobody else asks.

        Raises:
            CacheError: it could not be written down.
        """
        wanted = sorted(keys)  # in one order, or two could wait for each other
        if not wanted:
            return Taken(frozenset(), frozenset())
        with self.database.transaction() as transaction:
            self._register(transaction)
            ours = self._claim(transaction, wanted)
            known = _known(self.database, wanted)  # after claiming: from here on nobody else brings a reply
            delete(self.database, transaction, "claims", sorted(known & ours))
        return Taken(known, ours - known)

    def _claim(self, transaction: Transaction, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Claim what nobody else does who goes on; returns what is ours."""
        claims = [(key, self.id) for key in keys]
        if self.database.insert(_CLAIM, claims, transaction).rowcount == len(
            keys
        ):  # as in a run that is alone
            return frozenset(keys)
        if self._end_the_dead(transaction, keys):
            self.database.insert(_CLAIM, claims, transaction)
        found = select(self.database, "SELECT key, claimant FROM claims", "key", keys)
        return frozenset(key for key, claimant in found if claimant == self.id)

    def release(self, keys: Sequence[bytes]) -> None:
        """Give requests up, so that others may ask them.

        Raises:
            CacheError: it could not be written down.
        """
        with self.database.transaction() as transaction:
            delete(self.database, transaction, "claims", keys)

    def renew(self) -> None:
        """Say that the run goes on.

        Raises:
            CacheError: it could not be written down.
        """
        if self._is_registered:
            with self.database.transaction() as transaction:
                self._is_registered = False  # another run may have taken us for dead
                self._register(transaction)

    def close(self) -> None:
        """Give everything up.

        Raises:
            CacheError: it could not be written down; others take over when the lease ends.
        """
        if self._is_registered:
            with self.database.transaction() as transaction:
                _end(transaction, self.id)
            self._is_registered = False

    def _register(self, transaction: Transaction) -> None:
        if self._is_registered:
            return
        now = self.database.now()
        if self.database.is_remote:
            forget_old_grants(transaction, now)
        transaction.execute(
            "INSERT INTO claimants (id, process, until) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET until = excluded.until",
            (self.id, f"{socket.gethostname()}:{os.getpid()}", now + LEASE_SECONDS),
        )
        self._is_registered = True

    def _end_the_dead(self, transaction: Transaction, keys: Sequence[bytes]) -> bool:
        """Set free what is claimed by runs that are no more; False where there are none."""
        holders = {claimant for (claimant,) in select(self.database, _HOLDERS, "key", keys)} - {self.id}
        if not holders:
            return False
        now = self.database.now()
        alive = {
            name
            for name, process, until in self.database.query("SELECT id, process, until FROM claimants")
            if until >= now and not _has_ended(process)
        }
        dead = sorted(holders - alive)  # in one order here, too
        for name in dead:
            _end(transaction, name)
        return bool(dead)


_CLAIM = Insertion("claims", ("key", "claimant"), "DO NOTHING")
_HOLDERS = "SELECT DISTINCT claimant FROM claims"


def _known(database: Database, keys: Sequence[bytes]) -> frozenset[bytes]:
    return frozenset(key for (key,) in select(database, "SELECT key FROM replies", "key", keys))


def _end(transaction: Transaction, claimant: str) -> None:
    transaction.execute("DELETE FROM claims WHERE claimant = ?", (claimant,))
    transaction.execute("DELETE FROM claimants WHERE id = ?", (claimant,))


def _has_ended(process: str) -> bool:
    """Whether a process of this machine is gone; of other machines' only the lease tells."""
    host, _, number = process.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError, OverflowError):
        return False
    return False
