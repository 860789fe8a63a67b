"""Which label is read how comes from labels.toml."""

from pathlib import Path

from baogao.models.documents import Document
from baogao.models.institutions import Institution, Place
from baogao.models.quantities import Quantity
from baogao.models.values import read_value, value_kinds
from baogao.workspace import Label, Labels, Workspace


def test_the_reference_labels_are_read_as_labels_toml_says():
    kinds = value_kinds(Workspace(Path(__file__).parents[2]).labels())
    assert kinds == {"INST": "institution", "DOC": "document", "METRIC": "quantity"}


def test_a_label_without_a_value_stays_text():
    person = Label(name="PERSON", zh="人", description="", color="#000000")
    assert value_kinds(Labels(section=[], entity=[person])) == {}


def test_each_kind_gives_its_own_value():
    place = Place(city="眉山市", county="彭山区")
    assert isinstance(read_value("258.78万元", "quantity"), Quantity)
    assert isinstance(read_value("《宪法》", "document"), Document)
    institution = read_value("区政府", "institution", place)
    assert isinstance(institution, Institution) and institution.full_name == "眉山市彭山区人民政府"
    assert read_value("若干", "quantity") is None
