"""What is sent: reads a file of a folder and derives from it what it wants to be on Picora (design §4, §5).

``folder`` is the stage itself, one folder's ``core.ports.Content``. It reads a file and hands it to ``note`` or
``audio``. A note passes through ``frontmatter`` (its metadata block), ``visibility`` (who may read it), ``comments``
(what nobody may) and ``transform``, which turns Obsidian's syntax into plain Markdown: edits at the source offsets that
``markdown`` (the parser) gives, with the ``images``, ``wikilinks`` and ``transclusion`` that ``vault`` resolves.
"""
