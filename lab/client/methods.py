"""Operations of the document as methods of the client."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lab.client.types import Schema, annotation, name_of, reached, references
from lab.client.words import docstring, snake

JSON, FORM, POSTED = "application/json", "multipart/form-data", "application/x-www-form-urlencoded"
KEY = "Idempotency-Key"
_GENERAL = {"400", "401", "403", "408", "411", "413", "422", "429", "503"}


class UnknownOperation(Exception):
    """An operation of a kind that this writer has not met; teach it."""


@dataclass(frozen=True)
class Argument:
    """An argument of a method.

    Attributes:
        name: in the request.
        place: `path`, `query`, `header`, `body`, `fields`, `posted` or `content`.
        told: its annotation.
        required: it must be given.
        about: a sentence about it.
        default: what it is where nothing is given.
    """

    name: str
    place: str
    told: str
    required: bool
    about: str
    default: str = "None"

    @property
    def python(self) -> str:
        """Its name in Python."""
        return snake(self.name)

    def declared(self) -> str:
        """As it stands in the signature."""
        if self.required:
            return f"{self.python}: {self.told}"
        optional = (
            self.told if self.default != "None" or "None" in self.told.split(" | ") else f"{self.told} | None"
        )
        return f"{self.python}: {optional} = {self.default}"


@dataclass(frozen=True)
class Operation:
    """An operation of the document."""

    method: str
    path: str
    told: Mapping[str, Any]
    components: Mapping[str, Schema] = field(repr=False)

    @property
    def tag(self) -> str:
        """The group that it belongs to."""
        found: str = self.told["tags"][0]
        return found

    @cached_property
    def arguments(self) -> list[Argument]:
        """Its arguments, those of the path first, then those that must be given.

        Raises:
            UnknownOperation: two have one name.
        """
        found = [*map(_parameter, self.told.get("parameters", ())), *self._body()]
        if len({one.python for one in found}) != len(found):
            raise UnknownOperation(f"{self.told['operationId']}: two arguments have one name")
        return sorted(found, key=lambda one: (one.place != "path", not one.required))

    def _body(self) -> Iterator[Argument]:
        content = self.told.get("requestBody", {}).get("content", {})
        for media, place in ((JSON, "body"), (FORM, "fields"), (POSTED, "posted")):
            if media in content:
                yield from self._fields(content[media]["schema"], place)
                return
        for one in content.values():
            needed = self.told["requestBody"].get("required", False)
            yield Argument("content", "content", "bytes", needed, one["schema"].get("description", ""))
            return

    def _fields(self, schema: Schema, place: str) -> Iterator[Argument]:
        whole = self._resolved(schema)
        if "properties" not in whole:
            about = whole.get("description", "")
            yield Argument(whole["title"].lower(), "whole", "Mapping[str, object] | bytes", True, about)
            return
        for name, one in whole["properties"].items():
            needed = name in whole.get("required", ())
            made = Argument(name, place, annotation(one, sent=True), needed, one.get("description", ""))
            yield _settled(made, one)

    def _resolved(self, schema: Schema) -> Schema:
        return self.components[name_of(schema["$ref"])] if "$ref" in schema else schema

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What it answers with when it succeeds: media types and schemas, by status."""
        return {
            status: answer.get("content", {})
            for status, answer in self.told["responses"].items()
            if status[0] == "2"
        }

    @cached_property
    def listed(self) -> str | None:
        """The annotation of an entry, where it answers with a page of a list."""
        if not any(one.name == "cursor" for one in self.arguments):
            return None
        page = self._resolved(self.answers["200"][JSON]["schema"])
        return annotation(page["properties"]["items"]["items"])

    @cached_property
    def returned(self) -> tuple[str, str]:
        """What asks for it, a method of `Calling`, and what that returns."""
        if self.listed is not None:
            return "page", f"Page[{self.listed}]"
        contents = [content for content in self.answers.values() if content]
        if not contents:
            headers = {name for one in self.told["responses"].values() for name in one.get("headers", {})}
            return ("headers", "Mapping[str, str]") if "Upload-Offset" in headers else ("send", "None")
        if all(list(content) == [JSON] and content[JSON].get("schema") for content in contents):
            kinds = dict.fromkeys(annotation(content[JSON]["schema"]) for content in contents)
            return "json", " | ".join(kinds)
        if all(list(content) == ["text/plain"] for content in contents):
            return "text", "str"
        return "download", "Download"

    def used(self, closed: Collection[str] = ()) -> set[str]:
        """Names of the components that its signature names, itself or in what they hold.

        Args:
            closed: components whose own shapes are left out.
        """
        page = (
            self._resolved(self.answers["200"][JSON]["schema"])["properties"]["items"]
            if self.listed
            else None
        )
        found = set(references(page if page else list(self.answers.values())))
        for argument in self.told.get("parameters", ()):
            found |= set(references(argument["schema"]))
        for media, content in self.told.get("requestBody", {}).get("content", {}).items():
            if media in (JSON, FORM, POSTED):
                found |= set(references(self._resolved(content["schema"])))
        return reached(found, self.components, closed)

    def source(self) -> str:
        """The method, indented as in a class."""
        asks, returns = self.returned
        first = [one.declared() for one in self.arguments if one.place == "path"]
        named = [one.declared() for one in self.arguments if one.place != "path"]
        signature = ", ".join(["self", *first, *(["*"] if named else []), *named])
        head = f"    def {snake(self.told['operationId'])}({signature}) -> {returns}:"
        about = {one.python: one.about for one in self.arguments if one.about}
        lines = [
            head,
            *docstring(
                self.told["summary"], self.told.get("description", ""), self._sections(about), " " * 8
            ),
        ]
        call = f"self._{asks}({', '.join([repr(self.method), self._address(), *self._carried()])})"
        if asks == "send":
            lines.append(f"        {call}")
        elif asks in ("json", "page"):
            lines += [f"        answer: {returns} = {call}", "        return answer"]
        else:
            lines.append(f"        return {call}")
        return "\n".join(lines) + "\n"

    def _sections(self, about: Mapping[str, str]) -> dict[str, dict[str, str]]:
        failing = {
            status: answer["description"]
            for status, answer in self.told["responses"].items()
            if status[0] in "45" and status not in _GENERAL
        }
        told = "; ".join(f"{status}, {text[0].lower()}{text[1:]}" for status, text in sorted(failing.items()))
        return {"Args": dict(about), "Raises": {"Refused": told} if told else {}}

    def _address(self) -> str:
        path = self.path
        for one in self.arguments:
            if one.place == "path":
                whole = f"{{quoted({one.python})}}" if one.name != "path" else f"{{{one.python}}}"
                path = path.replace(f"{{{one.name}}}", whole)
        return f'f"{path}"' if "{quoted" in path or "{path}" in path else f'"{path}"'

    def _carried(self) -> Iterator[str]:
        """The other arguments of the call."""
        at = {place: [one for one in self.arguments if one.place == place] for place in _PLACES}
        headers = [one for one in at["header"] if one.name != KEY]
        if at["query"] or self.listed is not None:
            yield f"query={_dict(at['query'])}"
        if content := at["content"]:
            media = next(iter(self.told["requestBody"]["content"]))
            sent = _dict(headers).removesuffix("}")
            yield (
                f"headers={sent}, 'Content-Type': {media!r}}}"
                if headers
                else f"headers={{'Content-Type': {media!r}}}"
            )
            yield f"content={content[0].python}"
        elif headers:
            yield f"headers={_dict(headers)}"
        for place in ("fields", "posted"):
            if at[place]:
                yield f"{place}={_dict(at[place])}"
        if at["whole"]:
            yield f"body={at['whole'][0].python}"
        if at["body"]:
            yield f"body={_body(at['body'])}"
        if len(headers) < len(at["header"]):
            yield f"key={snake(KEY)}"


_PLACES = ("query", "header", "body", "fields", "posted", "content", "whole")


def _parameter(told: Mapping[str, Any]) -> Argument:
    kind, about = annotation(told["schema"], sent=True), told.get("description", "")
    return _settled(
        Argument(told["name"], told["in"], kind, told.get("required", False), about), told["schema"]
    )


def _settled(argument: Argument, schema: Schema) -> Argument:
    """The argument, with a default where only one value will do."""
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if not argument.required or len(values) != 1:
        return argument
    return replace(argument, required=False, default=repr(values[0]))


def _dict(arguments: list[Argument]) -> str:
    return "{" + ", ".join(f"{one.name!r}: {one.python}" for one in arguments) + "}"


def _body(arguments: list[Argument]) -> str:
    """What must be given is sent as it is, null too; of the rest, what is given."""
    needed, free = ([one for one in arguments if one.required is kind] for kind in (True, False))
    parts = [f"{one.name!r}: {one.python}" for one in needed]
    if free and all(one.name == one.python for one in free):
        parts.append(f"**given({', '.join(f'{one.name}={one.python}' for one in free)})")
    elif free:
        parts.append(f"**given(**{_dict(free)})")
    return "{" + ", ".join(parts) + "}"
