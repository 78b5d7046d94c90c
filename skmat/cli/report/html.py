"""Pieces of an HTML page. Every text is escaped here, so callers pass it as it is."""

import base64
import html
import io

__all__ = ["code", "document", "figure", "figures", "heading", "paragraph", "section", "table"]

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c2430; --soft: #5b6675;
  --line: #d9dee5; --panel: #f5f7fa; --good: #1a7f4b; --doubt: #a15c00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161616; --text: #e6e6e6; --soft: #a3a8ae; --line: #383b40;
    --panel: #212327; --good: #5ec98f; --doubt: #e5a64b; --bad: #f2857d; }
  figure img { filter: invert(0.912) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 0.75rem; padding-top: 1rem; overflow-wrap: anywhere;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
p.soft, figcaption { color: var(--soft); font-size: 0.92rem; }
p.verdict { border-left: 4px solid var(--soft); background: var(--panel); padding: 0.7rem 1rem;
  border-radius: 0 6px 6px 0; font-size: 1.08rem; }
p.good { border-color: var(--good); } p.doubt { border-color: var(--doubt); }
p.bad { border-color: var(--bad); }
.wide { overflow-x: auto; margin: 0.5rem 0; }
table { border-collapse: collapse; font-size: 0.94rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.32rem 0.8rem 0.32rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); max-width: 24rem; overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; padding-left: 0.8rem; }
td.number { white-space: nowrap; }
.figures { display: grid; gap: 1rem 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
figure { margin: 0; } figure img { display: block; width: 100%; height: auto; }
.figures figure { max-width: 30rem; }
.broad figure { max-width: 46rem; overflow-x: auto; } .broad img { min-width: 30rem; }
@media (max-width: 36rem) {
  main { padding: 0.75rem 0.9rem 3rem; } table { font-size: 0.86rem; }
  th, td { padding-right: 0.4rem; } td.number, th.number { padding-left: 0.4rem; }
}
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  margin: 0.5rem 0; padding: 0.7rem 0.9rem; font-size: 0.88rem;
  overflow-wrap: anywhere; white-space: pre-wrap; }
""".strip()


_NARROW = "\N{NARROW NO-BREAK SPACE}"


def document(title, body):
    """Return a page. `body` is a list of pieces."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Nothing is loaded and no script runs, whatever the table holds.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{_escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        "<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    )


def heading(level, text):
    """Return a heading."""
    return f"<h{level}>{_escape(text)}</h{level}>"


def paragraph(text, kind=""):
    """Return a paragraph. `kind` is a class of the style sheet."""
    # No line begins with "%".
    return f"<p{_class(kind)}>{_escape(text.replace(' %', _NARROW + '%'))}</p>"


def code(text):
    """Return lines to copy."""
    return f"<pre><code>{_escape(text)}</code></pre>"


def section(pieces):
    """Return pieces as one section."""
    return "<section>\n" + "\n".join(pieces) + "\n</section>"


def table(header, rows, numbers=()):
    """Return a table, which scrolls if it is too wide.

    Parameters
    ----------
    header : list of str
        Names of the columns. Empty for a table without them.
    rows : list of list of str
        Cells.
    numbers : collection of int
        Columns that are aligned to the right.
    """
    lines = ['<div class="wide"><table>']
    if header:
        lines.append(f"<thead>{_row('th', header, numbers)}</thead>")
    lines.append("<tbody>")
    lines += [_row("td", row, numbers) for row in rows]
    lines.append("</tbody></table></div>")
    return "\n".join(lines)


def _row(tag, cells, numbers):
    inside = "".join(
        f"<{tag}{_class('number' if place in numbers else '')}>{_escape(str(cell))}</{tag}>"
        for place, cell in enumerate(cells)
    )
    return f"<tr>{inside}</tr>"


def figures(drawn, kind="figures"):
    """Return figures side by side, as many as fit."""
    return f"<div{_class(kind)}>\n" + "\n".join(drawn) + "\n</div>"


def figure(drawing, caption):
    """Return a figure of matplotlib with a caption, which also describes it to screen readers."""
    # As an image, so that nothing in it can run, and its ids do not meet those of others.
    stream = io.BytesIO()
    drawing.savefig(stream, format="svg", metadata={"Date": None})
    content = base64.b64encode(stream.getvalue()).decode("ascii")
    return (
        f'<figure><img src="data:image/svg+xml;base64,{content}" alt="{_escape(caption)}">'
        f"<figcaption>{_escape(caption)}</figcaption></figure>"
    )


def _class(kind):
    return f' class="{kind}"' if kind else ""


def _escape(text):
    # Half a surrogate pair cannot be written.
    return html.escape(str(text)).encode("utf-8", "replace").decode("utf-8")
