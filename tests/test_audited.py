"""What people write at once has one record, which names all of it."""

from __future__ import annotations

from tests.store.making import START, firing, memory, with_products
from watcher.audited import Audited, written_of
from watcher.people import Author, Via

ANN = Author("ann", Via.PAGE)


def test_a_record_of_many_names_each() -> None:
    """Its subject has the first; who looks for one of the others finds it, too."""
    with memory() as store:
        saved = store.alerts.save([firing("a", key) for key in with_products(store, 30)])
        ids, names = [each.id for each in saved], {each.short_id for each in saved}
        audited = Audited(store, ANN, START + 9)
        assert audited.acknowledge(ids) == 30
        assert audited.take_back(ids) == 30
        patterns = [{"product": str(each)} for each in range(30)]
        made = audited.silence_products(patterns, START + 99, "", ids)
        assert audited.end_silences(made) == [*made]
        ended, silenced, back, acknowledged = store.audit.list()
        for record in (acknowledged, back, silenced, ended):
            *first, rest = record.subject.split(", ")
            assert (len(first), rest) == (20, "+10")
        assert names <= written_of(acknowledged)
        assert names <= written_of(back)
        assert names | {str(each) for each in made} <= written_of(silenced)
        assert {str(each) for each in made} <= written_of(ended)
