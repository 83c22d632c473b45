"""XML from strangers, by expat with guards of our own: nothing is fetched, nothing expands, nothing is deeper or larger
than the limits.

defusedxml refuses every document type, and EPUB 2 demands one; it knows neither depth nor size. So the handlers
here decide: a DTD is never read, declared entities are refused unless they stand for a few plain characters, and the named
characters of HTML are known without any DTD.
"""

from __future__ import annotations

import html.entities
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from shared.adapters.books.limits import Limits
from shared.domain.errors import CorruptAsset, TooLarge, UnsupportedMedia

_PLAIN_ENTITY = 32  # code points a declared entity may stand for


class Node:
    """An element: `tag` and attribute names in lower case, the tag without its prefix; `children` are nodes and text."""

    __slots__ = ("attributes", "children", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Node | str] = []

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def elements(self) -> Iterator[Node]:
        return (child for child in self.children if isinstance(child, Node))

    def every(self, *tags: str) -> Iterator[Node]:
        """All elements below with one of these tags, or with any where none is named, in document order."""
        waiting: list[Iterator[Node]] = [self.elements()]
        while waiting:
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
                continue
            if not tags or node.tag in tags:
                yield node
            waiting.append(node.elements())

    def first(self, *tags: str) -> Node | None:
        return next(self.every(*tags), None)

    def text(self) -> str:
        """All text below, as it is written."""
        return "".join(_texts(self))


def _texts(node: Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _texts(child)


class TreeBuilder:
    """Elements as a parser meets them. Raises TooLarge beyond a limit."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.root = Node("", {})
        self.open = [self.root]
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        limits = self._limits
        if self._count > limits.elements or len(self.open) > limits.depth:
            raise TooLarge(
                f"A file of the book has more than {limits.elements:,} elements, or more than {limits.depth} inside each "
                "other. Save the book anew."
            )
        if len(attributes) > limits.attributes or any(len(value) > limits.attribute for value in attributes.values()):
            raise TooLarge(
                f"An element of the book has more than {limits.attributes} attributes, or one above "
                f"{limits.attribute:,} characters. Save the book anew."
            )
        node = Node(_local(tag), {_attribute(name): value for name, value in attributes.items()})
        self.open[-1].children.append(node)
        self.open.append(node)

    def end(self) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        self.open[-1].children.append(text)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _attribute(name: str) -> str:
    """Whatever prefix a file gives the namespace of epub:type, it is that; no other attribute we read is prefixed."""
    prefix, _, local = name.rpartition(":")
    return "epub:type" if local == "type" and prefix not in ("", "xsi", "xlink") else local.lower()


def parse_xml(data: bytes, limits: Limits, name: str) -> Node:
    """The root element. Raises CorruptAsset for what is not well-formed, UnsupportedMedia for entities, TooLarge.

    `name` is the file's, for the message.
    """
    builder = TreeBuilder(limits)
    parser = _guarded(builder)
    try:
        # All at once: fed in pieces, expat goes over an unfinished token again and again.
        parser.Parse(data.lstrip(b" \t\r\n"), True)
    except expat.ExpatError as exc:
        raise CorruptAsset(f"{name} is not well-formed XML ({exc}). Save the book anew.") from exc
    except (LookupError, ValueError) as exc:
        raise CorruptAsset(f"{name} has an encoding that is not known ({exc}). Save it as UTF-8.") from exc
    return next(builder.root.elements())


def _guarded(builder: TreeBuilder) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.UseForeignDTD(True)  # as if there were one: HTML's named characters then reach us, declared or not
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = lambda _tag: builder.end()
    parser.CharacterDataHandler = builder.data
    parser.SkippedEntityHandler = lambda name, is_parameter: None if is_parameter else builder.data(named(name))
    parser.EntityDeclHandler = _refuse_entity
    parser.ExternalEntityRefHandler = lambda *_: 1  # passed over, never opened
    return parser


def named(name: str) -> str:
    """The character an entity of HTML stands for; what is unknown stays as it is written, so that nothing is lost."""
    return html.entities.html5.get(f"{name};", f"&{name};")


def _refuse_entity(name: str, is_parameter: int, value: str | None, *_: Any) -> None:
    is_plain = value is not None and len(value) <= _PLAIN_ENTITY and not set(value) & set("&%<")
    if is_parameter or not is_plain:
        raise UnsupportedMedia(
            f"The book declares an entity ({name[:40]}) that stands for more than a few characters, or for something "
            "outside. Save the book anew, without it."
        )
