"""Tables that the commands read: how files are laid out, and how labels are spelled."""

from readings.reading import Reading

__all__ = ["CELLS", "TABLES"]

_ROWS = [["TiO2", "3.2"], ["NaCl", "8.5"]]
_COMMAS = "formula,gap\nTiO2,3.2\nNaCl,8.5\n"

#: Files of delimited text, read for the columns "formula" and "gap".
TABLES: tuple[Reading, ...] = (
    Reading("commas", _COMMAS, _ROWS),
    Reading("semicolons", _COMMAS.replace(",", ";"), _ROWS),
    Reading("tabs", _COMMAS.replace(",", "\t"), _ROWS),
    Reading("vertical bars", _COMMAS.replace(",", "|"), _ROWS),
    Reading("single spaces", _COMMAS.replace(",", " "), _ROWS),
    Reading("line ends of Windows", _COMMAS.replace("\n", "\r\n"), _ROWS),
    Reading("line ends of old Macs", _COMMAS.replace("\n", "\r"), _ROWS),
    Reading("no line end at the end", _COMMAS.rstrip(), _ROWS),
    Reading("empty lines at the end", _COMMAS + "\n\n", _ROWS),
    Reading(
        "an empty line between rows",
        "formula,gap\nTiO2,3.2\n\nNaCl,8.5\n",
        [
            _ROWS[0],
            ["", ""],
            _ROWS[1],
        ],
    ),
    Reading("UTF-8 with a byte-order mark", "\ufeff" + _COMMAS, _ROWS),
    Reading("UTF-16", _COMMAS.encode("utf-16"), _ROWS, shown="UTF-16 bytes"),
    Reading("UTF-16 without a mark", _COMMAS.encode("utf-16-le"), _ROWS, shown="UTF-16 bytes"),
    Reading("Windows-1252", "formula,gap,ort\nTiO2,3.2,Köln\n".encode("cp1252"), [_ROWS[0]]),
    Reading("names in other case", "Formula,GAP\nTiO2,3.2\n", [_ROWS[0]]),
    Reading("names with white space", "formula , gap\nTiO2,3.2\n", [_ROWS[0]]),
    Reading("two names of other case", "Formula,FORMULA,gap\nTiO2,NaCl,1\n", refused="2 columns"),
    Reading("two columns of one name", "formula,gap,gap\nTiO2,3.2,1\n", refused="2 columns"),
    Reading("a column that is not there", "name,gap\nTiO2,3.2\n", refused="no column 'formula'"),
    Reading("a name with a comma", 'formula,"d, g/cm3",gap\nTiO2,4.2,3.2\n', [_ROWS[0]]),
    Reading("a cell of several lines", 'note,formula,gap\n"a\nb",TiO2,3.2\n', [_ROWS[0]]),
    Reading("pandas index without a name", ",formula,gap\n0,TiO2,3.2\n", [_ROWS[0]]),
    Reading("R's write.table", '"formula" "gap"\n"1" "TiO2" 3.2\n"2" "NaCl" 8.5\n', _ROWS),
    Reading("R's write.table, commas", "formula,gap\na,TiO2,3.2\nb,NaCl,8.5\n", _ROWS),
    Reading(
        "R's, a missing label", "formula,gap\na,TiO2,\nb,NaCl,8.5\n", [["TiO2", ""], _ROWS[1]]
    ),
    Reading("one longer row", "formula,gap\nTiO2,3.2\nNaCl,8.5,x\n", refused="row 2: 3 fields"),
    Reading("decimal commas, all rows", "gap,formula\n3,2,TiO2\n8,5,NaCl\n", refused="'3,2'"),
    Reading("commas at the end of rows", "formula,gap\nTiO2,3.2,\nNaCl,8.5,\n", refused="2 of 2"),
    Reading("equal names of rows", "formula,gap\na,TiO2,3\na,NaCl,8\n", refused="2 of 2 rows"),
    Reading("a shorter row", "formula,gap\nTiO2,3.2\nNaCl\n", [_ROWS[0], ["NaCl", ""]]),
    Reading("comment lines above", "# my data\n\nformula,gap\nTiO2,3.2\n", [_ROWS[0]]),
    Reading("a header that begins with #", "# formula,gap\nTiO2,3.2\n", [_ROWS[0]]),
    Reading("a comment like the header", "# formula,gap\nFormula,Gap\nTiO2,3.2\n", [_ROWS[0]]),
    Reading("other lines above", "Device X\nDate;2026\n\nformula;gap\nTiO2;3.2\n", [_ROWS[0]]),
    Reading("rows of delimiters at the end", _COMMAS + ",\n , \n", _ROWS),
    Reading("Excel's sep line", "sep=;\nformula;gap\nTiO2;3.2\n", [_ROWS[0]]),
    Reading("an open quotation mark", 'formula,gap\n"TiO2,3.2\n', refused="is not closed"),
    Reading("a NUL byte", "formula,gap\nTi\0O2,3.2\n", refused="NUL byte on line 2"),
    Reading(
        "mixed encodings", b"formula,gap\n\xc3\xa9,1\n\xe9,2\n", refused="byte 0xe9 on line 3"
    ),
    Reading("a header alone", "formula,gap\n", refused="no rows below its header"),
    Reading("an empty file", "", refused="is empty"),
    Reading("empty lines alone", "\n\n", refused="is empty"),
)

#: Cells of labels, by what they are to be: numbers (in a table whose fields commas or semicolons
#: separate), or classes.
CELLS: tuple[Reading, ...] = (
    *(
        Reading("number", spelling, gives)
        for spelling, gives in {
            "3.2": 3.2,
            " 3.2 ": 3.2,
            "-1": -1.0,
            "1.5E-3": 0.0015,
            ".5": 0.5,
            "\u22123.2e\u22121": -0.32,
        }.items()
    ),
    *(
        Reading(kind, spelling, "missing")
        for kind in ("number", "class")
        for spelling in (
            "",
            " ",
            "-",
            "NaN",
            "nan",
            "NA",
            "na",
            "N/A",
            "n/a",
            " n/a ",
            "#N/A",
            "<NA>",
            "Nan",
            "-nan",
            "\u2013",
            "\u2014",
        )
    ),
    *(
        Reading("number", spelling, refused=refused)
        for spelling, refused in {
            "inf": "not a finite number",
            "metal": "not a finite number",
            "None": "not a finite number",
            "3,2": "write a decimal point",
            "1,234": "thousands, or a decimal comma?",
            "3.2 eV": "remove the text after it",
            "3.2±0.1": "remove the text after it",
            "3.2*": "remove the text after it",
            "<5": "not a finite number",
        }.items()
    ),
    Reading("number, semicolons", "3,2", 3.2),
    Reading("number, semicolons", "1,234", 1.234),
    Reading("number, semicolons", "-3,2e-5", -3.2e-5),
    Reading("number, semicolons", ",5", 0.5),
    Reading("number, semicolons", "\u22123,2", -3.2),
    Reading("number, semicolons", "3.2", 3.2),
    Reading("number, semicolons", "1.234,5", refused="decimal point, but other cells have"),
    Reading("number, tabs", "3,2", 3.2),
    Reading("number, tabs", "1,234", refused="thousands, or a decimal comma?"),
    *(
        Reading("class", spelling, gives)
        for spelling, gives in {
            "metal": "metal",
            " metal ": "metal",
            "None": "None",
            "none": "none",
            "Na": "Na",
            "1": "1",
            "1.0": "1.0",
            "semi metal": "semi metal",
        }.items()
    ),
)
