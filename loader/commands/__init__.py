"""The sub-commands of ``pgchurn``, a file each.

A command has ``HELP``, ``add_arguments(parser)`` and ``run(options)``, which returns
the exit status. What takes long to import, such as scikit-learn, is imported inside
``run``, so that the other commands start without it.
"""
