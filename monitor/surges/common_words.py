"""How much a word tells of which story a text tells: little where much financial news holds it, all where little does.

The table was counted by `python -m benchmarks.common_words`. A weight is the logarithm of one over the share of texts
that hold the word, in nats, less `NO_WEIGHT`, up to `FULL_WEIGHT`; it is kept to half a nat. Fixed weights, unlike
those of the stories at hand, mean the same in a quiet hour and in a full index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STEM_LETTERS: Final = 6
"""Of a word, what is compared: "restructuring" and "restructures" are the same."""
NO_WEIGHT: Final = 2.5
"""In nats: a word that every twelfth text holds tells nothing."""
FULL_WEIGHT: Final = 4.0
"""In nats: of a word that one text in 665 holds, or fewer."""

_STEMS: Final[Mapping[float, str]] = {
    0.0: ("and for market the with "),
    0.5: ("after busine china econom financ from invest its new says stock stocks "),
    1.0: (
        "0 1 announ are bank billio but ceo compan cramer deal earnin has jim more not oil over quarte report result "
        "shares that this trade trump will year "
    ),
    1.5: (
        "2 2022 3 4 5 about americ brexit buy call can could divide down energy europe expect fed first global growth "
        "have high his how indust inflat into may millio off out price prices produc profit revenu sales second source "
        "street tariff than time tradin usd week what "
    ),
    2.0: (
        "000 10 2019 500 6 7 8 9 agains ahead all amazon amid analys apple back big board boeing canada capita change "
        "chief chines consum contin cut cuts data day declar demand dollar electr end eps exclus execut fall firm fund "
        "future gas german get govern group health here higher hit house inc increa intere jobs just launch leader "
        "live manage minist month next now office one partne pay plan plans presid rate rates record regula retail "
        "rise russia servic should since some still stockm strong take talks target tax tech techno tesla their top "
        "two update via wall war was watch why world years you "
    ),
    2.5: (
        "100 11 12 15 19 20 2018 2020 30 50 accord action air airlin anothe approv author banks beats been before best "
        "bid bigges boost britai calls car case cash centra chairm close commer concer confer contra corpor cost costs "
        "countr court credit crisis crypto curren custom debt delive despit develo direct discus dow drop elon estima "
        "expand explai export facebo faces falls fears federa firms follow foreca former funds gains genera goldma "
        "good happen hedge help hits holdin home import includ india intern iran japan july june key last latest like "
        "london long look low lower major make meetin merger money most move musk names nasdaq nation need netfli news "
        "offer offici open operat other our outloo people percen pharma policy positi potent power pre presen privat "
        "projec provid public raises rally recent recess releas remain reserv return rises risk round said sale saudi "
        "say sector securi see sees sell set share shareh short south spy stake state strate supply suppor system term "
        "there they third threat three throug today transc uber under united value warns when which who worker would "
        "york your "
    ),
    3.0: (
        "13 18 25 40 737 above accoun acquir acquis across activi admini advanc advise africa again agreem airbus "
        "among annual any appoin around asia assets attack august austra auto ban bankin bankru based battle beat "
        "become being below benefi better biden bill bitcoi black bloomb bond boss brazil break breaki britis budget "
        "build buying caller cars cfo challe charge christ city claims climat collap coming commen commit commun "
        "compet comple consid contro corona covid crash critic crude days deals decade decisi declin democr depart "
        "deutsc digita disput distri does don double downgr drug due during early ecb electi employ englan equity etf "
        "euro even ever exchan extend face factor favori fight five flight focus food ford foreig founde four france "
        "free french friday fuel full furthe gaap gain gets ghosn giant goes going gold google green guardi guidan had "
        "half head highli hike hikes hold hopes housin huawei impact improv income index initia ipo issues italy job "
        "john johnso jpmorg keep larges law lawsui lead level lightn likely line looks loss losses made maker makes "
        "making manufa many max media meet mexico misses model months morgan mortga moves much must near nearly networ "
        "nils nissan number offeri online only opec opport option order orders output own part past paymen perfor "
        "plant platfo play point points politi portfo possib post pratle prepar pressu prime probe proble progra "
        "proper propos protec purcha push questi raise read real receiv recove reject remix resear respon reuter "
        "reveal review right rising risks rules run sachs safety sancti scanda sec secret seekin seeks seen sellin "
        "settle show shows sign signal signs small social softwa soluti spendi staff start states steel stop stores "
        "stream streng strike study subscr suppli surge takeov takes therap these think times too trader treasu trial "
        "trust twitte ukrain union unit use vehicl very view volati vote warnin way well were where while white win "
        "wins won work worrie worth wsj yield "
    ),
    3.5: (
        "14 16 17 200 2023 2026 21 22 24 35 5g 60 75 accele access accuse adds adviso agency agenda ago aims alert "
        "alibab almost alpha alread also amzn anti antitr appeal approa arabia arrest asian asset attrac automa averag "
        "avoid away backed bad balanc bancor banker barcla batter bbg bear becaus behind betwee beyond blackr bonds "
        "boris bottom bounce brand brands breaks bring buildi bull bullis buyers buys califo campai canadi cancel "
        "cancer cannab cap care carill cautio center chain chair chance chart chip class closes cloud cnbc coal com "
        "come comes commis common condit confid confir congre consen constr corp cpi create daily date decemb defend "
        "defens delays design detail did diesel disapp disney disrup donald draghi drive driver drivin drops earlie "
        "east effect effort emerge emissi ends engine enough enviro est etfs expans expert eyes facili facing factbo "
        "fallin far fargo fast fda februa fell few files final find finds fine fire fiscal fix force fourth fox fraud "
        "fresh fundin game gap gdp gettin give goods great ground growin hard her highes highs him histor holida homes "
        "hong hot imf infras innova inside insura iphone isn issue italia jan januar jet jets joins judge jump know "
        "kong korea labor labour late lawmak leadin least leave left legal lender less let letter levels life limite "
        "liquid list listin little loan local lookin lowest man march margin mark martin measur medica member micros "
        "middle might miss mobile moment monday monthl mornin mps nafta name named natura needs net never non north "
        "novemb nuclea nyse observ octobe offers old opens opinio optimi owner pacifi packag paid pandem party patien "
        "pensio per person phase philip pipeli pledge plunge posts powell predic premar previe previo pricin progre "
        "promis prosec prospe protes put puts qqq qualco race rail raised rating reach reache ready reason reboun red "
        "reduce region relati renaul replac resign resour retire revers revs rights rival role rose ruling ryanai same "
        "save season secure seek select self semico senate senior sets shorta shutdo signif singap sits six sky slide "
        "slides slow slowdo slump softba sold soon space specia sports spread spx stanle starbu startu statem stay "
        "step steps store strugg subsid succes sugges surpri survey suspen sustai taking team techni tells tensio test "
        "them things though thursd tighte told tops total toward track transp travel treatm trilli troubl tsla tuesda "
        "tumble turkey turn uncert until unveil upgrad upside urges valuat venezu ventur video volksw volume wage "
        "walmar want wants watchd water weak wealth wednes weekly weeks welcom wells withou women workin worst yet "
        "yields zte "
    ),
}  # written

WEIGHTS: Final[Mapping[str, float]] = {stem: weight for weight, stems in _STEMS.items() for stem in stems.split()}
"""In nats, by stem; others weigh `FULL_WEIGHT`."""
