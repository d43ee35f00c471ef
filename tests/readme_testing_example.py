import openai

from docpager.testing import Endpoint, Fault, FaultPlan, Scripted, call

script = Scripted([call("search", query="passengers 2023"), "80,460 passengers."])
with Endpoint(script, faults=FaultPlan({2: Fault.RATE_LIMIT_SECONDS})) as endpoint:
    client = openai.OpenAI(base_url=endpoint.base_url, api_key="any", max_retries=0)
    for _ in range(3):
        try:
            reply = client.chat.completions.create(model="any", messages=[{"role": "user", "content": "How many?"}])
            print(reply.choices[0].message.content, "|", reply.usage.prompt_tokens, "tokens")
        except openai.RateLimitError as error:
            print("429, come back in", error.response.headers["retry-after"], "s")
