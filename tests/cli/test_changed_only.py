"""``run --changed-only``: the nightly run over a collection that changes, told as it happens."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from docpager.batch.tables import read_answers, read_citations, read_trace

FACTS = {
    "Alder": ("The baker of Alder uses rye flour.", "Which flour does the baker of Alder use?"),
    "Brae": ("Brae castle burned down in 1746.", "When did Brae castle burn down?"),
    "Calder": ("The river Calder is 41 miles long.", "How long is the river Calder?"),
    "Dunmore": ("Dunmore school has twelve pupils.", "How many pupils has Dunmore school?"),
    "Eilean": ("The chapel on Eilean is dedicated to Saint Bride.", "To whom is the chapel on Eilean dedicated?"),
    "Foula": ("The lighthouse of Foula was first lit in 1854.", "When was the lighthouse of Foula first lit?"),
    "Gavin": ("Gavin moor is home to golden plovers.", "Which birds live on Gavin moor?"),
    "Hesta": ("The quarry at Hesta yields red granite.", "What does the quarry at Hesta yield?"),
    "Inver": ("Inver brewery sells a dark stout.", "What does Inver brewery sell?"),
    "Jura": ("The bridge to Jura was opened by Queen Anne.", "Who opened the bridge to Jura?"),
    "Kerrera": ("Kerrera hospital has thirty beds.", "How many beds has Kerrera hospital?"),
    "Lunga": ("A storm sank the trawler Lunga in March.", "When did a storm sink the trawler Lunga?"),
    "Muck": ("Potatoes are the main crop of Muck.", "What is the main crop of Muck?"),
    "Norvik": ("Norvik museum shows whale bones.", "What does Norvik museum show?"),
    "Orsay": ("The choir of Orsay sings in Latin.", "In which language does the choir of Orsay sing?"),
    "Pabbay": ("Pabbay airfield closed after the war.", "When did Pabbay airfield close?"),
    "Quern": ("The mill at Quern grinds oats.", "What does the mill at Quern grind?"),
    "Rona": ("Rona post office opens on Tuesdays.", "When does Rona post office open?"),
    "Scarba": ("The whirlpool near Scarba is 70 metres deep.", "How deep is the whirlpool near Scarba?"),
    "Taransay": ("Taransay weavers make blue tweed.", "What do Taransay weavers make?"),
    "Ulva": ("The ferry to Ulva costs nine crowns.", "What does the ferry to Ulva cost?"),
    "Vaila": ("Vaila library lends 4,000 books.", "How many books does Vaila library lend?"),
    "Westray": ("The dentist of Westray is called Moira Finn.", "Who is the dentist of Westray?"),
    "Yarrow": ("Yarrow forest was planted with larches.", "With which trees was Yarrow forest planted?"),
    "Zetland": ("Zetland ponies stand ten hands high.", "How high do Zetland ponies stand?"),
}
"""25 places, each a document of its own with something only it says."""
CHANGED = "The lighthouse of Foula was first lit in 1999."
SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture
def collection(tmp_path, monkeypatch, docpager):
    """25 documents and 25 questions, ingested; the working directory is theirs."""
    monkeypatch.chdir(tmp_path)
    Path("places").mkdir()
    for place, (text, _) in FACTS.items():
        Path("places", f"{place.lower()}.md").write_text(f"{text}\n", encoding="utf-8")
    with Path("places.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [[place, question] for place, (_, question) in FACTS.items()]
        csv.writer(file).writerows([["question_id", "question"], *rows])
    assert docpager("ingest", "places", "-q").code == 0
    return Path("places")


def nightly(docpager, *more) -> dict:
    ended = docpager("run", "places.csv", "--changed-only", "--json", *more)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def carried(report: dict) -> dict[str, str | None]:
    return {row["question_id"]: row["carried_from_run_id"] for row in read_answers(Path(report["folder"]))}


def telling(run) -> dict[tuple[str, str | None], tuple]:
    """What a reader of a run cares for: status, answer, and the lines cited."""
    quotes = Counter((row["question_id"], row["segment_id"], row["quote"]) for row in read_citations(Path(run)))
    return {
        row["question_id"]: (
            row["exit_status"],
            row["answer"],
            sorted(quote for quote in quotes if quote[0] == row["question_id"]),
        )
        for row in read_answers(Path(run))
    }


def test_a_night_asks_only_what_changed(docpager, collection):
    first = nightly(docpager)
    assert (first["asked"], first["carried"], first["since"]) == (25, 0, None)

    quiet = nightly(docpager)
    assert (quiet["asked"], quiet["carried"], quiet["since"]) == (0, 25, first["folder"])
    assert quiet["usage"]["prompt_tokens"] == 0

    (collection / "foula.md").write_text(CHANGED, encoding="utf-8")
    (collection / "rona.md").unlink()
    (collection / "history.md").write_text("The bridge to Jura was opened by King George.", encoding="utf-8")
    (collection / "recipes.md").write_text("Oat cakes are baked for ten minutes.", encoding="utf-8")
    assert docpager("ingest", "places", "--prune", "-q").code == 0

    changed = nightly(docpager)
    again = {question_id for question_id, run_id in carried(changed).items() if run_id is None}
    assert {"Foula", "Rona", "Jura"} <= again
    assert changed["carried"] + changed["asked"] == 25
    assert sum(changed["asked_again"].values()) == changed["asked"] == len(again)
    assert changed["carried"] >= 5
    assert set(carried(changed).values()) - {None} == {first["run_id"]}  # not the run of the quiet night

    assert docpager("run", "places.csv", "-o", "fresh", "-q").code == 0
    answers, fresh = telling(changed["folder"]), telling("fresh")
    assert "1999" in answers["Foula"][1]
    assert answers == fresh


def test_what_is_carried_says_whose_it_is_and_costs_nothing(docpager, collection):
    first, second = nightly(docpager), nightly(docpager)
    rows = list(read_answers(Path(second["folder"])))
    assert {row["carried_from_run_id"] for row in rows} == {first["run_id"]}
    assert {row["run_id"] for row in rows} == {second["run_id"]}
    assert {(row["prompt_tokens"], row["completion_tokens"]) for row in rows} == {(0, 0)}
    assert telling(first["folder"]) == telling(second["folder"])
    trace = list(read_trace(Path(second["folder"])))
    assert {row["run_id"] for row in trace} == {second["run_id"]}
    assert {row["prompt_tokens"] for row in trace} == {None}
    assert docpager("verify", second["folder"]).code == 0


def test_question_that_changed_or_is_new_is_asked_and_the_rest_carried(docpager, collection):
    nightly(docpager)
    text = Path("places.csv").read_text(encoding="utf-8")
    text = text.replace("What is the main crop of Muck?", "What do people grow on Muck?")
    Path("places.csv").write_text(f"{text}Ness,What is found on Ness?\n", encoding="utf-8")
    report = nightly(docpager)
    assert report["asked_again"] == {"the question changed": 1, "not answered before": 1}
    assert report["carried"] == 24


def test_answer_that_met_an_error_or_a_limit_is_asked_again(docpager, collection):
    report = nightly(docpager, "--max-steps", "1")
    ended = Counter(row["exit_status"] for row in read_answers(Path(report["folder"])))
    again = nightly(docpager, "--max-steps", "1")
    assert again["asked_again"] == {f"ended as {status}": n for status, n in ended.items() if status == "step_limit"}


def test_run_with_other_settings_is_not_compared_with(docpager, collection):
    nightly(docpager)
    other = nightly(docpager, "--read-tokens", "5000")
    assert (other["since"], other["asked"]) == (None, 25)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--since", "x"], "--since names the run that --changed-only compares with: add --changed-only."),
        (["--changed-only", "--since", "nowhere"], "There is no run nowhere"),
        (["--changed-only", "--since", "other"], "other was made with other settings: max_steps (7 there, 40 here)"),
        (["--changed-only", "--share-notes"], "With --share-notes an answer depends on those before it"),
    ],
)
def test_what_cannot_be_compared_with_is_refused(docpager, collection, options, message):
    assert docpager("run", "places.csv", "-o", "other", "--limit", 1, "--max-steps", 7, "-q").code == 0
    ended = docpager("run", "places.csv", *options)
    assert ended.code in (2, 66)
    assert message in ended.err


def test_run_says_what_it_carried_over_and_why_not_the_rest(docpager, collection):
    nightly(docpager)
    (collection / "foula.md").write_text(CHANGED, encoding="utf-8")
    assert docpager("ingest", "places", "-q").code == 0
    said = docpager("run", "places.csv", "--changed-only").err
    assert "answers carried over from outputs/places-" in said
    assert "what was read changed" in said


def sample_night(docpager, tmp_path, monkeypatch, *chosen) -> dict:
    """The sample collection with one document changed, two added and one gone between two nights."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SAMPLE / "documents", "documents")
    questions = SAMPLE / "questions.csv"
    assert docpager("ingest", "documents", "-q").code == 0
    assert docpager("run", questions, "-q", *chosen).code == 0
    changed = Path("documents/research/puffin-survey-2024.md")
    changed.write_text(changed.read_text(encoding="utf-8") + "\n\nA last line was added later.\n", encoding="utf-8")
    Path("documents/mail/2024-09-03-puffins.txt").unlink()
    Path("documents/dues.md").write_text("Harbour dues were raised to 55 crowns.", encoding="utf-8")
    Path("documents/menu.md").write_text("The galley serves soup on Mondays.", encoding="utf-8")
    assert docpager("ingest", "documents", "--prune", "-q").code == 0
    assert docpager("run", questions, "-o", "fresh", "-q", *chosen).code == 0
    report = json.loads(docpager("run", questions, "--changed-only", "--json", *chosen).out)
    answers, fresh = telling(report["folder"]), telling("fresh")
    kept = [question_id for question_id, run_id in carried(report).items() if run_id]
    assert {name: answers[name] for name in kept} == {name: fresh[name] for name in kept}
    return report


@pytest.mark.slow
def test_every_carried_answer_of_the_sample_equals_a_fresh_one(docpager, tmp_path, monkeypatch):
    report = sample_night(docpager, tmp_path, monkeypatch)
    assert report["carried"] >= 15
    assert report["asked"] >= 5
