"""What ``doctor`` does: looks (:mod:`examine`), which gives facts; judges them (:mod:`findings`), which is pure; and
packs both up for somebody else (:mod:`bundle`).
"""
