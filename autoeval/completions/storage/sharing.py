"""What the runs that ask at the same time over one server share: the budget, and the requests a minute.

A run is granted a part of the budget before it spends it. What was granted counts until no run is left: of one that was
killed nobody knows what it spent.
"""

from dataclasses import dataclass

from autoeval.completions.storage.database import Database, Transaction

_LOCK = 0x62756467


@dataclass(frozen=True)
class Sharing:
    """What one run, by its claimant's name, takes of what all share."""

    database: Database
    claimant: str

    def grant(self, dollars: float, limit: float) -> bool:
        """Take a part of the budget; False where the others have left less.

        Args:
            dollars: how much more this run may spend.
            limit: the budget of all runs together.

        Raises:
            CacheError: it could not be written down.
        """
        with self.database.transaction() as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            cursor = transaction.execute("SELECT coalesce(sum(dollars), 0) FROM grants")
            ((granted,),) = cursor.fetchall()
            if granted + dollars > limit:
                return False
            transaction.execute(
                "INSERT INTO grants (claimant, dollars) VALUES (?, ?)"
                " ON CONFLICT (claimant) DO UPDATE SET dollars = grants.dollars + excluded.dollars",
                (self.claimant, dollars),
            )
            return True

    def taken_by_others(self) -> float:
        """Return what the others have spent, or taken to spend it.

        Raises:
            CacheError: it could not be read.
        """
        ((dollars,),) = self.database.query(
            "SELECT coalesce(sum(dollars), 0) FROM grants WHERE claimant <> ?", (self.claimant,)
        )
        return float(dollars)

    def settle(self, dollars: float) -> None:
        """Give back what was granted beyond this, which is what was spent at most.

        Raises:
            CacheError: it could not be written down.
        """
        with self.database.transaction() as transaction:
            transaction.execute(
                "UPDATE grants SET dollars = least(dollars, ?) WHERE claimant = ?", (dollars, self.claimant)
            )

    def turns(self, name: str, per_second: float, count: int) -> float:
        """Take the next turns at a pace that all keep together.

        Args:
            name: of what is asked.
            per_second: the pace.
            count: how many turns are taken; they follow each other at that pace.

        Returns:
            When the first one is, in seconds from now.

        Raises:
            CacheError: it could not be written down.
        """
        now, span = self.database.now(), count / per_second
        with self.database.transaction() as transaction:
            cursor = transaction.execute(
                "INSERT INTO paces (name, next) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET next = greatest(paces.next, ?) + ? RETURNING next",
                (name, now + span, now, span),
            )
            ((after,),) = cursor.fetchall()
        return max(0.0, float(after) - span - self.database.now())


def forget_old_grants(transaction: Transaction, now: float) -> None:
    """Begin a new budget where no run is left that shares the old one."""
    transaction.execute(
        "DELETE FROM grants WHERE NOT EXISTS (SELECT 1 FROM claimants WHERE until >= ?)", (now,)
    )
