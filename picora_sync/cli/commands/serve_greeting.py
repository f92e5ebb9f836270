"""What ``serve`` says when it is ready: to programs one line, to people what they can do next."""

from __future__ import annotations

import json
import re
import shlex
from urllib.parse import urlsplit

import click

from picora_sync.cli.output import line, write_json
from picora_sync.cli.words import safe
from picora_sync.server.process import Ready
from picora_sync.server.settings import ServerSettings

_LOOPBACK = ("127.0.0.1", "::1")
_PLAIN_YAML = re.compile(r"(?:https?://)?[A-Za-z0-9_./~:-]+")


def announce_json(ready: Ready) -> None:
    """One line, for whoever started it."""
    write_json(
        {
            "url": ready.url,
            "media_url": ready.media_url,
            "key": ready.key,
            "plan": ready.plan,
            "data": str(ready.data),
            "listening": ready.listening,
        }
    )


def announce(settings: ServerSettings, ready: Ready) -> None:
    """Where it is, and how to use it; a key that was made is shown this once."""
    kept = ready.data / "key"
    behind = "" if ready.url == ready.listening else f", behind a proxy to {ready.listening}"
    line(f"Picora runs at {ready.url}{behind}")
    if ready.new_key:
        line(f"  key    {ready.key} (made now, kept in {kept})")
    else:
        line(f"  key    {f'in {kept}' if settings.key is None else 'the given one'}")
    line(f"  data   {ready.data}")
    line(f"  plan   {ready.plan}, rate limits {'on' if settings.rate_limits else 'off'}")
    line()
    line("See what it can do: open its address in a browser. Ask it something:")
    key = f"$(cat {shlex.quote(str(kept))})" if settings.key is None else "$PICORA_API_KEY"
    line(f'  curl -H "Authorization: Bearer {key}" {ready.url}/v1/auth/verify')
    line("Mirror a folder to it, with this in config.yaml:")
    line(
        f"  account: {{url: {_yaml(ready.url)}" + (f", key_file: {_yaml(str(kept))}}}" if settings.key is None else "}")
    )
    line("  folders: [{path: ~/Notes}]")
    line("Ctrl-C ends it.")


def warn(settings: ServerSettings, ready: Ready) -> None:
    """What somebody who opens it to the network may not have thought of, on standard error."""
    if not settings.reachable:
        return
    _warn(
        f"Other machines can reach this server at {settings.host}, and it speaks plain HTTP: put a TLS proxy in front."
    )
    if urlsplit(ready.url).hostname in _LOOPBACK:
        _warn(f"URLs in its answers begin with {ready.url}: say with --public-url where clients find it.")


def _warn(text: str) -> None:
    click.echo(f"Warning: {safe(text)}", err=True)


def _yaml(text: str) -> str:
    """A scalar inside a flow mapping."""
    return text if _PLAIN_YAML.fullmatch(text) else json.dumps(text, ensure_ascii=False)
