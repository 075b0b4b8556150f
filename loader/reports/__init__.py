"""The report on a version: one HTML file without scripts, drawn as inline SVG.

`report` gathers what is known of a version, and `page` puts it together; each section
is a module of its own, and takes plain numbers, so that a test needs no database.
"""
