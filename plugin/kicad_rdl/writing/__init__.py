"""Putting a set of files into a folder: all of them or none, whenever the process is killed.

The folder belongs to the user: what kicad-rdl did not write survives, what it wrote earlier and no longer makes goes.
A manifest in the folder (``.kicad-rdl-manifest.json``) remembers what was written, with the hash of each file.

Two ways, tried in this order:

1. **Exchange** (Linux): the new folder is made complete beside the old one, under ``.NAME.kicad-rdl-new``: new files
   written and flushed, the user's files linked into it. One ``renameat2(RENAME_EXCHANGE)`` then swaps the two names:
   there is no moment at which the folder is neither wholly old nor wholly new. The old one is deleted afterwards.
2. **Journal** (elsewhere, or where the folder is a mount point, its parent cannot be written, it holds more than
   ``CARRIED_LIMIT`` files of the user's, or a process has it as working directory, which an exchange would strand):
   the new files wait complete in ``.kicad-rdl-new`` inside the folder; a journal, put there by one rename, is the
   decision; then each file is moved to its place. Killed before the journal: the old output is whole. Killed after:
   the next run of kicad-rdl into this folder finishes the work before it does anything else.

A file that the user changed, or put there, under a name that kicad-rdl now writes, is kept as
``kicad-rdl-kept/NAME.HASH``.
"""
