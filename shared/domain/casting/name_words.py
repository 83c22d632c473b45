"""The word lists behind names and nominals: titles, nicknames, first names, nouns for people. Lower case, by blanks.

The lists are small on purpose: pronouns in the text itself settle most genders, these only what a short text leaves open.
"""

from __future__ import annotations

from typing import Final

MALE, FEMALE, UNKNOWN = "male", "female", ""


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is parted by blanks."""
    return frozenset(text.split())


MALE_TITLES: Final = words_of(
    """mr mister messrs sir lord master king prince duke count earl baron don señor sr señorito tío tio fray padre
    monsieur maître herr hr signor signore sig senhor dom uncle brother father friar monsignor esquire"""
)
FEMALE_TITLES: Final = words_of(
    """mrs miss ms mme mlle madame mademoiselle lady dame queen princess duchess countess baroness doña dña señora sra
    señorita srta señá tía tia sor frau fräulein signora signorina sig.ra senhora dona donna suor aunt sister mother mistress
    missis madam granny grandma marchioness"""
)
MARRIED: Final = words_of("mrs mme madame señora sra frau signora senhora missis mistress")
UNMARRIED: Final = words_of("miss mlle mademoiselle señorita srta fräulein signorina master")
PLAIN_TITLES: Final = words_of(
    """dr doctor doc captain capt colonel col major maj general gen lieutenant lt sergeant sgt corporal cpl commander admiral
    professor prof reverend rev parson judge justice president governor senator inspector detective constable squire
    deacon bishop cardinal pope saint st hon count commodore coach nurse cousin widow farmer marquis viscount baronet
    capitán coronel comandante alcalde corregidor doctora profesor monseñor capitaine docteur hauptmann doktor capitano
    dottore capitão doutor"""
)
OFFICES: Final = PLAIN_TITLES | words_of(  # by which alone their holders are called: "the captain", "the King"
    """king queen prince princess duke duchess count countess earl baron baroness fray padre widow friar emperor master"""
)
TITLES: Final = MALE_TITLES | FEMALE_TITLES | PLAIN_TITLES
SAME_TITLE: Final = {
    "doctor": "dr", "doc": "dr", "captain": "capt", "colonel": "col", "major": "maj", "general": "gen",
    "lieutenant": "lt", "sergeant": "sgt", "corporal": "cpl", "professor": "prof", "reverend": "rev",
    "mister": "mr", "missis": "mrs", "señor": "sr", "señora": "sra", "señorita": "srta", "doña": "dña",
}  # fmt: skip
EPITHETS: Final = words_of(
    "old young little poor dear big good great lame black red fat the el la los viejo joven pobre"
)

NICKNAMES: Final = {
    nickname: full
    for full, nicknames in {
        "abigail": "abby", "abraham": "abe", "albert": "al bert bertie", "alexander": "alec alex sandy",
        "alfred": "alf alfie", "amelia": "emmy", "andrew": "andy drew", "ann": "anne nan nancy annie nanny",
        "anthony": "tony", "archibald": "archie", "arthur": "art artie", "augustus": "gus", "barbara": "babs barbie",
        "bartholomew": "bart", "benjamin": "ben benny", "bridget": "biddy bridie", "caroline": "carrie caro",
        "catherine": "kate katie kitty cathy katy katharine katherine kathy", "charles": "charlie charley chuck",
        "charlotte": "lottie", "christopher": "kit chris", "clara": "clarrie", "daniel": "dan danny", "david": "dave davy",
        "deborah": "deb debby", "diana": "di", "dominic": "dom", "dorothea": "dodo dolly dora", "dorothy": "dot dottie",
        "edmund": "ned ted", "edward": "eddie eddy", "eleanor": "nell ellie nelly nellie elinor",
        "elizabeth": "lizzy lizzie liz eliza bess bessie betsy betsey beth betty libby elisabeth", "ellen": "nellie",
        "emily": "em", "emma": "emmie", "ernest": "ernie", "eugene": "gene", "florence": "flo florrie flossie",
        "frances": "fanny", "francis": "frank", "frederick": "fred freddy freddie", "gabriel": "gabe",
        "george": "georgie", "gerald": "gerry", "gertrude": "gertie trudy", "gilbert": "gil", "gregory": "greg",
        "harold": "hal", "harriet": "hattie harriett", "helen": "nelly", "henrietta": "hetty etta", "henry": "harry hank",
        "herbert": "herb", "horace": "horry", "hubert": "bertie", "huckleberry": "huck", "isabella": "bella isabel",
        "jacob": "jake", "james": "jim jimmy jem jamie jimmie", "jane": "jenny janey", "jeremiah": "jerry",
        "john": "jack johnny jock johnnie", "jonathan": "jon", "joseph": "joe joey jos", "josephine": "jo josie",
        "joshua": "josh", "julia": "jule", "katherina": "kat", "laurence": "larry laurie", "leonard": "len",
        "letitia": "letty", "louisa": "lou", "lucy": "lu", "lydia": "liddy", "madeleine": "maddy",
        "margaret": "meg maggie peggy madge greta marge peg margie", "martha": "patty", "martin": "marty",
        "mary": "molly polly mamie", "matilda": "tilly", "matthew": "matt", "maximilian": "max",
        "michael": "mike mick micky", "nathaniel": "nat nate", "nicholas": "nick", "oliver": "ollie noll",
        "patrick": "pat paddy", "peter": "pete", "philip": "phil pip", "priscilla": "prissy", "rachel": "rach",
        "rebecca": "becky", "richard": "dick dickie rick", "robert": "bob bobby rob robbie robin",
        "rosamond": "rosy", "samuel": "sam sammy", "sarah": "sally sadie sara", "sidney": "sid", "sophia": "sophy sophie",
        "stephen": "steve", "susan": "sue susie susannah", "terence": "terry", "theodore": "theo",
        "theresa": "tess tessa tessie", "thomas": "tom tommy", "timothy": "tim", "tobias": "toby",
        "ursula": "ursie", "victoria": "vicky", "vincent": "vince", "walter": "walt wat",
        "wilhelmina": "mina minnie", "william": "will bill billy willie willy", "winifred": "winnie",
        "francisco": "paco curro", "francisca": "paca frasquita", "josé": "pepe", "josefa": "pepa", "dolores": "lola",
        "manuel": "manolo", "concepción": "concha", "ignacio": "nacho", "antonio": "toño", "rosario": "charo",
    }.items()
    for nickname in nicknames.split()
}  # fmt: skip

MALE_NAMES: Final = words_of(
    """adam adrian alan albert alexander alfred ambrose andrew angus anthony archibald arnold arthur augustus barnaby
    bartholomew basil benjamin bernard bruce cecil cedric charles christopher claude clement clifford conrad cyril daniel david
    dennis dominic donald dorian douglas duncan edgar edmund edward edwin eric ernest eugene felix ferdinand francis
    frederick gabriel geoffrey george gerald gilbert godfrey gordon graham gregory guy hareton harold heathcliff hector henry
    herbert hercules horace howard hubert huckleberry hugh hugo humphrey isaac ivan jacob james jasper jeremiah jerome joel john
    jonas jonathan joseph joshua julian karl kenneth laurence leo leonard leopold lewis lionel louis lucas luke magnus
    malcolm mark marmaduke martin matthew maurice max maximilian michael miles mortimer nathan nathaniel neville nicholas
    nigel noah norman oliver oscar oswald owen patrick paul percival percy peter philip ralph raymond reginald reuben richard
    robert roderick rodney roger roland rollo ronald rudolf rupert samuel saul sidney silas simon stanley stephen steven
    sylvester terence theobald theodore theophilus thomas timothy tobias victor vincent wallace walter wilfred william
    alejandro alfonso álvaro andrés antonio carlos diego eduardo enrique esteban eugenio fernando francisco garduña gonzalo
    ignacio javier jorge josé juan julio lorenzo luis manuel miguel pablo pedro rafael ramón rodrigo santiago tomás vicente"""
)
FEMALE_NAMES: Final = words_of(
    """abigail ada adela adelaide agatha agnes alexandra alice alison amanda amelia amy anastasia angela ann annabel antonia
    arabella audrey barbara beatrice belinda bertha blanche bridget camilla caroline catherine cecilia cecily charlotte
    christina clara clarissa constance cora cordelia cornelia cynthia daisy daphne deborah diana dinah dora doris dorothea
    dorothy edith eileen elaine eleanor elizabeth ella ellen eloise elsie emily emma esther ethel eugenia eva eve evelina
    evelyn fanny flora florence frances georgiana geraldine gertrude grace gwendolen hannah harriet helen helena henrietta
    hester hilda honoria ida irene iris isabella ivy jane janet jean jemima jennifer jessica jessie joan josephine joyce
    judith julia juliet june katherina laura lavinia leonora letitia lilian lily louisa lucilla lucretia lucy lydia mabel
    madeleine magdalen marcia margaret maria marian marianne marilla marion marjorie martha mary matilda maud mildred
    miranda miriam molly muriel nancy naomi nora olive olivia ophelia pamela patience pauline pearl penelope philippa phoebe
    priscilla prudence rachel rebecca rhoda rosalind rosamond rose rosemary ruth sarah selina sheila sophia stella susan
    sybil sylvia theresa ursula vera veronica victoria viola violet virginia wilhelmina winifred zoe
    ana beatriz carlota carmen carolina concepción dolores elena francisca inés isabel josefa juana julia leonor lucía luisa
    margarita maría marta mercedes pilar rosa rosario sofía teresa"""
)

MALE_NOUNS: Final = words_of(
    """man boy gentleman lad fellow father son brother uncle husband nephew grandfather king prince duke lord baron count earl
    squire priest parson vicar curate clergyman monk friar butler footman coachman groom waiter policeman constable
    sailor soldier captain colonel major general lieutenant sergeant admiral chap old-man papa dad dada daddy grandpa youth
    bachelor widower workman fisherman countryman nobleman salesman watchman landlord bridegroom master host emperor
    abbot bishop knight actor hunter convict blacksmith miller mate boatswain sheriff
    hombre niño muchacho chico señor caballero padre hijo hermano tío marido abuelo sobrino rey príncipe conde duque marqués cura
    obispo alguacil corregidor alcalde molinero soldado capitán coronel sargento viejo anciano joven mozo criado amo
    homme garçon monsieur père fils frère oncle mari vieux mann junge herr vater sohn bruder onkel uomo ragazzo signore padre
    figlio fratello zio marito vecchio homem menino rapaz senhor pai filho irmão tio velho"""
)
FEMALE_NOUNS: Final = words_of(
    """woman girl lady lass mother daughter sister aunt wife niece grandmother queen princess duchess countess maid housemaid
    housekeeper governess nurse nun hostess landlady waitress mamma mama mum grandma widow mistress maiden damsel madam
    baroness seamstress laundress matron stewardess bride spinster heiress goddess witch charwoman schoolmistress actress
    mujer niña muchacha chica señora señorita dama madre hija hermana tía esposa abuela sobrina reina princesa condesa duquesa
    marquesa molinera navarra corregidora criada vieja anciana moza ama viuda
    femme fille dame mère sœur tante vieille frau mädchen dame mutter tochter schwester tante donna ragazza signora madre
    figlia sorella zia moglie mulher menina moça senhora mãe filha irmã tia velha"""
)
PLAIN_NOUNS: Final = words_of(
    """child stranger doctor person servant cook clerk teacher professor student officer driver guide guard inspector
    detective magistrate judge lawyer attorney solicitor banker merchant shopkeeper farmer painter artist poet writer
    philosopher surgeon physician patient prisoner passenger traveller visitor guest host friend companion neighbour neighbor
    cousin parent baby voice speaker creature beggar thief murderer American englishman frenchman foreigner dwarf giant
    messenger porter gardener shepherd secretary editor reporter photographer president chairman minister manager director
    owner buyer seller tenant lodger pilot engineer mechanic carpenter tailor barber baker butcher jailer warder caretaker
    scout chief native slave savage pirate robber bandit outlaw cowboy ranger trader psychologist provincial mayor
    editor interviewer journalist medical doctora juez médico maestro maestra voz amigo amiga forastero forastera
    médecin enfant ami arzt kind freund bambino bambina medico amico médico criança"""
)
PERSON_NOUNS: Final = MALE_NOUNS | FEMALE_NOUNS | PLAIN_NOUNS
GENERIC_NOUNS: Final = words_of(
    """man boy gentleman lad fellow chap woman girl lady lass child person stranger voice creature youth hombre mujer niño niña
    muchacho muchacha chico chica señor señora voz homme femme mann frau uomo donna homem mulher"""
)
ADDRESS_MALE: Final = words_of("sir gentleman man boy lad father papa uncle señor caballero monsieur")
ADDRESS_FEMALE: Final = words_of("madam ma'am mother mamma aunt ma’am miss señora señorita madame mademoiselle")
ANYBODY: Final = words_of(  # "said my friend", "cried a voice": whose, the tag leaves open
    """voice voices tone voz voix stimme voce friend companion comrade other speaker latter former another amigo amiga
    compañero compañera interlocutor otro otra ami amie freund freundin amico amica"""
)
NO_PERSON: Final = words_of(
    """chapter book part volume prologue epilogue section scene act letter contents monday tuesday wednesday thursday friday
    saturday sunday january february march april june july august september october november december christmas easter
    english french german italian spanish american irish scotch dutch russian latin greek london paris england france america
    europe god heaven hell god's christ jesus providence bible oh ah well yes no why good-bye hush hullo hallo hello
    nonsense alas ay aye eh ha o ye ok god-knows thank thanks please come go let look listen wait stop never nothing
    everybody nobody somebody anybody everyone someone anyone something everything anything street road house hall park
    lane square bridge river hotel church college university station city town county north south east west
    dios virgen españa madrid capítulo parte libro enero lunes domingo señoría usía vuestra usted ustedes ave jesús cristo
    gott dieu dio deus"""
)
