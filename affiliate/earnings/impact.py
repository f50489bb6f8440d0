"""Reports of impact.com: files of action listings, downloaded by a partner.

Columns: https://help.impact.com/partner/platform-features/reporting-for-partners. A listing by SKU
has a row for each item of an action.
"""

from typing import Final

from affiliate.earnings.reports import ReportForm

NETWORK: Final = "impact"
FORM: Final = ReportForm(
    columns={
        "sale id": frozenset({"actionid", "id"}),
        "status": frozenset({"status", "actionstatus", "state"}),
        "payout": frozenset({"payout", "actionearnings", "earnings"}),
        "sale amount": frozenset({"saleamount", "amount"}),
        "currency": frozenset({"currency", "currencycode", "payoutcurrency"}),
        "sale date": frozenset({"actiondate", "eventdate"}),
        "click time": frozenset({"referraldate", "referringdate", "clickdate"}),
        "locking date": frozenset({"lockingdate"}),
        "clearing date": frozenset({"clearingdate", "cleareddate"}),
        "program": frozenset({"campaignid", "programid"}),
        "site": frozenset({"subid1"}),
        "words": frozenset({"subid2"}),
        "picture": frozenset({"subid3"}),
        "click id": frozenset({"sharedid"}),
        "item": frozenset({"sku", "itemsku"}),
    },
    required=frozenset({"sale id", "status", "payout", "sale date"}),
    no_sales=frozenset({"n/a", "na", "n/a (media source)"}),
)
"""Heads in listings of the API and of the screen."""
