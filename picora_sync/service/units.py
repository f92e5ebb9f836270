"""The text of systemd's units (systemd.service(5), systemd.exec(5)): a value, not yet a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from picora_sync.service.installation import Installation

CREDENTIAL = "picora-api-key"
"""Under this name the daemon looks for the key that systemd hands over."""

_HEAD = """\
[Unit]
Description=Mirror notes and podcasts to Picora
{wants}StartLimitIntervalSec=10min
StartLimitBurst=10

[Service]
Type=notify
"""
_WANTS = "Wants=network-online.target\nAfter=network-online.target\n"
_DAEMON = """\
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=2min
TimeoutStartSec=2min
TimeoutStopSec=30s

# 78: the configuration is wrong; 77: the key was refused; 2: wrong usage. Starting again cannot help.
Restart=on-failure
RestartSec=10s
RestartPreventExitStatus=78 77 2

# What needs no mount namespace: any service manager can enforce it.
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""
_SANDBOX = """\

# It reads files and speaks HTTPS; everything else is taken away.
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes

# From the configuration: the index, and each folder's marker, which tells an unmounted disk from an emptied folder.
"""


def user_unit(installation: Installation) -> str:
    """The unit of one user's own service manager."""
    lines = [_HEAD.format(wants=""), *_own(installation), _DAEMON, "\n[Install]\nWantedBy=default.target\n"]
    return "".join(lines)


def system_unit(installation: Installation, user: str) -> str:
    """The unit of the machine's service manager, which runs the daemon as ``user``."""
    lines = [
        _HEAD.format(wants=_WANTS),
        f"User={user}\n",
        *_own(installation),
        *_credential(installation),
        _DAEMON,
        _SANDBOX,
        *(f"ReadWritePaths={quoted(f'-{path}')}\n" for path in installation.writable),
        "\n[Install]\nWantedBy=multi-user.target\n",
    ]
    return "".join(lines)


def quoted(word: str) -> str:
    """One word of a list of paths or assignments. ``%`` begins a specifier, and control characters end a line."""
    escaped = "".join(map(_escaped, word))
    return f'"{escaped}"' if escaped != word or any(character in word for character in " ';#") else word


def command_line(words: Sequence[str]) -> str:
    """Words of an ExecStart; ``$`` begins a variable in all but the first one."""
    program, *arguments = words
    return " ".join([quoted(program), *(quoted(word).replace("$", "$$") for word in arguments)])


def _own(installation: Installation) -> Iterator[str]:
    yield from (f"Environment={quoted(f'{name}={value}')}\n" for name, value in installation.environ.items())
    yield f"ExecStart={command_line(installation.command)}\n"


def _credential(installation: Installation) -> Iterator[str]:
    if installation.key_file is not None:
        yield "# The manager reads the key as root and hands it over in memory.\n"
        # A path is one value here: neither quoted nor escaped, but for the specifiers.
        yield f"LoadCredential={CREDENTIAL}:{str(installation.key_file).replace('%', '%%')}\n"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if code in _BYTES:
        return f"\\x{code - _BYTES.start + _FIRST_BYTE:02x}"
    return character if character.isprintable() else "".join(f"\\x{byte:02x}" for byte in character.encode())


_ESCAPES = {"%": "%%", "\\": "\\\\", '"': '\\"'}
_FIRST_BYTE = 0x80
_BYTES = range(0xDC80, 0xDD00)
"""What ``os.fsdecode`` makes of bytes that are no UTF-8."""
