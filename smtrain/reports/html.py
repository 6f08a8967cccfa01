"""Sections as one page of HTML that stands alone: no script, nothing fetched, every text escaped.

Without its style sheet, as where a server forbids one, the page is plain text, tables and figures in their own colours.
"""

import hashlib
import re
from collections.abc import Sequence
from html import escape

from smtrain.reports.sections import COMMAND, MOST_COMMAND, MOST_ROWS, WARN, Section
from smtrain.reports.tables import TEXT_WIDTH
from smtrain.reports.text import message, show

# Columns of text from which on a table is read as cards on a phone.
CARDS = 3
# Colours by their use: on white, and on black. Texts have a contrast of at least 4.5 on the ground.
PALETTE = {
    "ink": ("#1b1f24", "#e6e9ed"),
    "soft": ("#57606a", "#a6b0ba"),
    "grid": ("#d0d7de", "#3a424c"),
    "blue": ("#0b57a4", "#79b3f5"),
    "orange": ("#a34700", "#f2a65a"),
    "ground": ("#ffffff", "#14171b"),
}
BASE = """\
.smtrain{font:16px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--ink);max-width:58rem;margin:0 auto;\
padding:1rem;overflow-wrap:anywhere}
.smtrain h1{font-size:1.4rem;margin:.2rem 0}.smtrain h2{font-size:1.1rem;margin:1.6rem 0 .3rem}
.smtrain p{margin:.3rem 0}.smtrain p strong{color:var(--orange)}\
.smtrain .note{color:var(--soft);font-size:.9rem}.smtrain a{color:var(--blue)}
.smtrain nav{font-size:.9rem;margin:.8rem 0}.smtrain nav a{margin-right:.9rem;white-space:nowrap}
.smtrain code{font:.9rem/1.4 ui-monospace,monospace}.smtrain code span{display:inline-block;max-width:100%}
.smtrain .table{overflow-x:auto;margin:.5rem 0}
.smtrain table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
.smtrain th,.smtrain td{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top;\
border-bottom:1px solid var(--grid);max-width:26rem;overflow-wrap:normal}
.smtrain th{font-weight:600}.smtrain .n{text-align:right;white-space:nowrap}
.smtrain figure{margin:.6rem 0}.smtrain figcaption{max-width:20rem;font-size:.9rem;color:var(--soft)}
.smtrain svg{max-width:100%;height:auto;display:block}
.smtrain :focus-visible{outline:2px solid var(--blue)}
.smtrain .pair{display:flex;flex-wrap:wrap;gap:0 2rem;align-items:flex-start}.smtrain .pair>*{max-width:100%}
@media (max-width:40rem){.smtrain .cards thead{display:none}.smtrain .cards td{display:block;border:0;padding:0;\
text-align:left;white-space:normal}.smtrain .cards td::before{content:attr(data-name) " ";color:var(--soft)}
.smtrain .cards td:empty{display:none}
.smtrain .cards tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--grid)}}
@media print{.smtrain{max-width:none;font-size:11pt;padding:0}.smtrain nav{display:none}
.smtrain .table{overflow:visible}.smtrain figure,.smtrain tr,.smtrain .pair{break-inside:avoid}
.smtrain h2,.smtrain p:has(+.pair){break-after:avoid}}
"""


def stylesheet() -> str:
    """The style sheet: of nothing outside an element of the class `smtrain`, so that notebooks can show it."""
    light, dark = (";".join(f"--{name}:{pair[i]}" for name, pair in PALETTE.items()) for i in (0, 1))
    # A figure has its colours as attributes; a class says which of the palette that is where there is a style sheet.
    drawn = "".join(
        f".smtrain .f-{name}{{fill:var(--{name})}}.smtrain .s-{name}{{stroke:var(--{name})}}" for name in PALETTE
    )
    scheme = f"@media screen and (prefers-color-scheme:dark){{.smtrain{{{dark}}}}}"
    return f".smtrain{{color-scheme:light dark;{light}}}\n{scheme}\n{BASE}{drawn}"


def page(title: str, sections: Sequence[Section]) -> str:
    """A whole page. Its bytes follow from what it shows."""
    ground = "".join(
        f"@media screen and (prefers-color-scheme:{scheme}){{html{{background:{PALETTE['ground'][i]}}}}}"
        for i, scheme in enumerate(("light", "dark"))
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(message(title))}</title>\n<style>\nbody{{margin:0}}{ground}\n{stylesheet()}\n</style>\n"
        f"</head>\n<body>\n{_body(title, sections, 'smtrain')}\n</body>\n</html>\n"
    )


def fragment(title: str, sections: Sequence[Section]) -> str:
    """The same as a part of another page, as notebooks show it."""
    # Ids must differ from those of other fragments, and be the same in two runs.
    name = f"s{hashlib.sha256(_body(title, sections, '').encode()).hexdigest()[:8]}"
    return f"<style>\n{stylesheet()}\n</style>\n{_body(title, sections, name)}"


def _body(title: str, sections: Sequence[Section], name: str) -> str:
    first = next((i for i, one in enumerate(sections) if one.rows), 0)
    places = [(i, one.title) for i, one in enumerate(sections) if i >= first and one.title and one.has_body]
    links = " ".join(f'<a href="#{name}-{i}">{escape(_short(title))}</a>' for i, title in places)
    nav = f'<nav aria-label="Sections">{links}</nav>'
    parts = [_section(one, f"{name}-{i}") for i, one in enumerate(sections)]
    # Behind the sections that are sentences: they are what a reader sees first.
    parts.insert(first, nav)
    shown = "\n".join(parts)
    return f'<main class="smtrain">\n<h1>{escape(message(title))}</h1>\n{shown}\n</main>'


def _short(title: str) -> str:
    """The title without what explains it."""
    return _titled(re.split(r": |, | \(", title, maxsplit=1)[0])


def _titled(title: str) -> str:
    """A title as a heading has it."""
    return title[:1].upper() + title[1:]


def _section(section: Section, name: str) -> str:
    title = escape(_titled(section.title))
    heading = (f"<h2>{title}</h2>" if section.has_body else f"<p>{title}</p>") if title else ""
    told = "".join(f"<p>{_sentence(sentence)}</p>" for sentence in section.sentences)
    notes = f'<p class="note">{escape(", ".join(section.notes))}</p>' if section.notes else ""
    table = _table(section) if section.rows else ""
    shown = f'<div class="pair">{_figure(section, name)}{table}</div>' if section.figure is not None else table
    return f'<section id="{name}">{heading}{told}{shown}{notes}</section>'


def _sentence(sentence: str) -> str:
    """A sentence; one that is a command is set as such, and of one that warns the sign and the code stand out."""
    if sentence.startswith(COMMAND):
        # An option and its value stay on a line where they can.
        first, *options = show(sentence.removeprefix(COMMAND), MOST_COMMAND).split(" --")
        return f"<code>{escape(first)}{''.join(f' <span>--{escape(one)}</span>' for one in options)}</code>"
    shown = escape(message(sentence, 1000))
    if sentence.startswith(WARN):
        code, _, rest = shown.removeprefix(WARN).partition(" ")
        return f"<strong>{WARN}{code}</strong> {rest}"
    return shown


def _figure(section: Section, name: str) -> str:
    figure = section.figure
    if figure is None:
        return ""
    drawn = figure.drawing.svg(f"{name}-f", show(figure.title), show(figure.description, 500))
    told = f"<strong>{escape(show(figure.title))}</strong>. {escape(show(figure.description, 500))}"
    return f"<figure>{drawn}<figcaption>{told}</figcaption></figure>"


def _table(section: Section) -> str:
    """The table, of a long one the first rows; a keyboard can scroll it."""
    # On a phone a row of several texts becomes lines, each behind the name of its column.
    names = [f' data-name="{escape(show(name))}"' if section.texts >= CARDS else "" for name in section.head]
    head = "".join(_cell("th", cell, i, section, ' scope="col"') for i, cell in enumerate(section.head))
    rows = "".join(
        f"<tr>{''.join(_cell('td', cell, i, section, names[i]) for i, cell in enumerate(row))}</tr>"
        for row in section.rows[:MOST_ROWS]
    )
    left = len(section.rows) - MOST_ROWS
    more = f'<p class="note">{left:,} more</p>' if left > 0 else ""
    label = escape(_titled(section.title or "table"))
    cards = " cards" if section.texts >= CARDS else ""
    around = f'<div class="table{cards}" role="region" tabindex="0" aria-label="{label}">'
    return f"{around}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}</div>"


def _cell(kind: str, text: str, place: int, section: Section, more: str = "") -> str:
    number = ' class="n"' if place >= section.texts else ""
    return f"<{kind}{more}{number}>{escape(show(text, TEXT_WIDTH))}</{kind}>"
