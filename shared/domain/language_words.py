"""The word lists behind `language_rules`, one block per language. Lower case, separated by blanks."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "masculine": "he him his himself",
        "feminine": "she her hers herself",
        "common_determiners": "the a an his her my their our your this that another one some no",
        "adverb_endings": "ly",
        "titles": """mr mrs ms messrs mme mlle dr prof rev hon gen col maj capt lt sgt cpl cmdr adm gov sen pres supt insp
            mt""",
        "numbered": "no nos vol vols p pp ch chap fig figs art sec pt par bk",
        "abbreviations": """etc e.g i.e a.m p.m st jr sr inc ltd co corp bros ave blvd rd dept est approx cf viz vs esp ph.d m.d
            b.a m.a jan feb apr jun jul aug sept oct nov dec esq ft oz lb lbs min hr hrs sq""",
        "openers": """the a an he she it they we you i his her its their our my your this that these those there here in on
            at by for from with but and or nor so yet if when while as after before since until then now what who why how
            where which no not one some all both each every many most such only even though although because once
            perhaps however""",
        "verbs": """said says asked asks cried whispered shouted replied answered exclaimed murmured muttered yelled
            screamed remarked inquired enquired demanded declared insisted stammered stuttered shrieked retorted bellowed
            grumbled mumbled responded interposed ejaculated rejoined announced explained protested repeated suggested
            pleaded begged observed commented interrupted admitted agreed gasped hissed growled snapped snarled""",
        "faint_verbs": """called continued added began returned went laughed sighed sobbed groaned moaned roared wailed
            urged warned ordered commanded promised objected concluded confessed complained resumed ventured chuckled
            pursued proceeded persisted assented echoed put thought wondered told sang smiled nodded croaked piped
            drawled broke burst say says saying chimed queried quoth sneered soothed mused reasoned gibbered whined
            whimpered crowed barked breathed panted boasted mocked scolded chided corrected apologised apologized offered
            volunteered allowed conceded reflected recited spoke hinted teased joked lied swore vowed greeted
            invited advised assured reminded informed addressed accused opined purred hollered squeaked squealed screeched
            thundered faltered lisped spluttered blurted yawned stated finished ended quoted summoned read wrote
            answers replies cries calls goes thinks adds""",
        "pronouns": "he she they it we you",
        "self_pronouns": "i",
        "articles": "the",
        "particles": "of de la le du van von der den del di da",
        "joiners": """of with who whom that which as from at and when to on in into by for while but or after before
            without over under upon through across about beside behind again""",
        "fillers": """then had has would quickly softly quietly again also only just suddenly out up at last once in on forth
            back never always""",
    },
    "es": {
        "masculine": "él éste aquél",
        "feminine": "ella ésta aquélla",
        "masculine_determiners": "el un este aquel otro",
        "feminine_determiners": "la una esta aquella otra",
        "common_determiners": "su mi tu nuestro nuestra",
        "adverb_endings": "mente",
        "titles": """sr sra srta sres sras srtas dña dn dr dra dres prof profa lic ing arq gral cnel cap capt tte sgto
            excmo excma ilmo ilma rdo rda fr mons sto sta pbro""",
        "numbered": "núm num nº n.º pág págs pag p pp cap vol t art fig n",
        "abbreviations": "etc ee.uu a.c d.c p.ej ej aprox av avda cía dpto tel vd vds ud uds s.a s.m v.m",
        "openers": """el la los las un una unos unas él ella ellos ellas yo tú usted nosotros este esta esto ese esa eso
            aquel aquella aquello en de a con por para sin sobre pero y o ni que si cuando mientras como después antes
            desde hasta entonces ahora luego así no ya también todo todos cada muchos su sus mi mis tu tus lo le se al del
            qué quién cómo dónde aunque porque""",
        "verbs": """dijo dice preguntó pregunta gritó grita susurró murmuró respondió contestó exclamó replicó añadió
            repuso musitó balbuceó ordenó insistió protestó exigió sugirió aseguró afirmó declaró anunció explicó repitió
            bramó chilló gruñó masculló interrumpió suplicó rogó objetó observó propuso confesó admitió decía preguntaba
            respondía contestaba exclamaba gritaba dije pregunté respondí contesté exclamé grité repliqué añadí murmuré
            dijeron gritaron respondieron exclamaron tartamudeó cuchicheó articuló prorrumpió""",
        "faint_verbs": """continuó prosiguió siguió empezó comenzó concluyó agregó llamó rió suspiró sollozó gimió pensó
            cantó intervino advirtió avisó prometió quiso interpuso terminó""",
        "pronouns": "él ella ellos ellas usted éste ésta aquél aquélla este esta",
        "self_pronouns": "yo",
        "articles": "el la los las",
        "honorifics": "don doña fray sor san señor señora",
        "particles": "de la del los las y",
        "joiners": """de del con que como desde a al y cuando en por para mientras pero o tras sin sobre hacia
            entre entonces""",
        "fillers": "le les se me nos te entonces ya por fin",
    },
    "fr": {
        "masculine": "il lui",
        "feminine": "elle",
        "masculine_determiners": "le un ce cet",
        "feminine_determiners": "la une cette",
        "common_determiners": "son sa mon ma ton ta leur notre l",
        "adverb_endings": "ement",
        "titles": "mgr dr pr mm mme mlle me st ste m",
        "numbered": "p pp n no nº art chap vol fig t",
        "abbreviations": "etc cf av apr j.-c ex env s.m",
        "openers": """le la les un une des il elle ils elles je tu nous vous on ce cet cette ces en dans de à avec par pour
            sans sur mais et ou ni que si quand lorsque comme après avant depuis puis alors maintenant ainsi non tout tous
            chaque son sa ses mon ma mes ton ta tes leur leurs au aux du qui où pourquoi comment""",
        "verbs": """dit demanda cria murmura chuchota répondit répliqua exclama écria ajouta reprit déclara insista
            protesta hurla souffla balbutia ordonna gronda bégaya annonça expliqua répéta fit-il fit-elle interrompit
            supplia objecta remarqua proposa avoua admit dis demandai répondis criai disait demandait répondait dirent
            demande répond crie murmure""",
        "faint_verbs": "fit continua poursuivit commença conclut appela rit soupira sanglota gémit pensa chanta lança",
        "pronouns": "il elle ils elles on",
        "self_pronouns": "je",
        "articles": "le la les l",
        "honorifics": "monsieur madame mademoiselle maître",
        "particles": "de la le du des d van von",
        "joiners": """de du des avec qui que comme depuis à au et quand en par pour tandis mais ou sans sur vers
            dans""",
        "fillers": "lui leur me nous se alors enfin donc",
    },
    "de": {
        "masculine": "er ihm ihn",
        "feminine": "sie ihr",
        "masculine_determiners": "der dem den ein einen einem",
        "feminine_determiners": "die eine einer",
        "common_determiners": "sein seine mein meine ihr ihre das",
        "titles": "hr hrn fr frl dr prof hl st ing",
        "numbered": "nr s bd abs art kap abb",
        "abbreviations": "z.b d.h u.a usw bzw vgl ca evtl ggf inkl str o.ä u.s.w v.chr n.chr etc sog",
        "openers": """der die das ein eine einen er sie es wir ihr ich du dieser diese dieses jener in auf an bei mit von zu
            nach vor für ohne aber und oder denn doch so wenn als während da dann nun jetzt hier dort was wer warum wie
            wo nicht nein ja alle jeder viele sein seine mein meine dein deine unser man auch nur""",
        "verbs": """sagte sagt fragte fragt rief flüsterte schrie antwortete erwiderte murmelte entgegnete erklärte
            versetzte meinte stammelte brüllte befahl bat wiederholte zischte brummte knurrte kreischte verkündete
            behauptete unterbrach sprach riefen sagten fragten""",
        "faint_verbs": "fuhr begann setzte lachte seufzte schluchzte stöhnte dachte sang fügte nickte",
        "pronouns": "er sie es man",
        "self_pronouns": "ich",
        "articles": "der die das",
        "particles": "von van der den zu",
        "joiners": "mit der die das als und von zu aus in auf an bei wie während aber oder nach vor",
        "fillers": "da dann nun leise laut wieder",
    },
    "it": {
        "masculine": "lui egli",
        "feminine": "lei ella",
        "masculine_determiners": "il lo un uno",
        "feminine_determiners": "la una",
        "common_determiners": "suo sua mio mia",
        "adverb_endings": "mente",
        "titles": "sig sigg sig.ra sig.na sigra dott dott.ssa prof prof.ssa avv ing arch mons gen col cap ten",
        "numbered": "pag pagg p pp n num art cap vol fig",
        "abbreviations": "ecc es cfr a.c d.c etc s.p.a",
        "openers": """il lo la i gli le un uno una egli ella lui lei essi io tu noi voi questo questa quello quella in di a
            da con per senza su ma e o né che se quando mentre come dopo prima poi allora ora così non tutto tutti ogni
            suo sua mio mia al del nel chi dove perché anche""",
        "verbs": """disse dice chiese domandò gridò sussurrò mormorò rispose esclamò replicò aggiunse ribatté balbettò
            ordinò insistette protestò urlò dichiarò annunciò spiegò ripeté interruppe supplicò obiettò osservò propose
            confessò ammise dissi chiesi risposi diceva rispondeva""",
        "faint_verbs": "fece continuò proseguì riprese cominciò concluse chiamò rise sospirò singhiozzò pensò cantò",
        "pronouns": "lui lei egli ella loro",
        "self_pronouns": "io",
        "articles": "il lo la l",
        "honorifics": "don donna suor",
        "particles": "di de della del da dei",
        "joiners": "di del con che come da a al e quando in per mentre ma o senza su verso",
        "fillers": "gli le mi ci si allora poi",
    },
    "pt": {
        "masculine": "ele",
        "feminine": "ela",
        "masculine_determiners": "o um",
        "feminine_determiners": "a uma",
        "common_determiners": "seu sua meu minha",
        "adverb_endings": "mente",
        "titles": "sr sra srta srs sras dr dra prof profa eng exmo exma ilmo rev pe gen cel cap ten sgt sto sta d",
        "numbered": "pág pag p pp n nº núm art cap vol fig",
        "abbreviations": "etc av ex ltda cia a.c d.c s.a v.exa",
        "openers": """o a os as um uma ele ela eles elas eu tu você nós este esta isto esse essa isso aquele aquela em de
            com por para sem sobre mas e ou nem que se quando enquanto como depois antes desde até então agora assim não
            também tudo todos cada seu sua meu minha ao do no na quem onde porque""",
        "verbs": """disse diz perguntou gritou sussurrou murmurou respondeu exclamou replicou acrescentou retorquiu
            balbuciou ordenou insistiu protestou berrou declarou anunciou explicou repetiu interrompeu suplicou objetou
            observou propôs confessou admitiu indagou volveu tornou dizia perguntava respondia falou bradou""",
        "faint_verbs": "fez continuou prosseguiu começou concluiu chamou riu suspirou soluçou pensou cantou atalhou",
        "pronouns": "ele ela eles elas",
        "self_pronouns": "eu",
        "articles": "o a os as",
        "honorifics": "dom dona seu",
        "particles": "de da do dos das e",
        "joiners": "de do da com que como desde a ao e quando em por para enquanto mas ou sem sobre",
        "fillers": "lhe lhes se me então logo",
    },
}
