"""YAML → frozen, typed configuration (design §10).

    text ─► tree (nodes with their place) ─► reader (sections) ─► checks ─► model.Config

``load.load_config`` is the way in; ``keys.find_key`` finds the API key, which is no part of the configuration;
``show`` says what is in force and what an editor may offer. Only the model is imported here: YAML and msgspec cost
start-up time that ``--version`` must not pay (docs/decisions/0050).
"""

from picora_sync.config.model import AccountConfig, Config, Plan

__all__ = ["AccountConfig", "Config", "Plan"]
