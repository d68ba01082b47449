"""Words of financial news that say nearly the same: what an editor or a second reporter puts for one another.

Opposites and names of countries have tables of their own (`opposites`); what is here tells no stories apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_GROUPS: Final = """
profit profits earnings income net results bottom earn earns earned
sales revenue revenues turnover takings
loss losses deficit red writedown writedowns impairment
forecast forecasts outlook guidance view views target targets goal estimate estimates expectation expectations
projection projections consensus prediction predictions hopes
share shares stock stocks equity equities
shareholder shareholders investor investors holder holders stockholders owners
dividend dividends payout payouts distribution
buyback buybacks repurchase repurchases
ipo float flotation listing offering debut
deal deals agreement accord pact settlement contract arrangement
takeover acquisition purchase buyout merger combination tie-up bid offer pursuit
buy buys bought acquire acquires acquired snaps takes picks purchases
sell sells sold offload offloads divest divests disposes hands
talks negotiations discussions discussing negotiating
stake stakes holding holdings interest
unit units division arm business subsidiary operation operations segment
plant plants factory factories works site mill facility facilities
store stores shop shops outlet outlets branch branches
job jobs staff worker workers employee employees post posts role roles position positions workforce headcount people
cut cuts layoff layoffs redundancies axes axing sheds cutting reductions reduction
strike strikes walkout stoppage walkouts
ceo boss chief head leader executive
cfo finance treasurer
chairman chairwoman chair chairperson
quit quits resign resigns resigned depart departs leave leaves retire retires steps exit exits out resignation departure
name names named appoint appoints appointed taps picks hire hires hired promotes chooses
bank banks lender lenders
insurer insurers underwriter
carmaker carmakers automaker automakers
car cars vehicle vehicles auto autos automobiles
airline airlines carrier carriers
plane planes aircraft jet jets airliner airliners
drugmaker drugmakers pharma
drug drugs medicine medicines treatment treatments therapy therapies
chip chips semiconductor semiconductors processor processors
chipmaker chipmakers
retailer retailers chain grocer grocers supermarket supermarkets
oil crude petroleum
gas lng
home homes house houses housing property properties estate
loan loans credit lending borrowing borrowings debt debts
bond bonds notes
fund funds trust
cash liquidity money
rate rates borrowing
inflation prices price cost costs
cpi consumer
economy gdp output growth
unemployment jobless joblessness
regulator regulators watchdog watchdogs authority authorities agency supervisor supervisors commission
court courts judge judges tribunal jury
lawmakers congress parliament legislators senators senate house
government ministers ministry cabinet administration state
policymakers officials governors governor
fine fined fines penalty penalties levy
probe probes investigation investigations inquiry inquiries inspects examines investigates investigating scrutiny
lawsuit lawsuits suit suits case complaint litigation sue sues
fraud scam embezzlement
tariff tariffs duty duties levies
ban bans embargo prohibition prohibits bars
rescue bailout lifeline support aid guarantee guarantees backs
bankruptcy insolvency protection bankrupt administration collapse bust
recall recalls pulls withdraws
outage outages blackout breakdown failure failures crash crashes
fire fires blaze
cyberattack hack hackers breach ransomware
hurricane storm cyclone typhoon
delay delays delayed postpone postpones postponed defer defers deferred
approve approves approved clear clears cleared approval nod greenlight clearance
launch launches launched unveil unveils introduce introduces start starts begin begins kick
plan plans planned intends aims wants seeks hopes
warn warns warned caution cautions alert flags flagged signals
say says said tell tells told claim claims state states according sources people
expect expects expected see sees seen forecast forecasts anticipate anticipates predict predicts
hit hits reach reaches touch touches
win wins won secure secures secured get gets granted receive receives awarded lands clinches bags
record high highest peak all-time
low lowest weakest softest trough
jump jumps leap leaps surge surges soar soars rally rallies climb climbs rise rises gain gains
fall falls drop drops slide slides sink sinks tumble tumbles slump slumps plunge plunges dive dives decline declines
beat beats top tops exceed exceeds surpass surpasses
miss misses short undershoot trail trails lag lags
raise raises lift lifts boost boosts increase increases hike hikes
reduce reduces trim trims lower lowers slash slashes
hold holds keep keeps leave unchanged steady pat maintains
stop stops halt halts suspend suspends pause pauses freeze freezes
shut shuts close closes closure shutter shutters
resume resumes restart restarts reopen reopens
complete completes close closes closed seal seals finalise finalises conclude concludes
drop drops abandon abandons scrap scraps ditch ditches shelve shelves
worry worries fear fears concern concerns woes anxiety fret jitters
crisis trouble troubles turmoil woes
demand appetite orders
supply supplies stockpiles stocks inventory inventories
production output
harvest harvests crop crops
shortage shortfall squeeze deficit scarcity
bet bets wager wagers
may might could
big biggest large largest huge major
new fresh another latest
quick quicker quickly fast faster rapid
slow slower slowly gradual
strong solid robust bumper brisk
weak soft weaker softer tepid
half fifty
annual yearly year
quarter quarterly three-month
americans american
britain british uk
fall autumn
centre center centers centres
favour favor
yogurt yoghurt
tonne ton tonnes tons
metre meter metres meters
"""

SYNONYMS: Final[Mapping[str, frozenset[int]]] = {
    word: frozenset(number for number, line in enumerate(_GROUPS.splitlines()) if word in line.split())
    for word in dict.fromkeys(_GROUPS.split())
}
"""By lower-case word, the groups that it belongs to."""
