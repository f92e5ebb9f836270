"""What was seen of this machine, this installation and this account. Values, and nothing that is secret."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Trouble:
    """What kept us from knowing: the sentence, what to do, and the error's code."""

    message: str
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """What runs. ``daemon`` is the program of the running daemon, "" if none answers."""

    program: str
    python: str
    sqlite: str
    platform: str
    installed_at: str
    daemon: str = ""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What Picora says. ``ahead_s``: how far our clock is ahead of its, None if it does not tell. ``proxy`` is the one
    that its address is reached through, without a password.
    """

    url: str
    user: str = ""
    plan: str = ""
    scope: str = ""
    ahead_s: float | None = None
    proxy: str = ""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """One folder. ``closed`` are directories in it that cannot be read, as far as they were counted; ``network`` is the
    type of a file system that other machines change, "" for one of this machine.
    """

    name: str
    path: str
    there: bool = True
    readable: bool = True
    writable: bool = True
    directories: int = 0
    closed: tuple[str, ...] = ()
    network: str = ""
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class StateFacts:
    """The state directory. ``mode`` is None if it is not there; ``fault`` is what is wrong with the index."""

    path: str
    mode: int | None = None
    free_bytes: int = 0
    needed_bytes: int = 0
    network: str = ""
    fault: Trouble | None = None
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """The service. ``manager`` is "" where none is known, ``absent`` why it cannot be asked; ``outdated`` are the lines
    of its file that would be others now; ``refused`` is why it would not start. ``system``: the machine's manager runs
    it, as ``user``; ``by_root``: who looks may change that.
    """

    manager: str = ""
    absent: str = ""
    file: str = ""
    installed: bool = False
    outdated: tuple[str, ...] = ()
    refused: Trouble | None = None
    lingers: bool = True
    user: str = ""
    system: bool = False
    by_root: bool = False


@dataclass(frozen=True, slots=True)
class MirrorFacts:
    """How the mirror is: the word of ``status``, what needs attention by its code, and which files everybody can read
    although the configuration, or what they say themselves, wants them private.
    """

    state: str = ""
    running: bool = False
    problems: dict[str, int] = field(default_factory=dict)
    public: int = 0
    exposed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything. ``config`` and ``key`` say why there is none; what needs them is None then. ``is_default``: the
    configuration is the one that is taken without an option.
    """

    versions: Versions
    config_file: str
    is_default: bool = False
    config: Trouble | None = None
    key: Trouble | None = None
    key_source: str = ""
    account: AccountFacts | None = None
    folders: tuple[FolderFacts, ...] = ()
    watches: int | None = None
    state: StateFacts | None = None
    service: ServiceFacts | None = None
    mirror: MirrorFacts | None = None
