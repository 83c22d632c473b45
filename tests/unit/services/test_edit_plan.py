"""Plans that several people edit: nobody's work is lost, each change can be undone, and the history stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.config import read_settings
from shared.domain.errors import Conflict, NotFound, PreconditionFailed, RevisionConflict
from shared.domain.plan import Segment
from shared.domain.plan_history import HistoryItem
from shared.domain.project import ChapterChanges, NewChapter, NewProject
from shared.ports.documents import Where
from shared.services.edit_plan import BulkEdit, Merge, Split
from shared.services.keep_plans import SegmentChanges
from shared.services.plan_options import PlanOptions
from shared.wiring import App, build

ME = "local"
TEXT = "\n\n".join(f"Paragraph {number} of the tale. It is short." for number in range(40))
Place = tuple[str, str, str]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path)}))
    yield studio
    studio.close()


@pytest.fixture
def place(app: App) -> Place:
    """Owner, project and chapter of a fresh plan."""
    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text=TEXT))
    app.plans.generate(ME, project.id, chapter.id, PlanOptions())
    return ME, project.id, chapter.id


def segments_of(app: App, place: Place) -> list[Segment]:
    return app.plans.get(*place).segments


def bulk(filter: dict[str, Any], **changes: Any) -> BulkEdit:
    return BulkEdit.model_validate({"filter": filter, "changes": changes})


def history(app: App, place: Place) -> list[HistoryItem]:
    found: list[HistoryItem] = []
    cursor: str | None = None
    while True:
        items, cursor = app.edit_plan.history(*place, 60, cursor)
        found += items
        if cursor is None:
            return found


def test_editors_at_once_lose_nobodys_work(app: App, place: Place) -> None:
    """Eight threads, each with segments of its own, splitting, merging, editing; all of it is there afterwards."""
    plan = segments_of(app, place)

    def until_done(work: Any) -> None:
        while True:
            try:
                work()
                return
            except RevisionConflict:
                continue  # said to be worth another try

    def edit(number: int) -> None:
        mine = plan[number * 5 : number * 5 + 5]
        until_done(lambda: app.edit_plan.split(*place, mine[0].segment_id, Split(position=mine[0].start_idx + 9)))
        names = [segment.segment_id for segment in mine[1:3]]
        until_done(lambda: app.edit_plan.merge(*place, Merge(segment_ids=names)))
        text = SegmentChanges(text=f"Edited by {number}.")
        until_done(lambda: app.plans.edit(*place, mine[3].segment_id, text))
        until_done(lambda: app.edit_plan.change(*place, bulk({"segment_ids": [mine[4].segment_id]}, pause_ms=number)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(edit, range(8)))
    after = segments_of(app, place)
    assert "".join(segment.original_text for segment in after) == TEXT
    assert len(after) == len(plan)
    texts = {segment.text for segment in after}
    pauses = {segment.pause_ms for segment in after}
    for number in range(8):
        start = plan[number * 5].start_idx
        assert start + 9 in {segment.start_idx for segment in after}
        assert plan[number * 5 + 2].start_idx not in {segment.start_idx for segment in after}
        assert f"Edited by {number}." in texts and number in pauses
    entries = history(app, place)
    assert [item.seq for item in entries] == list(range(33, 0, -1))
    assert [item.revision for item in entries] == list(range(33, 0, -1))


def test_of_two_who_read_the_same_one_is_told(app: App, place: Place) -> None:
    seen = app.plans.revision(*place)
    first, second = segments_of(app, place)[:2]
    app.plans.edit(*place, first.segment_id, SegmentChanges(text="Mine."), if_revision=seen)
    changes: list[Any] = [
        lambda: app.plans.edit(*place, second.segment_id, SegmentChanges(text="Late."), if_revision=seen),
        lambda: app.edit_plan.split(*place, second.segment_id, Split(position=second.start_idx + 9), if_revision=seen),
        lambda: app.edit_plan.merge(*place, Merge(segment_ids=[first.segment_id, second.segment_id]), if_revision=seen),
        lambda: app.edit_plan.change(*place, bulk({"all": True}, skipped=True), if_revision=seen),
        lambda: app.edit_plan.undo(*place, if_revision=seen),
        lambda: app.edit_plan.redo(*place, if_revision=seen),
        lambda: app.plans.generate(*place, PlanOptions(), if_revision=seen),
        lambda: app.plans.replace(*place, segments_of(app, place), if_revision=seen),
        lambda: app.completion.mark(*place, is_complete=True, if_revision=seen),
    ]
    before = app.plans.find(*place)
    for change in changes:
        with pytest.raises(PreconditionFailed):
            change()
    assert app.plans.find(*place) == before


def test_undo_and_redo_go_through_all_that_was_done(app: App, place: Place) -> None:
    states = [segments_of(app, place)]
    first, second, third = states[0][:3]
    for work in (
        lambda: app.edit_plan.split(*place, first.segment_id, Split(position=9)),
        lambda: app.edit_plan.merge(*place, Merge(segment_ids=[second.segment_id, third.segment_id])),
        lambda: app.edit_plan.change(*place, bulk({"contains": "3"}, speaker="Mara", needs_revision=True)),
        lambda: app.plans.generate(*place, PlanOptions(fresh=True, soft_length=40)),
        lambda: app.plans.replace(*place, [states[0][0].model_copy(update={"skipped": True}), *states[0][1:]]),
    ):
        work()
        states.append(segments_of(app, place))
    for state in reversed(states[:-1]):
        change, _ = app.edit_plan.undo(*place)
        assert segments_of(app, place) == state
    assert not change.can_undo and change.can_redo
    with pytest.raises(Conflict, match="nothing to undo"):
        app.edit_plan.undo(*place)
    for state in states[1:]:
        change, _ = app.edit_plan.redo(*place)
        assert segments_of(app, place) == state
    with pytest.raises(Conflict, match="nothing to redo"):
        app.edit_plan.redo(*place)


def test_a_new_change_ends_redo(app: App, place: Place) -> None:
    names = [segment.segment_id for segment in segments_of(app, place)]
    for name in names[:4]:
        app.plans.edit(*place, name, SegmentChanges(skipped=True))
    app.edit_plan.undo(*place)
    app.edit_plan.undo(*place)
    change, _ = app.edit_plan.change(*place, bulk({"segment_ids": names[9:10]}, skipped=True))
    assert not change.can_redo
    with pytest.raises(Conflict):
        app.edit_plan.redo(*place)
    assert [item.seq for item in history(app, place)] == [4, 3, 2, 1]
    app.edit_plan.undo(*place)
    skipped = [segment.segment_id for segment in segments_of(app, place) if segment.skipped]
    assert skipped == names[:2]


def test_the_history_is_bounded_and_so_is_undo(app: App, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.domain.plan_history.MAX_ENTRIES", 20)
    name = segments_of(app, place)[0].segment_id

    def pause() -> int | None:
        return segments_of(app, place)[0].pause_ms

    for number in range(50):
        app.plans.edit(*place, name, SegmentChanges(pause_ms=number))
    assert [item.seq for item in history(app, place)] == list(range(51, 31, -1))
    assert app.documents.count("plan_history", [Where("chapter_id", "==", place[2])]) == 20
    for number in range(48, 29, -1):
        assert app.edit_plan.undo(*place)[0].can_undo is (number > 30)
        assert pause() == number
    with pytest.raises(Conflict):
        app.edit_plan.undo(*place)
    app.plans.edit(*place, name, SegmentChanges(pause_ms=7))  # the ring is full of what redo would have led to
    assert [item.seq for item in history(app, place)] == [33, 32]
    for number in range(100, 118):
        app.plans.edit(*place, name, SegmentChanges(pause_ms=number))
    assert [item.seq for item in history(app, place)] == list(range(51, 31, -1))
    for number in [*range(116, 99, -1), 7, 30]:
        app.edit_plan.undo(*place)
        assert pause() == number
    with pytest.raises(Conflict):
        app.edit_plan.undo(*place)


def test_what_changes_nothing_is_no_change(app: App, place: Place) -> None:
    app.completion.mark(*place, is_complete=True)
    before = app.plans.find(*place)
    for work in (
        lambda: app.edit_plan.change(*place, bulk({"speaker": "Nobody"}, skipped=True)),
        lambda: app.plans.edit(*place, before[0].segments[0].segment_id, SegmentChanges(skipped=False)),
        lambda: app.plans.generate(*place, PlanOptions()),
    ):
        work()
        assert app.plans.find(*place)[1] == before[1]
    assert app.completion.of_chapter(*place)[0].is_complete


def test_any_change_makes_a_plan_incomplete(app: App, place: Place) -> None:
    name = segments_of(app, place)[0].segment_id
    for work in (
        lambda: app.plans.edit(*place, name, SegmentChanges(skipped=True)),
        lambda: app.edit_plan.undo(*place),
        lambda: app.edit_plan.redo(*place),
        lambda: app.edit_plan.split(*place, name, Split(position=9)),
        lambda: app.plans.generate(*place, PlanOptions(fresh=True)),
    ):
        app.completion.mark(*place, is_complete=True)
        marked = app.completion.of_chapter(*place)[0]
        assert marked.is_complete and marked.completed_at is not None
        work()
        assert not app.completion.of_chapter(*place)[0].is_complete
        assert app.plans.get(*place).completed_at is None


def test_another_text_keeps_what_matches_and_undo_skips_what_does_not(app: App, place: Place) -> None:
    names = [segment.segment_id for segment in segments_of(app, place)]
    app.plans.edit(*place, names[7], SegmentChanges(voice="flite/rms", text="Edited."))
    changed = app.plans.change_chapter(*place, ChapterChanges(text=TEXT.replace("Paragraph 3 ", "The third one ")))
    assert changed.carried_over is not None
    assert (changed.carried_over.kept, changed.carried_over.new) == (39, 1)
    assert segments_of(app, place)[7].text == "Edited."
    app.plans.edit(*place, names[8], SegmentChanges(skipped=True))
    app.edit_plan.undo(*place)
    with pytest.raises(Conflict, match="present text"):
        app.edit_plan.undo(*place)
    back = app.plans.change_chapter(*place, ChapterChanges(text=TEXT))
    assert back.carried_over is not None and back.carried_over.new == 1
    app.edit_plan.undo(*place)  # over the other text's plan, to the last of this one's
    assert [segment.segment_id for segment in segments_of(app, place)] == names
    assert segments_of(app, place)[3].needs_revision is False


def test_texts_changed_at_once_end_with_a_plan_of_the_last(app: App, place: Place) -> None:
    def write(number: int) -> None:
        app.plans.change_chapter(*place, ChapterChanges(text=f"{TEXT}\n\nThe end, by {number}."))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    text = app.chapters.text(app.chapters.get(*place))
    assert "".join(segment.original_text for segment in segments_of(app, place)) == text
    assert app.completion.of_chapter(*place)[0].has_plan


def test_a_text_that_comes_while_another_is_planned_is_planned_too(
    app: App, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, texts = app.plans.store.find, [f"{TEXT}\n\nThe other end."]

    def find_late(owner: str, chapter_id: str) -> Any:
        found = find(owner, chapter_id)
        if texts:
            app.chapters.change(*place, ChapterChanges(text=texts.pop()))
        return found

    monkeypatch.setattr(app.plans.store, "find", find_late)
    app.plans.change_chapter(*place, ChapterChanges(text=f"{TEXT}\n\nThe end."))
    assert segments_of(app, place)[-1].text == "The other end."


def test_a_title_alone_leaves_the_plan(app: App, place: Place) -> None:
    before = app.plans.find(*place)
    assert app.plans.change_chapter(*place, ChapterChanges(title="Other")).carried_over is None
    assert app.plans.find(*place) == before


def test_a_plan_of_an_earlier_text_is_not_edited_and_planned_anew_when_it_is_needed(app: App, place: Place) -> None:
    """As a crash between chapter and plan leaves it."""
    app.chapters.change(*place, ChapterChanges(text=f"{TEXT}\n\nThe end."))
    name = segments_of(app, place)[0].segment_id
    for work in (
        lambda: app.plans.edit(*place, name, SegmentChanges(skipped=True)),
        lambda: app.edit_plan.split(*place, name, Split(position=9)),
        lambda: app.completion.mark(*place, is_complete=True),
    ):
        with pytest.raises(Conflict, match="Generate"):
            work()
    assert not app.completion.of_chapter(*place)[0].has_plan
    assert app.plans.ensure(*place).segment_count == 41
    assert app.completion.of_chapter(*place)[0].has_plan
    assert history(app, place)[0].summary == "39 segments kept, 2 new, 1 dropped"


def test_a_plan_from_before_there_was_a_history(app: App, place: Place) -> None:
    document = app.documents.get("plans", place[2])
    assert document is not None
    old = {name: value for name, value in document.data.items() if name not in ("position", "head", "tail", "options")}
    app.documents.put("plans", place[2], old)
    before = segments_of(app, place)
    app.plans.edit(*place, before[0].segment_id, SegmentChanges(text="New."))
    assert [item.operation for item in history(app, place)] == ["edit", "before"]
    app.edit_plan.undo(*place)
    assert segments_of(app, place) == before


def test_a_replaced_plan_is_somebodys_work(app: App, place: Place) -> None:
    plan = segments_of(app, place)
    sent = [plan[0].model_copy(update={"speaker": "Mara"}), *plan[1:]]
    app.plans.replace(*place, sent)
    assert [segment.by_hand for segment in segments_of(app, place)[:2]] == [True, False]
    again = app.plans.generate(*place, PlanOptions())
    assert again.segments[0].speaker == "Mara"


def test_history_goes_with_its_chapter(app: App, place: Place) -> None:
    app.chapters.delete(*place)
    assert app.documents.count("plan_history") == 0
    with pytest.raises(NotFound):
        app.edit_plan.history(*place, 10, None)


def test_a_project_is_as_far_as_all_its_chapters(app: App, place: Place) -> None:
    owner, project, _ = place
    empty = app.projects.create(ME, NewProject(title="Empty"))
    assert not app.completion.of_project(owner, empty.id).has_text
    app.completion.mark(*place, is_complete=True)
    done = app.completion.of_project(owner, project)
    assert (done.has_text, done.has_plan, done.is_complete) == (True, True, True)
    assert done.completed_at == app.completion.of_chapter(*place)[0].completed_at
    app.chapters.create(owner, project, NewChapter(title="Second", text="More."))
    more = app.completion.of_project(owner, project)
    assert (more.has_text, more.has_plan, more.is_complete, more.completed_at) == (True, False, False, None)
    assert (more.chapters, more.planned, more.complete) == (2, 1, 1)
