"""What a key may do, learned from requests that change nothing (contract §1.1, §15 #1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from picora_sync.core.model import Tier
from picora_sync.errors import PlanRequired, QuotaExceeded, Rejected, RemoteError, ScopeMissing
from picora_sync.remote.exchange import Call, Exchange
from picora_sync.remote.retry import ONCE

_WRITE: Final = Call("POST", "/v1/docs", Tier.UPLOAD, ONCE, json={})
_DELETE: Final = Call("DELETE", "/v1/docs", Tier.MUTATION, ONCE, json={"ids": []})


@dataclass(frozen=True, slots=True)
class Permissions:
    """Whether the key may upload and change, and whether it may delete; None if the server does not tell."""

    write: bool | None
    delete: bool | None

    @property
    def scope(self) -> str | None:
        """The name of the key's scope (contract §1.1), None if it is not known."""
        match self.write, self.delete:
            case True, True:
                return "read_write_delete"
            case True, False:
                return "read_write"
            case False, False:
                return "read"
            case _:
                return None


def permissions_of(exchange: Exchange) -> Permissions:
    """Ask with an upload of nothing and a deletion of nothing: scopes are checked before what is asked.

    Never raises a RemoteError: what cannot be learned is None. Raises Stopped.
    """
    return Permissions(_is_allowed(exchange, _WRITE), _is_allowed(exchange, _DELETE))


def _is_allowed(exchange: Exchange, call: Call) -> bool | None:
    try:
        exchange.send(call)
    except ScopeMissing:
        return False
    except (Rejected, PlanRequired, QuotaExceeded):
        return True  # the key was taken, what was asked was not
    except RemoteError:
        return None
    return None  # nothing should have succeeded: this server does not check as the contract says
