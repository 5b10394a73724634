"""Small Excel workbooks, made by hand: just enough XML for a sheet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
    'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(
    *sheets: Sequence[Sequence[object]], names: Sequence[str] = ("Data", "Notes", "More")
) -> bytes:
    """A workbook of sheets of rows; None is an empty cell."""
    return packed({f"xl/worksheets/sheet{i}.xml": sheet_xml(rows)
                   for i, rows in enumerate(sheets, 1)}, names)  # fmt: skip


def packed(sheets: dict[str, str], names: Sequence[str] = ("Data", "Notes", "More")) -> bytes:
    """A workbook of sheets of XML, by path."""
    entries = "".join(
        f'<sheet name="{names[i - 1]}" sheetId="{i}" r:id="r{i}"/>'
        for i in range(1, len(sheets) + 1)
    )
    relations = "".join(
        f'<Relationship Id="r{i}" Type="{_OFFICE}/worksheet" Target="{path.removeprefix("xl/")}"/>'
        for i, path in enumerate(sheets, 1)
    )
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships {_RELATIONS}><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>{entries}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships {_RELATIONS}>{relations}</Relationships>",
        **sheets,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in parts.items():
            archive.writestr(path, text)
    return file.getvalue()


def sheet_xml(rows: Sequence[Sequence[object]], *, with_places: bool = True) -> str:
    """The XML of a sheet, with or without the places of its cells."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [
            _cell(value, f' r="{chr(65 + i)}{number}"' if with_places else "")
            for i, value in enumerate(row)
            if value is not None or not with_places
        ]
        place = f' r="{number}"' if with_places else ""
        lines.append(f"<row{place}>{''.join(cells)}</row>" if cells else "")
    return f"<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _cell(value: object, place: str) -> str:
    if value is None:
        return f"<c{place}/>"
    if isinstance(value, bool):
        return f'<c{place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c{place}><v>{value}</v></c>"
    return f'<c{place} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
