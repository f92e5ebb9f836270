"""Messages as JSON: what a value of the configuration becomes on its way."""

from __future__ import annotations

import json

import pytest

from picora_sync.config.values import Duration, FolderName
from picora_sync.control.messages import Pause, Request, Resend, document, request_of


@pytest.mark.parametrize(
    "message", [Pause(folder=FolderName("notes"), for_s=Duration(90)), Resend(folder=FolderName("n"))]
)
def test_values_of_the_configuration_arrive_as_numbers_and_texts(message: Request) -> None:
    found = document(message)
    assert {type(value) for value in found.values()} <= {float, int, str}
    assert request_of(type(message), json.loads(json.dumps(found))) == message
