"""What Chromium makes of an HTML file: overflow, overlaps, contrast, errors."""

import json
import re
import subprocess
from html import escape, unescape
from pathlib import Path

from tests import debian_packages

CHROMIUM = Path("/usr/bin/chromium")
DEBIAN_PACKAGE = "chromium"
# It must not call home, and share nothing with anybody's own browser.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-logging=stderr",
)
DARK = "--blink-settings=preferredColorScheme=0"
SECONDS = 120
MEASURING = Path(__file__).with_name("browser_measuring.js")


def install():
    """Install the browser where it is missing, or say that only root could."""
    debian_packages.install(DEBIAN_PACKAGE, CHROMIUM)


def missing():
    """Return why no page can be opened, or None."""
    return debian_packages.missing(DEBIAN_PACKAGE, CHROMIUM)


def look(pages, width, folder, *flags):
    """Open pages side by side, and return what is seen of each.

    Parameters
    ----------
    pages : dict of str to str
        HTML by name.
    width : int
        Of the window, in CSS pixels.
    folder : pathlib.Path
        For what is opened, and for the browser's own files.
    *flags : str
        Further ones of Chromium.

    Returns
    -------
    dict of str to dict
        What `browser_measuring.js` finds, by the page's name.
    """
    frames = "".join(
        f'<iframe name="{escape(name)}" srcdoc="{escape(page)}"'
        f' style="width: {width}px; height: 900px; border: 0"></iframe>'
        for name, page in pages.items()
    )
    script = MEASURING.read_text(encoding="utf-8")
    opened = folder / "opened.html"
    opened.write_text(
        f"<!DOCTYPE html><meta charset='utf-8'>{frames}<pre id='found'></pre>"
        f"<script>{script}</script>",
        encoding="utf-8",
    )
    shown = chromium(folder, "--dump-dom", *flags, opened.as_uri()).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    return json.loads(unescape(found[1]))


def printed(page, folder, *flags):
    """Return a page as PDF."""
    opened, pdf = folder / "printed.html", folder / "printed.pdf"
    opened.write_text(page, encoding="utf-8")
    chromium(folder, f"--print-to-pdf={pdf}", *flags, opened.as_uri())
    return pdf.read_bytes()


def chromium(folder, *arguments):
    """Run the browser; what a page writes to its console is an error."""
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'browser'}", *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert console == []
    return done
