"""What each topic is about, in one sentence, for the embedding of a text to be compared with."""

from __future__ import annotations

from collections.abc import Mapping

TOPIC_DESCRIPTIONS: Mapping[str, str] = {
    "Analyst Update": "An analyst or broker upgrades or downgrades a stock, or changes its price target.",
    "Fed | Central Banks": "The Federal Reserve or another central bank sets interest rates; its officials speak.",
    "Company | Product News": "A company announces a product, a partnership, a contract, a plant or a recall.",
    "Treasuries | Corporate Debt": "Treasury yields, government bonds, corporate debt, bond sales and credit ratings.",
    "Dividend": "A company declares, raises, cuts or suspends its dividend.",
    "Earnings": "A company reports quarterly earnings per share and revenue, or gives guidance.",
    "Energy | Oil": "Oil prices, crude, OPEC, natural gas, gasoline, power and energy supply.",
    "Financials": "Banks, lenders, insurers, payments and asset managers and their business.",
    "Currencies": "The dollar, euro, yen, pound and other currencies, exchange rates, and bitcoin.",
    "General News | Opinion": "General world news, health, weather, accidents, society and opinion columns.",
    "Gold | Metals | Materials": "Gold, silver, copper, steel, mining, metals and raw materials.",
    "IPO": "A company goes public in an initial public offering, prices its shares, or lists by a SPAC merger.",
    "Legal | Regulation": "A lawsuit, court ruling, fine, settlement, antitrust case or new rule by a regulator.",
    "M&A | Investments": "A merger, acquisition, takeover bid, stake purchase, funding round or investment.",
    "Macro": "Economic data such as inflation, jobs, GDP, retail sales, housing and manufacturing.",
    "Markets": "The stock market as a whole: indexes, futures, Wall Street, trading sessions and investor mood.",
    "Politics": "Presidents, governments, parliaments, elections, sanctions, war and foreign policy.",
    "Personnel Change": "A company's chief executive, finance chief or director resigns, is fired or is appointed.",
    "Stock Commentary": "Commentary on why a stock is worth buying or selling, with picks and investing ideas.",
    "Stock Movement": "Shares of a company rise or fall sharply today, premarket or after hours.",
}
"""One sentence for each of `monitor.classify.labels.TOPICS`, in that order."""
