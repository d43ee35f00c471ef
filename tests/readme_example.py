from docpager import InMemoryArchive, ScriptedModel, ask_question, call

archive = InMemoryArchive.of(
    {
        "reports/2023.txt": "# Traffic\n\nThe Quern Line carried 88,460 passengers in 2023.",
        "reports/erratum.txt": "The correct number of passengers on the Quern Line in 2023 is 80,460.",
    }
)
model = ScriptedModel(
    [
        call("search", query="Quern Line passengers 2023"),
        call("page_in", pages=["p1", "p2"]),
        call("answer", statements=[{"text": "80,460 passengers, as corrected.", "addresses": ["p2:1"]}]),
    ]
)
answer = ask_question("How many passengers did the Quern Line carry in 2023?", archive=archive, model=model)

print(answer.exit_status, "|", answer.answer)
for citation in answer.citations:
    print(citation.verify_status, "|", citation.doc_path, citation.page_number, "|", citation.quote)
print([event.event for event in answer.events if event.page_ids])
print()
print("What the model saw last:")
print(model.requests[-1].messages[-1].content)
