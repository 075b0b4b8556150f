"""The pages, read and run: every example on a page is tried by a test.

A page is a file named README.md. On it

``sql``      is run by psql, and a block of ``text`` right after it is what psql prints;
``console``  is run by a shell: a line with ``$`` is a command, what follows its output;
``python``   is run by Python, and a block of ``text`` right after it is what it prints;
anything else is to read: a file's content, a signature, a picture.

A page has a database, a clone of what ``make demo`` leaves behind, and a directory that
looks like the checkout. Its examples run in their order, so that one may build on those
before it.

What is printed must agree with the page, but for

* times, durations, SHA-256 digests and what rounding leaves, which is less than a
  millionth, all of which are compared by their form;
* decimals, which may differ in the last digit shown;
* ``...``, which stands for any text, and on a line of its own for any lines;
* how wide columns are, and psql's count of rows.

Two comments, before a block, are for the tests and not for the reader:

``<!-- varies: PATTERN -->``
    what this regular expression matches is compared by its form, too; psql's output
    is the block of ``text``, so there it stands above that one;
``<!-- not run: REASON: tests/FILE.py::TEST -->``
    the block is not run here, and what it shows is covered by that test.

``make test ARGS="tests/acceptance/test_documents.py --rewrite"`` writes what is printed
into the pages, but where a line of ``...`` abridges it.
"""
