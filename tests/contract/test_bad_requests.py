"""§2, §15 #1 #7: every malformed request gets the status and code of the contract, and changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.contract import bad_calls, bad_orders, samples
from tests.contract.bad_requests import Bad
from tests.contract.harness import Api, Json, Service, must_fail, ok

ALL = (*bad_calls.ALL, *bad_orders.ALL)


@dataclass(frozen=True)
class Account:
    """One account with one thing of each kind, and a key for each scope."""

    keys: dict[str, Api]
    ids: dict[str, str]

    def holds(self) -> Json:
        api = self.keys["full"]
        return {
            path: api.data(path) for path in ("/v1/docs", "/v1/media", "/v1/sync/state", "/v1/docs/" + self.ids["doc"])
        }


@pytest.fixture(scope="module")
def account(service: Service) -> Iterator[Account]:
    full = service.tenant()
    keys = {"full": full, "none": service.api()}
    keys |= {scope: service.second_key(full, scope) for scope in ("read", "read_write")}
    ids = {
        "doc": full.new_doc("# Held\n", isPublic=False)["id"],
        "audio": full.new_audio()["id"],
        "image": full.new_image(samples.png(b"held"))["id"],
    }
    made = Account(keys, ids)
    before = made.holds()
    yield made
    assert made.holds() == before, "a refused request changed something"


@pytest.mark.parametrize("bad", ALL, ids=lambda bad: bad.name)
def test_a_malformed_request_is_refused_as_the_contract_says(account: Account, bad: Bad) -> None:
    """§2, §15 #1 order, §15 #7: status, code and meta; nothing is changed by any of them."""
    path = bad.path
    for kind, own in account.ids.items():
        path = path.replace(f"{{{kind}}}", own)
    response = account.keys[bad.key].client.request(bad.method, path, **bad.send)
    must_fail(response, bad.status, bad.code, **bad.meta)


def test_there_are_at_least_five_hundred_distinct_ones() -> None:
    """Distinct in what is sent, not only in name."""
    sent = {repr((bad.method, bad.path, bad.send, bad.key)) for bad in ALL}
    assert len(sent) == len(ALL) >= 500


def test_what_they_are_made_of_is_accepted_when_nothing_is_wrong(service: Service) -> None:
    """The table can fail: the same calls with nothing wrong succeed."""
    api = service.tenant()
    ids = {"doc": api.new_doc("# Own\n")["id"], "audio": api.new_audio()["id"], "image": api.new_image()["id"]}
    for call, (_, send) in bad_calls.CALLS.items():
        method, path = call.split()
        for kind, own in ids.items():
            path = path.replace(f"{{{kind}}}", own)
        response = api.client.request(method, path, **send)
        assert response.is_success, (call, response.text)
        if response.content and not path.endswith("/raw"):
            ok(response, response.status_code)
