"""Plain words that names of companies are made of or stand next to; all folded."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUSINESS: Final = _words(
    """
    acquisition analyst analysts annual bid board bonds boss brand brands business buyout ceo cfo chairman chief coo
    costs customers data deal debt deliveries directors dividend division earnings employees executive executives
    factories factory first forecast fourth full guidance headquarters holders investor investors ipo lawsuit
    layoffs management margin margins market merger orders outlook plant plants product products profit profits q1
    q2 q3 q4 quarterly recall results revenue revenues sales second share shareholder shareholders shares spokesman
    spokesperson spokeswoman stake stock stocks store stores subsidiary takeover third trading unit units valuation
    workers
    """
)
"""Nouns that follow the name of a company."""

ACTS: Final = _words(
    """
    acquired acquires announced announces beat beats boosts bought builds buys climbed climbs cuts delayed delays
    discontinues divests downgraded downgrades dropped drops earned expands falls fell forecasts furloughs gained
    gains guided guides halts hiked hikes hires invested invests jumped jumps launched launches lays lifted lifts
    lowers missed misses offloads outperforms outsources overhauls plunged plunges posted posts raised raises
    rallied rallies reaffirms rebounds rebrands recalled recalls refinances reopens reported reports restates
    restructures resumes rises rose sank sheds ships shutters sinks slashed slashes slid slides slipped slips
    slumped slumps soared soars spins surged surges swings topped tops trimmed trims tumbled tumbles underperforms
    unveiled unveils upgraded waives warned warns withdraws
    """
)
"""Verbs of which companies are the subject, as a rule."""

DEEDS: Final = _words(
    """
    abandons accuses added adds admits agreed agrees aims apologised apologises apologized apologizes appeals
    appointed appoints asks axes backs battles begins bets bids blames cancels closed closes completes confirms
    considers declined defends delivered delivers denied denies did disrupted ditches doubles drops dumps earns
    embraces ends enters exits expected expects explores eyes faced faces fights filed files fined fired fires flags
    forms gets grapples hands hits hopes inks investigates joins lags leads leaves loses lost lures made makes
    merged merges mulls named names nears offered offers opened opens outlines overtakes owns paid partners pauses
    pays picks planned plans pleads pledges plots prepares promises proposes pulls pursues pushes refuses rejected
    rejects removes replaces rethinks returns revamps reveals reviews rolls runs said says scrapped scraps secures
    seeks sees sells sets settled settles shelves shuts signed signs slams sold starts sticks stops strikes
    struggles submits sued sues suspends takes taps targets teams tells tests told took touts triples turns urges
    vowed vows wants weighs wins won wraps
    """
)
"""Verbs of which people are the subject as often."""

WEAK_ACTS: Final = _words(
    """
    and are could had is may might or was were will would
    """
)
"""What follows any noun."""

INTENTS: Final = _words(
    """
    acquire add become build buy charge close cut delay drop end exit expand face fire halt hire idle invest issue
    join keep launch lay leave lift list lower make merge move name offer open pay post raise recall replace report
    restart return review sell settle shut slash spend spin split start stop sue supply take test trim unveil use
    """
)
"""What follows `to` in headlines that say what a company will do."""

HEADS: Final = _words(
    """
    airline automaker bank brand brewer builder carmaker carrier chain chipmaker company competitor conglomerate
    developer distiller distributor drugmaker exchange-listed firm giant group heavyweight homebuilder insurer
    insurers lender major maker manufacturer miner operator owner parent peer peers planemaker processor provider
    refiner retailer retailers rival startup stock stocks supplier tech telecom telecoms utility
    """
)
"""Nouns that stand before the name of a company."""

LINKS: Final = _words(
    """
    acquired acquires against among at between buy buys by from including joins leaves left like sell sues through
    versus via vs with
    """
)
"""What stands between a verb or noun and a company as its object."""

HOLDINGS: Final = _words(
    """
    ceo cfo chairman head holding holdings investment position share shares stake stakes stock
    """
)
"""Nouns of which a company is the object, with `of` or `in` between."""

DETERMINERS: Final = _words(
    """
    a an another any each every her his its my no our some that their these this those what which whose your
    """
)
"""What stands before a common noun and not before a company."""

GIVEN: Final = _words(
    """
    aaron adam alan alexander amanda amy andrew angela anna anthony arthur ashley barbara ben benjamin betty bill
    bob brandon brian carl carol charles chris christine christopher cynthia dan daniel david deborah dennis donald
    donna dorothy doug douglas edward elizabeth emily emma eric frank gary george graham greg gregory helen helmut
    henry ian jack jacob james jason jeff jeffrey jennifer jeremy jerry jessica jim joe john jonathan jose joseph
    joshua justin karen kathleen keith ken kenneth kevin kimberly kyle larry laura lawrence linda lisa margaret mark
    martin mary matthew melissa michael michelle mike nancy naomi nathan neil nicholas nick olivia patricia patrick
    paul peter philip ralph raymond rebecca richard rob robert roger ronald ruth ryan sam samantha samuel sandra
    sarah scott sean serena sharon simon stephanie stephen steve steven stuart susan terry thomas tim timothy tom
    tyler venus walter wilbur william
    """
)
"""Given names: what follows one is a person's."""

TITLES: Final = _words(
    """
    captain dame dr general gov governor judge justice king lady lord mayor miss mr mrs ms pope president prince
    princess prof professor queen rep representative saint sen senator sir
    """
)
"""What stands before a person's name."""

PLACES: Final = _words(
    """
    arena avenue award awards bay bowl center centre championship church city college county cup family forest
    foundation hall hospital hospitals island islands lake library museum open park prize rainforest river road
    school stadium street theater theatre tower university valley
    """
)
"""Nouns after which a proper name is a place's, a prize's or a foundation's."""

AMBIGUOUS_PLACES: Final = _words("award awards family forest island islands open park")
"""Those of them that are also verbs and adjectives, or stand behind a company's name for something of its own."""

FINANCE: Final = _words(
    """
    acquisition analyst analysts billion buyback ceo dividend earnings eps forecast guidance investors ipo merger
    million premarket profit quarter revenue sales shares stock stocks takeover
    """
)
"""Words of which one says that a text is about business."""

LEGAL_FORMS: Final = _words(
    """
    ab adr ag as asa berhad bhd co companies company corp corporation cos gmbh inc incorporated jsc kgaa kk limited
    llc llp lp ltd nv ojsc oyj pjsc plc pte pty sa sab se spa tbk
    """
)
"""What kind of legal person stands before them."""

DESCRIPTIVE: Final = _words(
    """
    aerospace airways bancorp bancshares bank beverage biosciences brands chemical chemicals communications
    companies construction electric energy enterprises entertainment financial foods global health healthcare
    industrial industries insurance interactive international laboratories markets materials medical motor motors
    networks petroleum pharma pharmaceutical pharmaceuticals pharmacy platforms railway resorts scientific
    semiconductor semiconductors services software solution solutions steel stores systems technologies technology
    telecom therapeutics worldwide
    """
)
"""What a company does; newspapers leave them out where the rest is name enough."""

GENERIC_TRADE: Final = _words(
    """
    and business commercial companies company components consumer development equipment financial financials general
    goods group holding industrial industries international investment management materials national other personal
    power product production products public service services support systems technologies technology the
    """
)
"""Words on what a company does that tell none from another."""

TRADE_WORDS: Final = _words(
    """
    airlines airways bank banks capital communications construction electronics energy entertainment financial foods
    global industries insurance international media motor motors petroleum pharma pharmaceuticals resources retail
    software stores systems technologies technology telecom therapeutics worldwide
    """
)
"""Words that a full name has and a short one leaves out."""

CONNECTORS: Final = _words("of de du da di la le and & van von the for")
"""Small words within names."""

NO_COMPANIES: Final = _words(
    """
    a afghanistan africa african ai airlines america american americans an analysis analyst analysts and april
    arabia argentina argentine asia asian at august australia australian austria austrian automakers bangladesh bank
    banking banks bbc beijing belgian belgium berlin big bloomberg board bond bonds boss brazil brazilian breaking
    breakingviews brent brexit britain british briton britons brussels bulgaria business by california canada
    canadian carmakers cars ceo cfo chairman chief chile chilean china chinese chipmakers cnbc cnn coal cocoa coffee
    colombia column company congress consumer consumers coo copper corn coronavirus correction cotton court covid
    cpi cramer croatia crude cuba currencies currency customers cyprus czech danish december delhi denmark division
    dollar dollars dr dubai dutch e east eastern economy egypt egyptian energy england english equities esg estonia
    etf ethiopia eu euro europe european euros eurozone exclusive executive explainer faang factbox fang farmers
    february finland finnish firm florida for founder franc france frankfurt french friday from ft futures fy gas
    gdp georgia german germany ghana global gold government greece greek group guardian h1 h2 healthcare homes hong
    hongkong hotel hotels house housing hungary i iceland in index indexes india indian indices indonesia inflation
    instant insurers investor investors ipo iran iranian iraq ireland irish iron israel israeli it italian italy
    january japan japanese jordan judge july june kazakhstan kenya kong korea korean krona kuwait lanka latvia
    lawmakers lawsuit lebanon libya lira lithuania live lng london lord luxembourg madrid malaysia malta march
    market markets may media metals mexican mexico middle milan miners minister ministry monday morocco moscow mr
    mrs ms mumbai myanmar n netherlands new newsletter newyork nft nigeria north northern norway norwegian november
    o october of oil on opinion ore pakistan parent paris parliament peru peso pharma philippines pmi podcast poland
    polish poll portugal portuguese pound power president property q1 q2 q3 q4 qatar rail rand real remix renminbi
    report retail retailers reuters romania rome rouble ruble rupee russia russian russians s saturday saudi
    scotland scottish senate september serbia shanghai share shareholders shares silver singapore sir slovakia
    slovenia source sources south southern soy soybeans spain spanish sports sri st steel sterling stock stocks
    street sugar sunday sweden swedish swiss switzerland sydney syria taiwan tariff tariffs tech technology texas
    thai thailand the thursday to tobacco tokyo toronto trade traders treasuries treasury tuesday tunisia turkey
    turkish u uae uk ukraine ukrainian unit update us usa utilities venezuela video vietnam view wales wall
    washington watch wednesday west western wheat won workers world wsj wti yen yield yields york yuan zealand
    zimbabwe
    """
)
"""Words that taggers take for names and that are no company's: places, currencies, goods, markets, the press."""
