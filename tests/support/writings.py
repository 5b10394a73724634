"""Values as people and programs write them, by what they mean in files and lakes."""

from __future__ import annotations

from decimal import Decimal

YES: list[object] = [
    *(1, True, 1.0, Decimal("1.00"), "1", " 1 ", "01", "1.", "1.0", "1,0", "１", "+1", "TRUE", "t"),
    *("Yes", "Y", "WAHR", "ja", "Sí", "VRAI", "oui", "sim", "ja ", "tak", "да", "evet"),
]
NO: list[object] = [
    *(
        0,
        False,
        0.0,
        Decimal(0),
        "0",
        "00",
        "0.",
        "0.000",
        "0,0",
        "０",
        "+0",
        "False",
        "F",
        "NO",
        "n",
    ),
    *("FALSCH", "nein", "faux", "não", "nie", "нет", "hayır"),
]
BLANK: list[object] = [
    *(None, float("nan"), Decimal("NaN"), "", "  ", "NaN", "NA", "n/a", "#N/A", "null", "None"),
]
MINUS_ONE: list[object] = [-1, -1.0, Decimal(-1), "-1", " -1.0", "−1", "-01"]
NEITHER: list[object] = [
    *(2, 0.5, "2", "0.5", "1.5", "x", "maybe", "on", "1 1", "¹", ".", ",", "1.0.0", "10", "--1"),
    *([], b"1"),
]
