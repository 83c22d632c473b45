"""Passwords that guessers try first.

A small list of our own making: words that lead every published count of leaked passwords (words are facts, and no list
was copied), and the rules by which people dress them up. Undoing the dressing makes a few hundred words stand for many
thousands of passwords: `password`, `Password1`, `P@ssw0rd!`, `password2024` are one.
"""

from __future__ import annotations

import unicodedata
from functools import cache

_MOST_DRESSING = 6  # characters of digits and signs around a word; more of them are worth something by themselves
_LEET = str.maketrans("0134578@$!|€", "oieastbasiie")
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    "!qaz@wsx#edc$rfv%tgb^yhn",
    "asdfghjklzxcvbnmqwertyuiop",
    "zxcvbnmasdfghjklqwertyuiop",
    "147258369",
    "123654789",
    "741852963",
    "789456123",
    "159753456",
)
_LISTED = """
11112222 11223344 1122334455 112233445566 13579246 24681357 1234qwer 123qweasd 18atcskd2w 1g2w3e4r 3rjs1la7qe 7777777
a1b2c3d4 aa123456 aaaaaa abc abc12345 abcabc abcd1234 access action adidas admin administrator airborne airplane
alexander alexandra alexis alfred amanda america american amour anderson andrea andrew angel angela angelina angels
animal animals anthony apollo apples april arsenal asdf asdf1234 asdfasdf asdfgh asdfjkl ashley assassin asshole
august austin australia awesome azerty babyboy babygirl badboy bailey banana bandit barbara barcelona barney baseball
basketball bastard batman beatles beautiful beauty benjamin berlin bestfriend bigboss bigdaddy bigdick birthday bitch
bitches blackberry blackcat blackjack blahblah blessed blessing blink blizzard blue blueberry bluebird blueeyes
bollocks bonjour boomer boston brandon brandy braves brazil bubba bubbles buddy bulldog bulldogs bullshit buster
butter butterfly butthead california camaro cameron camille canada captain carlos carolina caroline cartman casper
cassie catherine celtic champion champions change changeme charles charlie charlotte cheese chelsea cherry chester
chicago chicken chocolate chris christ christian christina christine christopher cinderella claudia clementine clinton
cocacola coffee college colorado comet compaq computer confused contrasena contraseña control cookie cookies cool
cooper correcthorsebatterystaple corvette country courtney cowboy cowboys cracker creative crystal custom customer
daddy daisy dakota dallas daniel daniela danielle darkness darling database dave david deadpool death december default
defender delete delight demo denise dennis desire destiny detroit developer devil dexter diablo diamond diamonds
digital dinosaur discover disney doctor dodgers dolphin dolphins dominic donald dont doudou dragon dragonball dragons
dreamer dreams driver dudes eagle eagles easter eclipse edward einstein elephant elizabeth eminem emmanuel england
enigma enter enterprise erotic estrella eternity europe everton example excalibur explorer express faithful falcon
family fantasy farmer fashion february felicia fernando ferrari fighter fireball firebird firefly fireman fishing
flamingo florence florida flower flowers flyers foobar football forest forever forgot formula france francesco francis
frankie freddy free freedom freeuser friday friend friends friendship frosty fuck fucker fucking fuckme fuckoff
fuckyou funny fussball futbol gabriel galaxy games gandalf gangster garden garfield gateway geheim gemini general
genesis genius george georgia germany getmein ghost giants gibson ginger giovanni gizmo global goldberg golden
goldfish golfer goodluck goodness google gordon grace graham grandma green greenbay greenday gregory guardian guest
guitar gunner hahaha hallo hamilton hammer hannah happiness happy happyday harley harleydavidson harry harrypotter
haslo heather heaven hello hellokitty hellothere helpme hendrix hercules hockey holiday holland homer honda honey
hongkong horses hotdog hottie house houston hunter iceman ichliebedich idontknow iforgot ilovegod ilovehim iloveme
iloveu iloveyou internet ireland ironman isabella isabelle italia jackass jackie jackson jaguar jamaica january
jasmine jason jasper jeffrey jennifer jeremy jericho jessica jester jesus jesuschrist jetaime jordan joseph joshua
julian juliana juliet june junior justice justin juventus karina katherine kathleen kawasaki kelly kennedy kenneth
kennwort killer kimberly king kingdom kingkong kitten kitty knight knights kristina ladybug lakers lauren leather
leave legend leonardo leopard letmein letmeinnow liberty lilly lincoln linda lionking liverpool logan login london
lonely looking lorenzo lori louise love loveless lovelove lovely loveme lover loveyou lucifer lucky mac macintosh
madison madonna maggie magic magnum manager manchester manutd marcus margaret maria mariana marie marina mario
mariposa marlboro marley marshall martha martin martina master masters matrix matthew maverick maximus maxwell
mercedes mercury merlin metallica mexico michael michaela michelle michigan mickey midnight miguel military miller
million minecraft minnie miracle mittens mommy monday money monica monkey monkeys monster monsters montana montreal
moonlight morgan morning motdepasse mother motorola mountain mozart muffin mustang mypassword myself naruto natalia
natalie natasha nathan naughty ncc1701 newcastle newlife newyork nicholas nicole nightmare nintendo nirvana nissan
nobody nokia nonsense nopass nopassword nothing november october office oliver olivia onelove online oracle orange
orlando p4ssw0rd packers pamela pandora panther panthers paradise paris parker parola pass pass1234 passion passord
passport passw passwd password passwords passwort patricia patrick peaches peanut pebbles penguin pepper perfect peter
phantom philip phoenix pikachu pineapple pink pirate pizza platinum playboy player playstation please pokemon police
poohbear popcorn porsche portugal power precious predator president preston prince princesa princess private promise
public pumpkin punisher purple pussy q1w2e3 qazwsx qwaszx qwer qwer1234 qwerty qwertyu r2d2c3po rabbit rachel radio
raiders rainbow raistlin ranger rangers raphael rasputin raymond realmadrid rebecca rebel redskins redsox remember
renault reset resident restore revolution ricardo richard robert roberto robinson rock rocket rockstar rockyou roland
romance ronaldo root rootroot rosebud russia sabrina salasana samantha samsung samuel sandra santiago sarah sasuke
saturday saturn schatz school scooby scooter scorpio scorpion scotland seattle sebastian secret secrets security senha
september serenity server service sexsex sexy sexybaby shadow shadows shakira shalom shannon shelby sherlock sidney
silver simple simpson sister skittles skywalker slayer slipknot smile smiley smokey snickers snoopy snowball snowman
soccer softball soleil something sophie southpark spanky spartan special spencer spider spiderman spitfire spongebob
spring sprite squirrel stanley starcraft stargate startrek starwars steelers stella stephanie stephen steven stewart
strawberry student studio stupid sublime success summer sunday sunflower sunrise sunset sunshine super superman
superstar support surfer susan sweet sweetheart sweetie sweetness sweetpea swimming switzerland sydney system tasha
taylor teacher teamo techno teddybear telephone temp temppass tennis tequiero teresa terminator test tester testing
testpass testtest texas thailand thebest theman theone therock thomas thunder thx1138 tiger tigers tigger timothy
tinkerbell titanic together toronto tottenham toyota transformer travel travis treasure trinity trouble truelove
trustme trustno trustno1 trustnoone tucker turtle twilight twister undertaker unicorn united universe unknown user
username vampire vanessa vanilla veronica victor victoria victory viking vincent violet virginia volkswagen voyager
walker wallpaper warcraft warrior warriors watermelon webmaster welcome welcomehome westham westside whatever whatsup
wildcat william williams windows winner winston winter wisdom wizard wolfgang wolverine woodland wordpass wrestler
wrestling xavier xbox yamaha yankees yellow yourmom youtube zachary zaqwsx zeppelin zxcv zxcvbn zxcvbnm
"""


def is_common(password: str) -> bool:
    """Whether guessers try it early: a listed word, however dressed up, a run of the keyboard, or one thing repeated."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    core = folded.strip("0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    short = core if len(folded) - len(core) <= _MOST_DRESSING else folded
    forms = {form for word in (folded, short) for form in (word, word.translate(_LEET), word.replace(" ", ""))}
    return not forms.isdisjoint(_words()) or _is_run(folded) or _is_repeated(folded) or _is_run(short)


@cache
def _words() -> frozenset[str]:
    return frozenset(_LISTED.split())


def _is_run(text: str) -> bool:
    """Neighbours on the keyboard, in the alphabet or in counting, in either direction."""
    return len(text) >= 4 and any(text in run or text[::-1] in run for run in _RUNS)


def _is_repeated(text: str) -> bool:
    """One or two characters, or a piece of up to six, over and over: `abababab`, `123123123`."""
    return len(set(text)) <= 2 or any(
        text == (text[:n] * len(text))[: len(text)] for n in range(1, min(6, len(text) // 2) + 1)
    )
