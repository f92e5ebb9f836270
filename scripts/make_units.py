"""Makes systemd/ anew: units for whoever packages picora-sync, or keeps its files by hand.

They are what `picora-sync service install --print` shows, for a program that pipx installed and the usual places, with
systemd's specifiers instead of one user's home: %h, and %i for the user after the @.
"""

from __future__ import annotations

from pathlib import Path

from picora_sync.service.installation import Installation
from picora_sync.service.units import system_unit, user_unit

ROOT = Path(__file__).resolve().parents[1]
USER = "someone"
HOME = Path("/home", USER)
USUAL = Installation(
    program=(str(HOME / ".local/bin/picora-sync"),),
    config_file=HOME / ".config/picora-sync/config.yaml",
    writable=(HOME / ".local/state/picora-sync", HOME / "Notes", HOME / "Podcast"),
    key_file=HOME / ".config/picora-sync/key",
)
ABOUT = "# {how}\n# `picora-sync service install{system}` writes this file for your installation and your folders.\n"


def units() -> dict[str, str]:
    """The text of each file below systemd/."""
    user = user_unit(USUAL).replace(str(HOME), "%h")
    system = system_unit(USUAL, USER).replace(str(HOME), "/home/%i").replace(f"User={USER}", "User=%i")
    by_hand = "By hand: copy it to {to}, correct the paths, then run systemctl {scope}enable --now {name}"
    return {
        "user/picora-sync.service": ABOUT.format(
            how=by_hand.format(to="~/.config/systemd/user/", scope="--user ", name="picora-sync"), system=""
        )
        + user,
        "system/picora-sync@.service": ABOUT.format(
            how=by_hand.format(to="/etc/systemd/system/", scope="", name="picora-sync@USER"), system=" --system"
        )
        + system,
    }


if __name__ == "__main__":
    for name, text in units().items():
        file = ROOT / "systemd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
