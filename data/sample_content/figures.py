"""The cooperative's figures, 2021 to 2024, and the tables made of them.

Only the figures typed here are chosen; totals, balances and cash flows are worked out, so every statement adds up and
each report's comparatives are the year before's figures. Money is in thousands of crowns.
"""

from __future__ import annotations

YEARS = (2021, 2022, 2023, 2024)
Series = tuple[int, int, int, int]

ROUTES = ("Long Crossing", "Inner Ring", "Quern Line", "Tern Holm Summer Boat")
DOUBLE_COUNTED = 8_000
"""Quern Line passengers of August 2023 that were counted twice, as the annual report for 2023 printed them."""

PASSENGERS: dict[str, Series] = {
    "Long Crossing": (181_200, 214_650, 221_940, 236_310),
    "Inner Ring": (64_380, 71_920, 70_115, 74_830),
    "Quern Line": (69_740, 78_905, 80_460, 83_290),
    "Tern Holm Summer Boat": (9_860, 14_275, 16_030, 12_480),
}
TICKETS: dict[str, Series] = {
    "Long Crossing": (21_744, 26_620, 28_410, 31_190),
    "Inner Ring": (5_150, 5_860, 5_790, 6_355),
    "Quern Line": (7_671, 8_840, 9_172, 9_745),
    "Tern Holm Summer Boat": (789, 1_199, 1_395, 1_148),
}
OTHER_REVENUE: dict[str, Series] = {
    "Vehicles and freight": (8_930, 9_745, 10_310, 11_025),
    "Mail service": (1_800, 1_800, 2_250, 2_400),
    "Public service grant": (12_400, 11_600, 11_200, 10_900),
    "Catering and other": (1_410, 1_985, 2_120, 2_265),
}
EXPENSES: dict[str, Series] = {
    "Crew and shore staff": (26_480, 28_150, 30_240, 32_115),
    "Fuel and shore power": (9_120, 12_870, 12_435, 10_980),
    "Maintenance and dry-docking": (6_340, 6_910, 8_755, 7_420),
    "Harbour dues and leases": (3_105, 3_260, 3_410, 3_585),
    "Insurance": (2_050, 2_140, 2_390, 2_870),
    "Administration": (3_980, 4_205, 4_390, 4_610),
    "Depreciation": (4_900, 4_850, 4_780, 6_140),
}
FINANCE_INCOME: Series = (85, 120, 210, 145)
FINANCE_COSTS: Series = (1_120, 1_310, 1_485, 2_420)
TAX: Series = (577, 815, 594, 1_007)
DIVIDENDS_PAID: Series = (0, 460, 650, 475)
ASSETS: dict[str, Series] = {
    "Vessels in service": (33_900, 31_300, 28_670, 61_990),
    "Vessel under construction": (0, 3_840, 15_360, 0),
    "Piers and harbour works": (5_600, 5_430, 5_180, 5_140),
    "Equipment and ticketing": (1_700, 1_770, 1_760, 1_660),
}
INSTALMENTS: Series = (0, 3_840, 11_520, 22_320)
"""Paid for the Lantern; the last is after damages for late delivery."""
INVENTORIES: Series = (1_240, 1_480, 1_390, 1_325)
RECEIVABLES: Series = (3_860, 4_120, 4_365, 4_570)
BORROWINGS: Series = (18_600, 20_900, 27_300, 41_200)
PAYABLES: Series = (4_910, 5_330, 5_615, 5_420)
SEASON_TICKETS: Series = (1_320, 1_505, 1_580, 1_690)
SHARES: Series = (6_150, 6_240, 6_310, 6_405)
OPENING_CASH = 6_480
SAILINGS: dict[str, Series] = {
    "Sailings in the timetable": (7_840, 8_120, 8_260, 8_415),
    "Cancelled for weather": (212, 188, 241, 196),
    "Cancelled for technical reasons": (64, 57, 103, 48),
}
PUNCTUALITY = ("93.1", "92.4", "89.7", "94.2")
KEY_FIGURES: dict[str, Series] = {
    "Members": (1_846, 1_902, 1_955, 2_031),
    "Staff, full-time equivalents": (118, 121, 124, 129),
    "Fuel burned, thousand litres": (1_520, 1_585, 1_560, 1_290),
    "Carbon dioxide, tonnes": (4_074, 4_248, 4_181, 3_457),
}


def total(table: dict[str, Series]) -> Series:
    """The sum of the rows, for each year."""
    return tuple(sum(row[i] for row in table.values()) for i in range(4))  # type: ignore[return-value]


def _combined(*rows: tuple[int, Series]) -> Series:
    return tuple(sum(sign * row[i] for sign, row in rows) for i in range(4))  # type: ignore[return-value]


def _change(row: Series) -> Series:
    return (0, row[1] - row[0], row[2] - row[1], row[3] - row[2])


TICKET_TOTAL = total(TICKETS)
REVENUE = _combined((1, TICKET_TOTAL), (1, total(OTHER_REVENUE)))
OPERATING_RESULT = _combined((1, REVENUE), (-1, total(EXPENSES)))
BEFORE_TAX = _combined((1, OPERATING_RESULT), (1, FINANCE_INCOME), (-1, FINANCE_COSTS))
RESULT = _combined((1, BEFORE_TAX), (-1, TAX))
FIXED_ASSETS = total(ASSETS)
OTHER_ADDITIONS = _combined((1, _change(FIXED_ASSETS)), (1, EXPENSES["Depreciation"]), (-1, INSTALMENTS))
FROM_OPERATIONS = _combined(
    (1, RESULT), (1, EXPENSES["Depreciation"]), (-1, _change(INVENTORIES)), (-1, _change(RECEIVABLES)),
    (1, _change(PAYABLES)), (1, _change(SEASON_TICKETS)), (1, _change(TAX)),
)  # fmt: skip
FROM_INVESTING = _combined((-1, INSTALMENTS), (-1, OTHER_ADDITIONS))
FROM_FINANCING = _combined((1, _change(BORROWINGS)), (1, _change(SHARES)), (-1, DIVIDENDS_PAID))
NET_CASH = _combined((1, FROM_OPERATIONS), (1, FROM_INVESTING), (1, FROM_FINANCING))
CASH: Series = (
    OPENING_CASH,
    OPENING_CASH + NET_CASH[1],
    OPENING_CASH + NET_CASH[1] + NET_CASH[2],
    OPENING_CASH + sum(NET_CASH[1:]),
)
TOTAL_ASSETS = _combined((1, FIXED_ASSETS), (1, INVENTORIES), (1, RECEIVABLES), (1, CASH))
TOTAL_LIABILITIES = _combined((1, BORROWINGS), (1, PAYABLES), (1, SEASON_TICKETS), (1, TAX))
EQUITY = _combined((1, TOTAL_ASSETS), (-1, TOTAL_LIABILITIES))
RETAINED = _combined((1, EQUITY), (-1, SHARES))


def money(value: int) -> str:
    """A figure as statements print it: negative ones in brackets, nothing as a dash."""
    return "–" if value == 0 else f"({-value:,})" if value < 0 else f"{value:,}"


def _table(caption: str, year: int, lines: list[tuple[str, Series | None]], *, notes: dict[str, str]) -> str:
    """A statement of two years; a label in ``**`` is a total, one without figures a heading."""
    i = YEARS.index(year)
    rows = [f":: {caption}", f"| Thousands of crowns | Note | {year} | {year - 1} |"]
    for label, values in lines:
        figures = ["", ""] if values is None else [money(values[i]), money(values[i - 1])]
        if label.startswith("**"):
            figures = [f"**{figure}**" for figure in figures]
        rows.append(f"| {label} | {notes.get(label, '')} | {figures[0]} | {figures[1]} |")
    return "\n".join(rows)


def _minus(values: Series) -> Series:
    return _combined((-1, values))


def income_statement(year: int) -> str:
    """Revenue to result for the year."""
    lines: list[tuple[str, Series | None]] = [("Passenger tickets", TICKET_TOTAL)]
    lines += list(OTHER_REVENUE.items())
    lines += [("**Total revenue**", REVENUE)]
    lines += [(label, _minus(values)) for label, values in EXPENSES.items()]
    lines += [
        ("**Total operating expenses**", _minus(total(EXPENSES))),
        ("**Operating result**", OPERATING_RESULT),
        ("Finance income", FINANCE_INCOME),
        ("Finance costs", _minus(FINANCE_COSTS)),
        ("**Result before tax**", BEFORE_TAX),
        ("Tax", _minus(TAX)),
        ("**Result for the year**", RESULT),
    ]
    notes = {"Passenger tickets": "2", "Crew and shore staff": "3", "Depreciation": "4", "Finance costs": "5"}
    return _table(f"Income statement for the year ended 31 December {year}", year, lines, notes=notes)


def balance_sheet(year: int) -> str:
    """Assets, equity and liabilities at the year's end."""
    lines: list[tuple[str, Series | None]] = [
        *ASSETS.items(),
        ("**Total fixed assets**", FIXED_ASSETS),
        ("Fuel and spare parts", INVENTORIES),
        ("Receivables", RECEIVABLES),
        ("Cash and bank balances", CASH),
        ("**Total current assets**", _combined((1, INVENTORIES), (1, RECEIVABLES), (1, CASH))),
        ("**Total assets**", TOTAL_ASSETS),
        ("Members' shares", SHARES),
        ("Retained earnings", RETAINED),
        ("**Total equity**", EQUITY),
        ("Borrowings", BORROWINGS),
        ("Trade and other payables", PAYABLES),
        ("Season tickets sold in advance", SEASON_TICKETS),
        ("Tax payable", TAX),
        ("**Total liabilities**", TOTAL_LIABILITIES),
        ("**Total equity and liabilities**", _combined((1, EQUITY), (1, TOTAL_LIABILITIES))),
    ]
    notes = {"Vessels in service": "4", "Vessel under construction": "4", "Borrowings": "5", "Members' shares": "6"}
    return _table(f"Balance sheet at 31 December {year}", year, lines, notes=notes)


def cash_flow(year: int) -> str:
    """From the result for the year to the change in cash, this year only: the year before is in its own report."""
    i = YEARS.index(year)
    lines: list[tuple[str, Series]] = [
        ("Result for the year", RESULT),
        ("Depreciation", EXPENSES["Depreciation"]),
        ("Change in fuel and spare parts", _minus(_change(INVENTORIES))),
        ("Change in receivables", _minus(_change(RECEIVABLES))),
        ("Change in payables", _change(PAYABLES)),
        ("Change in season tickets sold in advance", _change(SEASON_TICKETS)),
        ("Change in tax payable", _change(TAX)),
        ("**Cash from operations**", FROM_OPERATIONS),
        ("Instalments paid for the new vessel", _minus(INSTALMENTS)),
        ("Other purchases of fixed assets", _minus(OTHER_ADDITIONS)),
        ("**Cash used in investing**", FROM_INVESTING),
        ("Change in borrowings", _change(BORROWINGS)),
        ("Members' shares issued, less redeemed", _change(SHARES)),
        ("Dividend to members", _minus(DIVIDENDS_PAID)),
        ("**Cash from financing**", FROM_FINANCING),
        ("**Change in cash**", NET_CASH),
        ("Cash at 1 January", (0, *CASH[:3])),
        ("**Cash at 31 December**", CASH),
    ]
    bold = ("", "**")
    rows = [f":: Cash flow statement for the year ended 31 December {year}", f"| Thousands of crowns | {year} |"]
    for label, values in lines:
        mark = bold[label.startswith("**")]
        rows.append(f"| {label} | {mark}{money(values[i])}{mark} |")
    return "\n".join(rows)


def printed_passengers(route: str, year: int, report: int) -> int:
    """Passengers as one year's report prints them: the report for 2023 has the double count."""
    error = DOUBLE_COUNTED if route == "Quern Line" and year == 2023 == report else 0
    return PASSENGERS[route][YEARS.index(year)] + error


def routes(year: int) -> str:
    """Passengers and ticket revenue by route."""
    i = YEARS.index(year)
    restated = " (restated)" if year == 2024 else ""
    rows = [
        f":: Passengers and ticket revenue by route, {year}",
        f"| Route | Passengers {year} | Passengers {year - 1}{restated} | Revenue {year} | Revenue {year - 1} |",
    ]
    for route in ROUTES:
        now, before = (printed_passengers(route, y, year) for y in (year, year - 1))
        rows.append(f"| {route} | {now:,} | {before:,} | {TICKETS[route][i]:,} | {TICKETS[route][i - 1]:,} |")
    now, before = (sum(printed_passengers(route, y, year) for route in ROUTES) for y in (year, year - 1))
    figures = [f"**{figure:,}**" for figure in (now, before, TICKET_TOTAL[i], TICKET_TOTAL[i - 1])]
    return "\n".join([*rows, "| **All routes** | " + " | ".join(figures) + " |"])


def key_figures(year: int) -> str:
    """Sailings, punctuality, members, staff, fuel."""
    i = YEARS.index(year)
    rows = [f":: Key figures, {year}", f"| | {year} | {year - 1} |"]
    rows += [f"| {label} | {values[i]:,} | {values[i - 1]:,} |" for label, values in SAILINGS.items()]
    rows.append(f"| Sailings within ten minutes of the timetable, per cent | {PUNCTUALITY[i]} | {PUNCTUALITY[i - 1]} |")
    rows += [f"| {label} | {values[i]:,} | {values[i - 1]:,} |" for label, values in KEY_FIGURES.items()]
    return "\n".join(rows)


def fixed_assets(year: int) -> str:
    """Movements of fixed assets: opening value, bought, depreciation, closing value."""
    i = YEARS.index(year)
    opening, closing = FIXED_ASSETS[i - 1], FIXED_ASSETS[i]
    rows = [
        f":: Fixed assets, movements in {year}",
        "| Thousands of crowns | Total |",
        f"| Value at 1 January | {opening:,} |",
        f"| Instalments for the new vessel | {INSTALMENTS[i]:,} |",
        f"| Other purchases | {OTHER_ADDITIONS[i]:,} |",
        f"| Depreciation | {money(-EXPENSES['Depreciation'][i])} |",
        f"| **Value at 31 December** | **{closing:,}** |",
    ]
    return "\n".join(rows)


def chart(year: int) -> str:
    """Ticket revenue by route for this year and the year before, as bars."""
    i = YEARS.index(year)
    rows = [
        f"%% Ticket revenue by route, thousands of crowns: {year - 1} (dark) and {year} (light)",
        "| Year | " + " | ".join(ROUTES) + " |",
        f"| {year - 1} | " + " | ".join(f"{TICKETS[route][i - 1]:,}" for route in ROUTES) + " |",
        f"| {year} | " + " | ".join(f"{TICKETS[route][i]:,}" for route in ROUTES) + " |",
    ]
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """Every table a source may name, as in ``{{income 2023}}``."""
    makers = {
        "income": income_statement,
        "balance": balance_sheet,
        "cash": cash_flow,
        "routes": routes,
        "key": key_figures,
        "assets": fixed_assets,
        "chart": chart,
    }
    return {f"{name} {year}": make(year) for name, make in makers.items() for year in YEARS[1:]}
