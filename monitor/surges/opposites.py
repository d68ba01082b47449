"""What excludes one another in financial news: opposite directions and outcomes, and things of a kind.

A *side* is one of two opposites (rise, fall); a *rival* is one of a kind of which a headline means one (wheat, corn).
Both lists are of the field's own words, as a careful reader would write them down; neither is complete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

_UP = (
    "rise rises rose risen up gain gains gained jump jumps jumped surge surges surged soar soars soared climb climbs "
    "climbed rally rallies rallied higher grow grows grew growing increase increases increased rebound rebounds "
    "rebounded recover recovers advance advances firm firms firmed strengthen strengthens strengthened leap "
    "leaps leapt spike spikes spiked swell swells swelled accelerate accelerates accelerated quicken quickens double "
    "doubles doubled triple triples tripled widen widens widened skyrocket skyrockets boom booms expand expands added "
    "adds expanded top tops topped above mount mounts"
)
_DOWN = (
    "fall falls fell fallen down drop drops dropped slump slumps slumped plunge plunges plunged sink sinks sank slide "
    "slides slid tumble tumbles tumbled lower shrink shrinks shrank decline declines declined decrease decreases "
    "decreased dip dips dipped slip slips slipped retreat retreats weaken weakens weakened ease eases eased crash "
    "crashes crashed halve halves halved slow slows slowed cool cools cooled dive dives dived contract contracts "
    "contracted narrow narrows narrowed lose loses lost plummet plummets nosedive recede recedes below tank tanks "
    "shed sheds"
)
_GO = (
    "launch launches launched begin begins began start starts started open opens opened resume resumes resumed "
    "restart restarts restarted reopen reopens reopened reinstate reinstates reinstated restore restores restored "
    "revive revives revived"
)
_HALT = (
    "halt halts halted suspend suspends suspended pause pauses paused freeze freezes stop stops stopped shut shuts "
    "postpone postpones postponed delay delays delayed shelve shelves shelved scrap scraps scrapped cancel cancels "
    "cancelled canceled idle idles idled mothball mothballs"
)
_YES = (
    "approve approves approved clear clears cleared accept accepts accepted back backs backed endorse endorses agree "
    "agrees agreed grant grants granted allow allows allowed uphold upholds pass passes passed permit permits "
    "permitted win wins won greenlight greenlights reach reaches reached adopt adopts ratify ratifies seal seals "
    "sealed sign signs signed"
)
_NO = (
    "reject rejects rejected block blocks blocked deny denies denied refuse refuses refused veto vetoes vetoed oppose "
    "opposes opposed bar bars barred rebuff rebuffs rebuffed spurn spurns overturn overturns dismiss dismisses "
    "dismissed fail fails failed lose loses lost ban bans banned nix quash quashes"
)
_OFF = (
    "abandon abandons abandoned drop drops dropped scrap scraps scrapped cancel cancels cancelled terminate "
    "terminates terminated withdraw withdraws withdrew collapse collapses collapsed ditch ditches end ends "
    "ended"
)
_DONE = "complete completes completed close closes closed finalise finalises finalize finalizes seal seals sealed"

_REVERSING = (
    "no not never nothing without neither nor isn't won't doesn't didn't cannot can't ends ended ending abandons "
    "abandoned scraps scrapped cancels cancelled canceled terminates withdraws withdrew collapses collapsed ditches "
    "rejects rejected blocks blocked denies denied refuses refused vetoes opposes rebuffs fails failed delays delayed "
    "postpones postponed shelves halts halted suspends suspended against"
)

PAIRS: Final[tuple[tuple[str, str], ...]] = (
    (_UP, _DOWN),
    ("beat beats beaten top tops topped topping exceed exceeds exceeded above surpass surpasses outperform",
     "miss misses missed short below lag lags trail trails undershoot"),
    ("raise raises raised hike hikes hiked lift lifts lifted boost boosts boosted upgrade upgrades upgraded increase "
     "increases increased tighten tightens",
     "cut cuts slash slashes slashed trim trims trimmed downgrade downgrades downgraded lowered lowers reduce reduces "
     "reduced ease eases shave shaves"),
    ("raise raises raised hike hikes hiked lift lifts cut cuts lower lowers slash slashes trim trims change changes",
     "keep keeps kept hold holds held maintain maintains maintained leave leaves left unchanged steady pat"),
    ("widen widens widened", "narrow narrows narrowed"),
    ("avert averts averted avoid avoids avoided escape escapes", "miss misses missed enter enters trigger triggers"),
    ("inflow inflows", "outflow outflows"),
    ("profit profits profitable earns earned", "loss losses lossmaking loses lost"),
    ("surplus", "deficit shortfall"),
    (_GO, _HALT),
    ("launch launches launched begin begins began start starts started enter enters entering declare declares",
     "end ends ended ending finish finishes exit exits exiting avert averts averted avoid avoids avoided"),
    ("open opens opened opening", "shut shuts close closes closed closing shutter shutters"),
    (_YES, _NO),
    (_DONE + " reach reaches reached agree agrees agreed sign signs launch launches launched announce announces "
     "announced unveil unveils impose imposes imposed talks",
     _OFF + " delay delays delayed postpone postpones postponed extend extends extended reject rejects block blocks "
     "halt halts suspend suspends exempt exempts"),
    ("talks consider considers considering mull mulls weigh weighs explore explores seek seeks",
     "agree agrees agreed complete completes completed secure secures secured " + _OFF),
    ("strong stronger strongest strength robust", "weak weaker weakest weakness soft softer softest sluggish"),
    ("high highs highest peak", "low lows lowest trough bottom"),
    ("more most", "less least fewer fewest"),
    ("faster quicker", "slower"),
    ("bigger larger biggest largest", "smaller smallest"),
    ("better best", "worse worst"),
    ("bull bullish optimistic upbeat", "bear bearish pessimistic gloomy"),
    ("overweight outperform", "underweight underperform neutral"),
    ("hawkish", "dovish"),
    ("hire hires hired create creates created add adds added", "fire fires fired shed sheds axe axes axed cut "
     "cuts lose loses"),
    ("appoint appoints appointed name names named hire hires hired join joins",
     "quit quits resign resigns resigned depart departs leave leaves ousts ousted fired fires dismisses"),
    ("dry", "strike strikes discovery find finds found hits"),
    ("settle settles settled pay pays acquit acquits acquitted cleared", "convict convicts convicted sue sues sued "
     "appeal appeals fight fights"),
    ("convict convicts convicted guilty", "acquit acquits acquitted innocent"),
    ("limit limits limited cap caps capped curb curbs restrict restricts", "meet meets unlimited lift lifts remove "
     "removes scrap scraps"),
    ("secure secures secured raised obtain obtains", "seek seeks sought"),
    ("sells sell sold selling", "buy buys bought acquire acquires acquired buying"),
    ("import imports", "export exports"),
    ("supply supplies", "demand"),
    ("long", "short"),
    ("annual yearly", "quarterly monthly weekly"),
    ("special", "regular quarterly interim"),
    ("pull pulls pulled withdraw withdraws withdrew suspend suspends suspended ground grounds grounded halt halts "
     "halted",
     "reinstate reinstates reinstated resume resumes resumed restore restores restored reopen reopens reopened return "
     "returns returned"),
    ("bar bars barred ban bans banned",
     "let lets allow allows allowed lift lifts lifted free frees freed resume resumes"),
    ("warning", "clearance clear clears cleared"),
    ("retire retires retired quit quits resign resigns resigned leave leaves lose loses lost step steps",
     "name names named appoint appoints appointed succeed succeeds replace replaces"),
    ("curb curbs curbed limit limits limited", "widen widens widened extend extends extended expand expands expanded"),
    ("deny denies denied reject rejects rejected",
     "plead pleads pleaded guilty admit admits admitted convict convicts convicted"),
)  # fmt: skip
_FIRST_OF_MIXED = (
    "talks strong high more bigger better appoint dry secure sells import supply long annual special".split()  # noqa: SIM905
)
MIXED: Final = frozenset(number for number, pair in enumerate(PAIRS) if pair[0].split()[0] in _FIRST_OF_MIXED)
"""Pairs of which one story may speak of both sides, if not in the same words; the others tell whole texts apart."""

_KINDS: Final[Mapping[str, str]] = {
    "period": "annual yearly | quarterly | monthly | weekly",
    "month": "january jan | february feb | march | april apr | june jun | july jul | august aug | september sept "
    "sep | october oct | november nov | december dec",
    "weekday": "monday | tuesday | wednesday | thursday | friday | saturday | sunday",
    "season": "winter | summer | spring | autumn",
    "officer": "ceo | cfo | coo | cto | chairman chair chairwoman chairperson | auditor accountant auditors | "
    "treasurer",
    "currency": "euro euros eur | pound pounds sterling gbp | dollar dollars usd greenback | yen jpy | yuan "
    "renminbi cny | rouble rubles rouble ruble | rupee rupees | franc francs chf | peso pesos | lira | "
    "rand | krw | reais | rupiah | ringgit | baht | naira | krona | zloty | forint | shekel | bitcoin "
    "btc | ether ethereum eth | solana | dogecoin | xrp",
    "asset": "stock stocks share shares equities equity | bond bonds treasuries | loan loans | currency "
    "currencies | gilts gilt",
    "commodity": "brent | wti | oil crude | gas lng | gold bullion | silver | copper | nickel | zinc | tin | "
    "aluminium aluminum | lithium | uranium | platinum | palladium | cobalt | wheat | corn maize | "
    "soybean soybeans soy | cocoa | coffee arabica robusta | sugar | cotton | rice | coal | iron | "
    "steel | palm | rubber | cattle | hogs | orange juice | electricity | diesel | gasoline petrol",
    "index": "nasdaq | dow djia | dax | ftse | nikkei | topix | cac | kospi | sensex | nifty | stoxx | russell | csi",
    "sector": "automotive carmakers auto autos cars | industrial | consumer | retail | energy | healthcare | "
    "banking | telecom | insurance insurer insurers | airline airlines | mining miners | software | "
    "tech technology",
    "product": "cheese | yogurt yoghurt | milk | butter | beef | pork | chicken poultry | beer | wine | tobacco | "
    "fibre fiber | tower towers masts mast | cable | ovens oven | fridges fridge | washers | heaters "
    "heater | trucks truck | vans van | planes jets jet | engines engine | batteries battery | tyres "
    "tires",
    "unit": "iphone iphones | ipad ipads | mac macs | wearables",
    "action": "dividend payout | buyback repurchase repurchases",
    "stage": "agree agrees agreed | complete completes completed close closes closed finalise finalises finalised",
    "case": "charge charged charges indict indicts indicted | convict convicts convicted guilty | jail jailed jails "
    "sentenced sentences | cleared acquit acquits acquitted | sue sues sued | settle settles settled | appeal appeals "
    "appealed | fine fined",
    "rating": "downgrade downgrades downgraded | affirm affirms affirmed | outlook watch",
    "insolvency": "file files filed seek seeks | exit exits exited emerge emerges emerged",
    "cause": "fire blaze | flood floods flooding | ransomware hack hackers cyberattack | tornado storm hurricane | "
    "explosion blast | strike walkout",
    "post": "name names named appoint appoints appointed | sworn | retire retires retired | quit quits resign resigns",
    "licence": "provisional temporary | full",
    "customers": "firms companies corporate businesses | households consumers",
    "measure": "cpi consumer | ppi producer wholesale | gdp | payrolls | pmi | unemployment jobless",
    "sovereign": "us america american americans washington fed federal treasury | eu european europe brussels ecb "
    "eurozone | uk britain british boe england london | germany german bundesbank berlin frankfurt | "
    "france french paris | italy italian rome milan | spain spanish madrid | portugal portuguese | "
    "greece greek | netherlands dutch | belgium belgian | switzerland swiss snb zurich | austria "
    "austrian | ireland irish dublin | sweden swedish riksbank stockholm | norway norwegian norges oslo "
    "| denmark danish | finland finnish | poland polish nbp warsaw | czech prague | hungary hungarian "
    "budapest | romania romanian | ukraine ukrainian | russia russian moscow kremlin | turkey turkish "
    "ankara | israel israeli | saudi riyadh aramco | uae emirates dubai | qatar | iran iranian | iraq "
    "iraqi | egypt egyptian | nigeria nigerian naira | kenya kenyan | ghana ghanaian | southafrica sarb "
    "| china chinese beijing pboc yuan shanghai | hongkong hsi | japan japanese boj tokyo nikkei | "
    "korea korean bok seoul kospi | taiwan taiwanese | india indian rbi delhi mumbai | indonesia "
    "indonesian rupiah jakarta | malaysia malaysian | thailand thai | vietnam vietnamese | philippine "
    "philippines manila bsp | singapore | australia australian rba sydney | zealand rbnz | canada "
    "canadian boc ottawa toronto | mexico mexican banxico | brazil brazilian brasilia | argentina "
    "argentine buenos milei | chile chilean | colombia colombian | peru peruvian | pakistan pakistani | "
    "bangladesh | sri lanka",
}


DESCRIBING: Final = frozenset(("month", "weekday", "sovereign", "sector", "officer", "asset", "period", "index"))
"""Kinds of which one story may name another by the way: where a company is at home, or when something was said."""

PROPER: Final = frozenset(("month", "weekday", "sovereign"))
"""Kinds whose words are others when they are not capitalised: march, us, turkey."""


def _sides() -> Mapping[str, tuple[tuple[int, int], ...]]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, pair in enumerate(PAIRS):
        for side in (0, 1):
            for word in dict.fromkeys(pair[side].split()):
                found[word].append((number, side))
    return {word: tuple(places) for word, places in found.items()}


def _rivals() -> Mapping[str, tuple[str, int]]:
    return {
        word: (kind, number)
        for kind, values in reversed(list(_KINDS.items()))
        for number, group in enumerate(values.split("|"))
        for word in group.split()
    }


SIDES: Final = _sides()
"""By lower-case word, the pairs it belongs to, each with its side, 0 or 1."""

RIVALS: Final = _rivals()
"""By lower-case word, its kind and which of the kind it is; a word of two kinds has the first."""

REVERSALS: Final = frozenset(_REVERSING.split())
"""Words that turn a sentence into its opposite: two that are otherwise the same both have one, or none."""
