"""Entities as values: which label is read how stands in annotations/labels.toml (`value = "quantity"`)."""

from __future__ import annotations

from baogao.models.documents import Document, read_document
from baogao.models.institutions import Institution, Place, read_institution
from baogao.models.quantities import Quantity, read_quantity
from baogao.workspace import Labels, ValueKind

Value = Quantity | Institution | Document


def value_kinds(labels: Labels) -> dict[str, ValueKind]:
    """How each entity label is read; labels whose spans are only text are left out."""
    return {label.name: label.value for label in labels.entity if label.value is not None}


def read_value(text: str, kind: ValueKind, place: Place | None = None) -> Value | None:
    """The value of a span; None only for a quantity without a number. Never raises.

    >>> read_value("258.78万元", "quantity").value
    2587800.0
    """
    if kind == "quantity":
        return read_quantity(text)
    if kind == "institution":
        return read_institution(text, place)
    return read_document(text)
